#!/usr/bin/env bash
# Makes, once, the images that run on the node of the tests, as OCI layouts in target/node-images/<key>, and points
# target/node-images/current there. The key covers what they are made of; Debian packages are the newest of that day.
set -euo pipefail
cd "$(dirname "$0")"
top=$(cd ../../.. && pwd)
root=$top/target/node-images
cargo=${CARGO:-cargo}
for tool in apt-get dpkg-deb strip go "$cargo"; do
  command -v "$tool" >/dev/null && continue
  echo "the images of the node are made with $tool, which is not on the PATH: use Debian or Ubuntu with binutils, Go and Rust" >&2
  exit 1
done
for made in interpreters node; do
  [ -e "$top/target/$made/current" ] || { echo "target/$made/current is not there: run \`make $made\`" >&2; exit 1; }
done

case $(uname -m) in aarch64 | arm64) arch=arm64 ;; *) arch=amd64 ;; esac
paths=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mirror=packages.test # the name that the tests give to their mirror
npm=NPM_CONFIG_REGISTRY=http://$mirror:4873/npm/
pip=(PIP_INDEX_URL=http://$mirror:4873/pypi/simple/ PIP_TRUSTED_HOST=$mirror)

key=$( (cat ./*.sh ../debian.sh pause/* "$top"/crates/xtask/src/layout{.rs,/*} && readlink "$top"/target/{interpreters,node}/current) | sha256sum | cut -c 1-16)
home=$root/$key
layers=$home.layers
[ "$(readlink "$root/current" || true)" != "$key" ] || exit 0
mkdir -p "$home" "$layers"

# step NAME COMMAND...: runs the command, and shows how long it took.
step() {
  local name=$1 start=$SECONDS
  shift
  printf 'node images: %-16s ' "$name" >&2
  "$@" >"$home.log" 2>&1 || {
    echo "failed; if a package is not found, run \`apt-get update\` as root" >&2
    cat "$home.log" >&2
    exit 1
  }
  rm -f "$home.log"
  echo "$((SECONDS - start)) s" >&2
}

# fill LAYER: unless it is there already. The last step of this and of each image is a rename, so a folder is always whole.
fill() {
  local folder=$layers/$1
  [ -d "$folder" ] && return
  rm -rf "$folder.new" && mkdir "$folder.new" && ./layers.sh "$1" "$folder.new" && mv "$folder.new" "$folder"
}

# write IMAGE LAYERS FLAG...: an image of these layers.
write() {
  local image=$1 flags=()
  for layer in $2; do
    fill "$layer" || return
    flags+=(--layer "$layers/$layer")
  done
  shift 2
  rm -rf "$home/$image.new"
  (cd "$top" && "$cargo" run --locked --quiet --package xtask -- \
    layout --output "$home/$image.new" --name "localhost/$image:1" --arch $arch --env "$paths" "${flags[@]}" "$@") &&
    mv "$home/$image.new" "$home/$image"
}

image() { [ -d "$home/$1" ] || step "$1" write "$@"; }

step "what writes them" "$cargo" build --locked --package xtask
image pause pause --entrypoint /pause
image busybox busybox --cmd sh
image redis "busybox glibc redis" --cmd redis-server
image fetcher "busybox glibc git" --cmd sh
image node "busybox glibc node" --env "$npm" --cmd node
image python "busybox glibc python" --env "${pip[0]}" --env "${pip[1]}" --cmd python
image builder "busybox buildkit" --entrypoint buildkitd

rm -rf "$layers"
ln -sfn "$key" "$root/current"
find "$root" -mindepth 1 -maxdepth 1 -type d ! -name "$key" -exec rm -rf {} +
