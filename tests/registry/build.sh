#!/usr/bin/env bash
# Builds a registry, the one of the generation before, a client of both, and a store that speaks S3 once, into
# target/registry/<key>, and points target/registry/current there. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
root=$(cd ../.. && pwd)/target/registry
command -v go >/dev/null || { echo "the registry of the tests is built with Go, which is not on the PATH" >&2; exit 1; }

build() {
  for package in registry:. crane:github.com/google/go-containerregistry/cmd/crane; do
    go build -trimpath -ldflags "-s -w" -o "$1/${package%%:*}" "${package#*:}" || return
  done
  go build -C older -trimpath -ldflags "-s -w" -o "$1/registry-2" . || return
  CGO_ENABLED=0 go build -C s3 -trimpath -ldflags "-s -w" -o "$1/versitygw" github.com/versity/versitygw/cmd/versitygw
}

once "registry: building" "$root" "$(cat ./*.* older/* s3/* | sha256sum | cut -c 1-16)" build
