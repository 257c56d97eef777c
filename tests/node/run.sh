#!/usr/bin/env bash
# run.sh COMMAND...: runs a command where it can start a node: in namespaces of its own for processes, mounts and the
# network, as root. Nothing in there reaches another machine, and when the command ends, or is killed, no process, mount,
# cgroup or file is left.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
name=serverless-node-$$
state=$repository/target/$name

[ -z "${NODE_CGROUP:-}" ] || { echo "run.sh does not run inside of itself" >&2; exit 64; }
missing=$("$repository/tests/node/missing.sh")
if [ -n "$missing" ]; then
  echo "no node can run here: $missing" >&2
  exit 69
fi

cgroups() { find /sys/fs/cgroup -maxdepth 2 -type d -name "$1"; }

# sweep NAME: removes what a node has left. Its processes end a moment after their namespace, and hold their cgroups.
sweep() {
  local attempt
  for attempt in {1..50}; do
    for cgroup in $(cgroups "$1"); do find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
    rm -rf "${repository:?}/target/$1" 2>/dev/null || true
    [ -z "$(cgroups "$1")" ] && [ ! -e "$repository/target/$1" ] && return
    sleep 0.2
  done
  echo "$1 is not gone: $(cgroups "$1")" >&2
}

# What is left of runs that were killed together with their sweeper.
for left in $({ cgroups "serverless-node-*"; ls -d "$repository"/target/serverless-node-* 2>/dev/null; } | sed 's/.*serverless-node-//' | sort -u); do
  [ -e "/proc/$left" ] || sweep "serverless-node-$left"
done

# It sweeps when this shell has ended, in whatever way.
exec 9> >(trap '' INT TERM HUP; cat >/dev/null; sweep "$name")
sweeper=$!

mkdir -p "$state/testenv"
# A unified hierarchy is one folder; otherwise each controller has its own.
hierarchies=(/sys/fs/cgroup)
[ -e /sys/fs/cgroup/cgroup.controllers ] || hierarchies=(/sys/fs/cgroup/*/)
for hierarchy in "${hierarchies[@]}"; do
  [ -e "$hierarchy/cgroup.procs" ] || continue
  mkdir -p "$hierarchy/$name"
  for file in cpuset.cpus cpuset.mems; do
    if [ -e "$hierarchy/$name/$file" ]; then cat "$hierarchy/$file" >"$hierarchy/$name/$file" 2>/dev/null || true; fi
  done
done

code=0
NODE_CGROUP=/$name setpriv --pdeathsig KILL -- unshare --net --mount --pid --fork --kill-child=KILL --mount-proc -- \
  "$repository/tests/node/inside.sh" "$repository" "$state" "$@" 9>&- || code=$?
exec 9>&-
wait "$sweeper"
exit "$code"
