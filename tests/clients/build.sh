#!/usr/bin/env bash
# Builds clients of registries once, and what tests registries as a client does, the conformance suite of OCI, into
# target/clients/<key>, and points target/clients/current there. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
root=$(cd ../.. && pwd)/target/clients
command -v go >/dev/null || { echo "the clients of the tests are built with Go, which is not on the PATH" >&2; exit 1; }

build() {
  for package in oras.land/oras/cmd/oras github.com/regclient/regclient/cmd/regctl github.com/opencontainers/distribution-spec/conformance; do
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$1/${package##*/}" "$package" || return
  done
  # These are in no Go module: the tests of the node, which need Debian anyway, take those of Debian.
  command -v apt-get >/dev/null || return 0
  local packages
  packages=$(apt-get -s -o Dir::State::status=/dev/null --no-install-recommends install skopeo podman buildah |
    sed -n 's/^Inst \([^ ]*\).*/\1/p' |
    grep -E '^(skopeo|podman|buildah|conmon|crun|lib(gpgme|assuan|gpg-error|devmapper|subid|seccomp|yajl|glib2).*)$')
  ../node/debian.sh "$1/debian" $packages
}

once "clients: building" "$root" "$(cat ./* | sha256sum | cut -c 1-16)" build
