#!/usr/bin/env bash
# debian.sh FOLDER PACKAGE...: unpacks packages of Debian into a folder. Nothing is installed on this machine.
set -euo pipefail
folder=$1
shift
for tool in apt-get dpkg-deb; do
  command -v $tool >/dev/null || { echo "$tool is missing: the node of the tests takes $* from packages of Debian" >&2; exit 1; }
done
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT
chmod 755 "$packages" # apt downloads as a user of its own
cd "$packages"
apt-get download "$@" || { apt-get update && apt-get download "$@"; }
rm -rf "$folder.unpacked" && mkdir -p "$folder.unpacked"
for package in *.deb; do dpkg-deb -x "$package" "$folder.unpacked"; done
rm -rf "$folder" && mv "$folder.unpacked" "$folder"
