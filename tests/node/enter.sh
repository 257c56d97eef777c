#!/usr/bin/env bash
# enter.sh [COMMAND...]: runs a command, or a shell, where a node runs that `make cluster NODE=real` has started. kubectl is
# on the PATH there, and reaches the cluster.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
for state in "$repository"/target/serverless-node-*; do
  supervisor=${state##*-}
  [ -e "/proc/$supervisor" ] || continue
  # The first process in the namespaces: the child of unshare, which took the place of setpriv below run.sh.
  unshare=$(pgrep -P "$supervisor" -x unshare | head -n 1) || continue
  first=$(pgrep -P "$unshare" | head -n 1)
  [ $# -gt 0 ] || set -- bash
  exec nsenter --target "$first" --net --mount --pid -- env --chdir="$PWD" KUBECONFIG=/run/kubeconfig \
    PATH="$repository/target/control-plane/current:$repository/target/node/current:$PATH" "$@"
done
echo "no node runs: start one with \`make cluster NODE=real\`" >&2
exit 69
