#!/usr/bin/env bash
# inside.sh REPOSITORY STATE COMMAND...: prepares the namespaces that run.sh has made, and runs the command in them.
set -euo pipefail
repository=$1 state=$2
shift 2
address=192.168.77.1

mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
# Folders of control planes are named after process numbers, which are different ones in here.
mkdir -p "$repository/target/testenv"
mount --bind "$state/testenv" "$repository/target/testenv"
printf '127.0.0.1 localhost\n%s registry.test images.test packages.test git.test registry.hub.test auth.hub.test\n' "$address" >"$state/hosts"
mount --bind "$state/hosts" /etc/hosts
# What the tests leave in it goes with the state.
mkdir -p "$state/tmp"
export TMPDIR=$state/tmp
# Names of Services are known here, too.
printf 'nameserver %s\n' "$address" >"$state/resolv.conf"
resolv=$(readlink -m /etc/resolv.conf)
# Below /run it is gone; anywhere else it is the machine's own, which stays as it is.
case $resolv in /run/*) mkdir -p "$(dirname "$resolv")" && touch "$resolv" ;; esac
[ ! -e "$resolv" ] || mount --bind "$state/resolv.conf" "$resolv"

ip link set lo up
# The node's address is on one end of a cable whose other end leads nowhere.
ip link add node0 type veth peer name node1
ip address add "$address/24" dev node0
ip link set node0 up
ip link set node1 up
# Without a route, addresses of Services would be unreachable before kube-proxy's rules see them.
ip route add default dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward

# Not exec: this shell reaps the processes of containers that have lost their parents.
code=0
"$@" || code=$?
exit "$code"
