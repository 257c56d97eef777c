#!/usr/bin/env bash
# test.sh COMMAND...: runs the tests that need a node, or says which ones cannot run here and why. In continuous integration
# that is a failure.
set -euo pipefail
here=$(dirname "$0")
missing=$("$here/missing.sh")
[ -n "$missing" ] || exec "$here/run.sh" "$@"
echo "no node can run here: $missing. Skipped:" >&2
"$@" --list 2>/dev/null | sed -n 's/: test$//p' >&2
[ "${CI:-}" != true ]
