#!/usr/bin/env bash
# Builds the verifiers of tokens, as registries have them, once, into target/tokens/<key>, and points target/tokens/current
# there. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
root=$(cd ../.. && pwd)/target/tokens
command -v go >/dev/null || { echo "the verifiers of the tests are built with Go, which is not on the PATH" >&2; exit 1; }

build() {
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$1/tokens" .
}

once "tokens: building" "$root" "$(cat ./* | sha256sum | cut -c 1-16)" build
