#!/usr/bin/env bash
# Starts the webhook on loopback with development certificates, then sends it fixtures, or waits for Ctrl-C.
#   with-server.sh WEBHOOK replay PATH | with-server.sh WEBHOOK wait
set -euo pipefail
webhook=$1 mode=$2
certs=certs/dev
log=$(mktemp)
"$webhook" certs --out "$certs" --force >/dev/null

listen=127.0.0.1:0 admin=127.0.0.1:0
[ "$mode" = wait ] && listen=127.0.0.1:8443 admin=127.0.0.1:9090
"$webhook" serve --listen "$listen" --admin-listen "$admin" --log-format text --shutdown-delay 0s \
  --tls-cert-file "$certs/tls.crt" --tls-private-key-file "$certs/tls.key" >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$log"' EXIT
trap 'exit 130' INT TERM

for _ in $(seq 100); do
  url=$(sed -n 's/.*\(https:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$log" | head -n 1)
  [ -n "$url" ] && break
  kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.1
done

if [ "$mode" = wait ]; then
  echo "serving on $url, metrics on http://$admin/metrics; Ctrl-C ends it"
  echo "try: $webhook replay --url $url --ca-file $certs/ca.crt fixtures/admission"
  tail -f "$log" &
  wait "$server"
else
  "$webhook" replay --url "$url" --ca-file "$certs/ca.crt" "${@:3}" --expect
fi
