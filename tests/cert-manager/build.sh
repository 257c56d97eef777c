#!/usr/bin/env bash
# Builds cert-manager once, with its chart, into target/cert-manager/<key>, and points target/cert-manager/current there.
# The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)/target/cert-manager
command -v go >/dev/null || { echo "the cert-manager of the tests is built with Go, which is not on the PATH" >&2; exit 1; }

key=$(cat ./* | sha256sum | cut -c 1-16)
home=$root/$key
if [ ! -d "$home" ]; then
  start=$SECONDS
  printf 'cert-manager: building ' >&2
  rm -rf "$home.new" && mkdir -p "$home.new"
  log=$root/$key.log
  # go.sum holds the checksum of the module, and so that of the chart.
  { go build -trimpath -ldflags "-s -w" -o "$home.new/cert-manager" . &&
    cp -rL "$(go list -m -f '{{.Dir}}' github.com/cert-manager/cert-manager)/deploy/charts/cert-manager" "$home.new/chart" &&
    chmod -R u+w "$home.new/chart"; } >"$log" 2>&1 || { echo "failed" >&2; cat "$log" >&2; exit 1; }
  rm -f "$log"
  mv "$home.new" "$home"
  echo "$((SECONDS - start)) s" >&2
fi
ln -sfn "$key" "$root/current"
find "$root" -mindepth 1 -maxdepth 1 -type d ! -name "$key" -exec rm -rf {} +
