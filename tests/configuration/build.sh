#!/usr/bin/env bash
# Builds the parser of configurations, as the registry has it, once, into target/configuration/<key>, and points
# target/configuration/current there. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
root=$(cd ../.. && pwd)/target/configuration
command -v go >/dev/null || { echo "the parser of the tests is built with Go, which is not on the PATH" >&2; exit 1; }

build() {
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$1/configuration" .
}

once "configuration: building" "$root" "$(cat ./* | sha256sum | cut -c 1-16)" build
