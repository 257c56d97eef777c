#!/usr/bin/env bash
# Builds a registry and a client of it once, into target/registry/<key>, and points target/registry/current there. The key
# covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)/target/registry
command -v go >/dev/null || { echo "the registry of the tests is built with Go, which is not on the PATH" >&2; exit 1; }

key=$(cat ./* | sha256sum | cut -c 1-16)
home=$root/$key
if [ ! -d "$home" ]; then
  start=$SECONDS
  printf 'registry: building ' >&2
  rm -rf "$home.new" && mkdir -p "$home.new"
  log=$root/$key.log
  for package in registry:. crane:github.com/google/go-containerregistry/cmd/crane; do
    go build -trimpath -ldflags "-s -w" -o "$home.new/${package%%:*}" "${package#*:}" >"$log" 2>&1 || { echo "failed" >&2; cat "$log" >&2; exit 1; }
  done
  rm -f "$log"
  mv "$home.new" "$home"
  echo "$((SECONDS - start)) s" >&2
fi
ln -sfn "$key" "$root/current"
find "$root" -mindepth 1 -maxdepth 1 -type d ! -name "$key" -exec rm -rf {} +
