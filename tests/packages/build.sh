#!/usr/bin/env bash
# Downloads once, into target/packages/<key>, what the runtimes and the Functions of the tests install: the packages that
# the lock files of npm and the requirements of pip name, as the clients of target/interpreters get them. It points
# target/packages/current there. The key covers all versions.
set -euo pipefail
cd "$(dirname "$0")"
. ../once.sh
top=$(cd ../.. && pwd)
root=$top/target/packages
interpreters=$top/target/interpreters/current
[ -d "$interpreters" ] || { echo "$interpreters is not there, which brings npm and pip: run \`make interpreters\`" >&2; exit 1; }

locks=("$top/runtimes/nodejs/package-lock.json" package-lock.json)
requirements=("$top/runtimes/python/requirements.txt" requirements.txt)

# locked FILE...: NAME@VERSION of each package of lock files.
locked() {
  awk '/^    ".*node_modules\/.*": \{$/ { sub(/.*node_modules\//, ""); sub(/".*/, ""); name = $0 }
    name != "" && $1 == "\"version\":" { gsub(/[",]/, "", $2); print name "@" $2; name = "" }' "$@" | sort -u
}

download() {
  "$interpreters/node22/bin/npm" pack --loglevel error --pack-destination "$1" $(locked "${locks[@]}") &&
    for file in "${requirements[@]}"; do
      "$interpreters/python3.13/bin/pip" download --disable-pip-version-check --no-deps --only-binary :all: --dest "$1" -r "$file" || return
    done
}

key=$(cat ./* "${locks[@]}" "${requirements[@]}" | sha256sum | cut -c 1-16)
once "packages: downloading" "$root" "$key" download
