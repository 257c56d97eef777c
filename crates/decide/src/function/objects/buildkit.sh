# Builds an image and pushes it, by a buildkitd for this build alone. Its arguments are those of `buildctl build`. Its
# output is the log; only the digest of the image is reported. Run by a POSIX shell.
set -euf
fail() {
  echo "error: $1" >&2
  exit 1
}
daemon=${APP_BUILDKITD%% *}
flags=${APP_BUILDKITD#"$daemon"}
if [ "$daemon" = buildkitd ]; then
  # An API server without user namespaces drops the field that asks for one. This container would be root of the node then.
  read -r inside outside count </proc/self/uid_map
  [ "$outside" != 0 ] ||
    fail "the Pod has no user namespace, which this cluster does not support: set build.engine to buildkit-rootless or kaniko"
  # The image of BuildKit brings a script that gives it a tree of control groups.
  if command -v buildkitd-entrypoint >/dev/null; then daemon=buildkitd-entrypoint; fi
fi
work=$(mktemp -d)
socket=$work/buildkitd.sock
address=unix://$socket
if [ -r /etc/buildkit/buildkitd.toml ]; then cat /etc/buildkit/buildkitd.toml; fi >"$work/buildkitd.toml"
for host in $APP_PLAIN_REGISTRIES; do
  printf '\n[registry."%s"]\nhttp = true\n' "$host"
done >>"$work/buildkitd.toml"
# The authority of the registry of images, for it alone; a file of the image goes first.
if [ -n "${APP_REGISTRY_CA-}" ] && ! grep -qF "[registry.\"$APP_REGISTRY\"]" "$work/buildkitd.toml"; then
  printf '\n[registry."%s"]\nca = ["%s"]\n' "$APP_REGISTRY" "$APP_REGISTRY_CA" >>"$work/buildkitd.toml"
fi
# The shell is the first process of the container: without a trap, it would ignore the signal to end.
trap 'exit 143' TERM
# Not quoted: these are several words.
"$daemon" $flags --config "$work/buildkitd.toml" --addr "$address" >"$work/log" 2>&1 &
server=$!
# It listens once it can build. Asking it by buildctl, again and again, would take longer than it does.
tries=600
until [ -e "$socket" ]; do
  tries=$((tries - 1))
  if [ "$tries" = 0 ] || ! kill -0 "$server" 2>/dev/null; then
    tail -n 20 "$work/log" >&2
    fail "buildkitd does not start: $(tail -n 1 "$work/log")"
  fi
  sleep 0.05
done
buildctl --addr "$address" build "$@" --progress=plain --metadata-file "$work/metadata.json" &
code=0
wait $! || code=$?
if [ "$code" != 0 ]; then
  # If buildkitd has ended, buildctl says only that it no longer reaches it.
  if ! kill -0 "$server" 2>/dev/null; then
    code=0
    wait "$server" || code=$?
    tail -n 20 "$work/log" >&2
    fail "buildkitd has ended, exit code: $code"
  fi
  exit "$code"
fi
sed -n 's/^ *"containerimage\.digest": "\(sha256:[0-9a-f]*\)",\{0,1\}$/\1/p' "$work/metadata.json" >"$APP_REPORT"
