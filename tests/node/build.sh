#!/usr/bin/env bash
# Builds what makes this machine a node, and BuildKit, once, into target/node/<key>, and points target/node/current there.
# kubelet and kube-proxy come with the control plane. The key covers all versions: nothing is built twice, and nothing old
# is used.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)/target/node
command -v go >/dev/null || { echo "the node of the tests is built with Go, which is not on the PATH" >&2; exit 1; }

key=$(cat build.sh debian.sh | sha256sum | cut -c 1-16)
bin=$root/$key
mkdir -p "$bin"

# build NAME COMMAND...: runs the command, which writes $bin/NAME.new, and shows how long it took. The last step is a
# rename, so a file is always whole.
build() {
  local name=$1 start=$SECONDS
  shift
  [ -e "$bin/$name" ] && return
  printf 'node: building %-24s ' "$name" >&2
  "$@" >"$bin/$name.log" 2>&1 || { echo "failed" >&2; cat "$bin/$name.log" >&2; exit 1; }
  mv "$bin/$name.new" "$bin/$name"
  rm -f "$bin/$name.log"
  echo "$((SECONDS - start)) s" >&2
}

# source_of MODULE@VERSION SUM: the folder of a module, whose content is known by its checksum.
source_of() {
  local json
  json=$(go mod download -json "$1")
  [ "$(sed -n 's/.*"Sum": "\(.*\)".*/\1/p' <<<"$json")" = "$2" ] || { echo "$1 is not what it was: $json" >&2; return 1; }
  sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$json"
}

# from FOLDER NAME PACKAGE [FLAG...]: builds a static program in the module where it comes from.
from() {
  local folder=$1 name=$2 package=$3
  shift 3
  (cd "$folder" && go build -mod=readonly -buildvcs=false -trimpath "$@" -o "$bin/$name.new" "$package")
}

go_program() {
  local name=$1 module=$2 sum=$3 package=$4 tags=${5:-} folder
  folder=$(source_of "$module" "$sum") || return 1
  CGO_ENABLED=0 from "$folder" "$name" "$package" -tags "$tags" -ldflags "-s -w"
}

# runc needs libseccomp: in a static form, from Debian.
runc() {
  local folder library=$root/libseccomp
  folder=$(source_of "$1" "$2") || return 1
  ./debian.sh "$library" libseccomp-dev || return 1
  local lib=$library/usr/lib/$(gcc -print-multiarch)
  # Go's cache does not know what pkg-config has said: named here, too, another folder is another build.
  PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$library CGO_LDFLAGS="-L$lib" CGO_ENABLED=1 \
    from "$folder" runc . -tags "seccomp netgo osusergo" -ldflags "-s -w -linkmode external -extldflags -static"
}

nft() {
  ./debian.sh "$bin/nft.new" nftables libnftables1 libnftnl11 libmnl0 libjansson4 libxtables12 libedit2 libbsd0 libmd0 libgmp10 libtinfo6
}

containerd=(github.com/containerd/containerd/v2@v2.4.2 h1:p6Qg+xbEz8lvwdhHDx0U469xENvp4LgGBx+E7djXkGw=)
buildkit=(github.com/moby/buildkit@v0.34.2 h1:fXgOe79JW5zJNDumRtwTemOklLX66otQokObUXuiGJo=)
runc=(github.com/opencontainers/runc@v1.4.0 h1:FG1Hw0GBYPsNki+mBz1QOrSzbwbAcerhrAD2r097QCc=)
plugins=(github.com/containernetworking/plugins@v1.10.0 h1:4lwzpgsn5NdIneXrag/EEfKzhNSriJc1zTxZxfdfPLQ=)
cri_tools=(sigs.k8s.io/cri-tools@v1.37.0 h1:BmTImEoTX3KPXCLwmIU9mfCC8umUqF4R8WibY9eVU9Y=)
coredns=(github.com/coredns/coredns@v1.15.0 h1:OBT+OEyHVdUiVxPhrNlC5XZVq3RkSxzQXfZQ76gm5ck=)

[ -e "$bin/coredns" ] || echo "node: building once, about 10 minutes on two cores" >&2
build nft nft
build runc runc "${runc[@]}"
for tool in containerd containerd-shim-runc-v2 ctr; do
  build $tool go_program $tool "${containerd[@]}" ./cmd/$tool "no_btrfs no_devmapper no_zfs"
done
for plugin in main/bridge main/loopback ipam/host-local; do
  build ${plugin#*/} go_program ${plugin#*/} "${plugins[@]}" ./plugins/$plugin
done
for tool in buildkitd buildctl; do
  build $tool go_program $tool "${buildkit[@]}" ./cmd/$tool
done
build crictl go_program crictl "${cri_tools[@]}" ./cmd/crictl
build coredns go_program coredns "${coredns[@]}" .

ln -sfn "$key" "$root/current"
find "$root" -mindepth 1 -maxdepth 1 -type d ! -name "$key" -exec rm -rf {} +
