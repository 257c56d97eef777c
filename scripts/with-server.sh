#!/usr/bin/env bash
# Starts the webhook on loopback with development certificates, then sends it fixtures, or waits for Ctrl-C. It leaves
# nothing behind.
#   with-server.sh WEBHOOK replay PATH | LISTEN=ADDRESS ADMIN_LISTEN=ADDRESS with-server.sh WEBHOOK wait
set -euo pipefail
webhook=$1 mode=$2
folder=$(mktemp -d)
certs=$folder/certs log=$folder/log started=()
trap 'for process in "${started[@]}"; do kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
"$webhook" certs --out "$certs" >/dev/null

listen=127.0.0.1:0 admin=127.0.0.1:0
if [ "$mode" = wait ]; then listen=$LISTEN admin=$ADMIN_LISTEN; fi
"$webhook" serve --listen "$listen" --admin-listen "$admin" --log-format text --shutdown-delay 0s \
  --tls-cert-file "$certs/tls.crt" --tls-private-key-file "$certs/tls.key" >"$log" 2>&1 &
server=$!
started+=("$server")

for _ in $(seq 100); do
  url=$(sed -n 's/.*serving on \(https:\/\/[^,]*\),.*/\1/p' "$log" | head -n 1)
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || {
    cat "$log" >&2
    ! grep -q 'in use' "$log" || echo "choose others: make run LISTEN=127.0.0.1:9443 ADMIN_LISTEN=127.0.0.1:9091; port 0 is any that is free" >&2
    exit 1
  }
  sleep 0.1
done

if [ "$mode" = wait ]; then
  admin=$(sed -n 's/.*admin on \(http:\/\/.*\)/\1/p' "$log" | head -n 1)
  echo "serving on $url, metrics on $admin/metrics; Ctrl-C ends it"
  echo "try: $webhook replay --url $url --ca-file $certs/ca.crt fixtures/admission"
  tail -n +1 -f "$log" &
  started+=("$!")
  wait "$server"
else
  "$webhook" replay --url "$url" --ca-file "$certs/ca.crt" "${@:3}" --expect
fi
