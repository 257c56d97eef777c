#!/usr/bin/env bash
# Makes, once, what reads the registry configuration of nodes as nodes do, in target/parsers/<key>, and points
# target/parsers/current there: two programs, which differ in the versions of containerd, and the definition of
# KubeadmConfig, from Cluster API. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
root=$(cd ../.. && pwd)/target/parsers
command -v go >/dev/null || { echo "the parsers of the tests are built with Go, which is not on the PATH" >&2; exit 1; }

cluster_api=(sigs.k8s.io/cluster-api@v1.14.2 h1:o3GFNaeNFAOEEMpDPfhCK+2CjmV6gtQ8yLEcUwCg7bA=)

# The definition of KubeadmConfig, from a module whose content is known by its checksum.
definition() {
  local json
  json=$(go mod download -json "${cluster_api[0]}") || return
  grep -qF "\"Sum\": \"${cluster_api[1]}\"" <<<"$json" || { echo "${cluster_api[0]} is not what it was: $json" >&2; return 1; }
  cp "$(sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$json")/bootstrap/kubeadm/config/crd/bases/bootstrap.cluster.x-k8s.io_kubeadmconfigs.yaml" \
    "$1/kubeadmconfigs.yaml" && chmod u+w "$1/kubeadmconfigs.yaml"
}

build() {
  definition "$1" || return
  for program in newer:go.mod older:older.mod; do
    CGO_ENABLED=0 go build -modfile="${program#*:}" -trimpath -ldflags "-s -w" -o "$1/${program%%:*}" . || return
  done
}

once "parsers: building" "$root" "$(cat ./* | sha256sum | cut -c 1-16)" build
