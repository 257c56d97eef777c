#!/usr/bin/env bash
# Prints what this machine lacks to be a node, and nothing if it lacks nothing.
set -uo pipefail
missing() { echo "$1"; exit 0; }

[ "$(uname -s)" = Linux ] || missing "it needs Linux"
[ "$(id -u)" = 0 ] || missing "it needs root: sudo -E, or a container that has its capabilities"
for tool in ip:iproute2 unshare:util-linux setpriv:util-linux mount:mount apt-get:apt dpkg-deb:dpkg gcc:gcc pkg-config:pkg-config strip:binutils; do
  command -v "${tool%:*}" >/dev/null || missing "it needs the command ${tool%:*} (package ${tool#*:})"
done
grep -qw overlay /proc/filesystems || missing "the kernel has no overlayfs: modprobe overlay"
[ "$(cat /proc/sys/user/max_user_namespaces 2>/dev/null || echo 0)" -gt 0 ] || missing "the kernel allows no user namespaces: sysctl user.max_user_namespaces=10000"
unshare --net --mount --pid --fork --mount-proc -- sh -c 'ip link add test0 type veth peer name test1 && mount -t tmpfs tmpfs /run' 2>/dev/null ||
  missing "namespaces, veth devices or mounts are refused: it needs CAP_SYS_ADMIN and CAP_NET_ADMIN"
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/memory; do
  [ -w "$hierarchy/cgroup.procs" ] && exit 0
done
missing "cgroups cannot be written below /sys/fs/cgroup"
