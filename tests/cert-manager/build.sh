#!/usr/bin/env bash
# Builds cert-manager once, with its chart, into target/cert-manager/<key>, and points target/cert-manager/current there.
# The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
root=$(cd ../.. && pwd)/target/cert-manager
command -v go >/dev/null || { echo "the cert-manager of the tests is built with Go, which is not on the PATH" >&2; exit 1; }

# go.sum holds the checksum of the module, and so that of the chart.
build() {
  go build -trimpath -ldflags "-s -w" -o "$1/cert-manager" . &&
    cp -rL "$(go list -m -f '{{.Dir}}' github.com/cert-manager/cert-manager)/deploy/charts/cert-manager" "$1/chart" &&
    chmod -R u+w "$1/chart"
}

once "cert-manager: building" "$root" "$(cat ./* | sha256sum | cut -c 1-16)" build
