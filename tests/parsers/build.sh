#!/usr/bin/env bash
# Builds, once, what reads the registry configuration of nodes as nodes do, into target/parsers/<key>, and points
# target/parsers/current there. The two programs differ in the versions of containerd. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
root=$(cd ../.. && pwd)/target/parsers
command -v go >/dev/null || { echo "the parsers of the tests are built with Go, which is not on the PATH" >&2; exit 1; }

build() {
  for program in newer:go.mod older:older.mod; do
    CGO_ENABLED=0 go build -modfile="${program#*:}" -trimpath -ldflags "-s -w" -o "$1/${program%%:*}" . || return
  done
}

once "parsers: building" "$root" "$(cat ./* | sha256sum | cut -c 1-16)" build
