#!/usr/bin/env bash
# Builds etcd, the Kubernetes control plane, kubelet, kube-proxy, kubectl, kwok and helm once, into
# target/control-plane/<key>, and points target/control-plane/current there. The key covers all versions: nothing is built
# twice, and nothing old is used.
# With KUBEBUILDER_ASSETS set, etcd, kube-apiserver and kubectl are taken from that folder and not built.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)/target/control-plane
command -v go >/dev/null || { echo "the control plane of the tests is built with Go, which is not on the PATH" >&2; exit 1; }

KWOK_VERSION=v0.8.0
HELM_VERSION=v4.3.1
OLDEST_MINOR=30 # matchConditions and CRD validation by CEL are both stable from Kubernetes 1.30 on

key=$( (cat go.mod go.sum && echo "$KWOK_VERSION $HELM_VERSION ${KUBEBUILDER_ASSETS:-}") | sha256sum | cut -c 1-16)
bin=$root/$key
mkdir -p "$bin"
kubernetes=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${kubernetes#v1.} minor=${minor%%.*}
stamp=k8s.io/component-base/version
ldflags="-s -w -X $stamp.gitVersion=$kubernetes -X $stamp.gitMajor=1 -X $stamp.gitMinor=$minor"

# have NAME: whether the tool is there already. The last step of every build is a rename, so a file is always whole.
have() { [ -e "$bin/$1" ]; }

# build NAME COMMAND...: runs the command, which writes $bin/NAME.new, and shows how long it took.
build() {
  local name=$1 start=$SECONDS
  shift
  have "$name" && return
  printf 'control plane: building %-24s ' "$name" >&2
  "$@" >"$bin/$name.log" 2>&1 || { echo "failed" >&2; cat "$bin/$name.log" >&2; exit 1; }
  mv "$bin/$name.new" "$bin/$name"
  rm -f "$bin/$name.log"
  echo "$((SECONDS - start)) s" >&2
}

here() { go build -trimpath -ldflags "$ldflags" -o "$bin/$1.new" "$2"; }
elsewhere() { GOBIN=$bin/$1.d go install -trimpath -ldflags "-s -w" "$2" && mv "$bin/$1.d/$1" "$bin/$1.new" && rm -r "$bin/$1.d"; }
stages() {
  local module
  module=$(go mod download -json "sigs.k8s.io/kwok@$KWOK_VERSION" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  for stage in node/fast node/heartbeat-with-lease pod/fast; do
    for file in "$module/kustomize/stage/$stage"/*.yaml; do
      case $file in */kustomization.yaml) ;; *) echo ---; cat "$file" ;; esac
    done
  done >"$bin/stages.yaml.new"
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  for tool in etcd kube-apiserver kubectl; do
    [ -x "$KUBEBUILDER_ASSETS/$tool" ] || { echo "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds no $tool: unset it to build one" >&2; exit 1; }
    ln -sf "$KUBEBUILDER_ASSETS/$tool" "$bin/$tool"
  done
  version=$("$bin/kube-apiserver" --version)
  found=${version#Kubernetes v1.} found=${found%%.*}
  [ "$found" -ge "$OLDEST_MINOR" ] || {
    echo "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds $version: 1.$OLDEST_MINOR or newer is needed; unset it to build $kubernetes" >&2
    exit 1
  }
fi

have kube-apiserver || echo "control plane: building once, about 12 minutes on two cores" >&2
build etcd here etcd go.etcd.io/etcd/server/v3
for tool in kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet kube-proxy; do
  build $tool here $tool k8s.io/kubernetes/cmd/$tool
done
build kwok elsewhere kwok "sigs.k8s.io/kwok/cmd/kwok@$KWOK_VERSION"
build helm elsewhere helm "helm.sh/helm/v4/cmd/helm@$HELM_VERSION"
build stages.yaml stages

ln -sfn "$key" "$root/current"
find "$root" -mindepth 1 -maxdepth 1 -type d ! -name "$key" -exec rm -rf {} +
