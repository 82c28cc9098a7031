#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Load and faults of a server of stories260k: streaming clients at once, clients that go away, malformed and random requests, kill -9 and restart.
#   tools/bench/serve.sh [CLIENTS=200] [SECONDS=120] [DISCONNECTS=5000] [MALFORMED=100000] [MAX_BATCH=32] [RANDOM=20000]
# Linux. Clients and server share the machine's cores.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$root/tools/serve.sh"
server=
trap '[ -z "$server" ] || kill -9 "$server" 2> /dev/null || true; rm -rf "$work"' EXIT

"$depthc" convert "$root/samples/checkpoints/stories260k" -o "$work/stories" > /dev/null 2>&1
serve "$depthc" "$work/stories" "$work/log" --port 0 --max-batch "${5:-32}"
bench ServeLoad "$url" "$server" "${1:-200}" "${2:-120}"
check_log "$work/log"
stop_server

# With a small heap: one that may grow does, by garbage, and would hide what is never freed.
JDK_JAVA_OPTIONS=-Xmx200m serve "$depthc" "$work/stories" "$work/log1" --port 0 --max-batch "${5:-32}"
bench ServeFaults "$url" "$server" "${3:-5000}" "${4:-100000}" "${6:-20000}"
check_log "$work/log1"

# Killed while it answers, then started again on the same port.
curl -sN -H 'Content-Type: application/json' -d '{"prompt": "Once upon a time", "max_tokens": 400, "stream": true}' "$url/v1/completions" > /dev/null &
sleep 0.2
kill -9 "$server"
wait "$server" 2> /dev/null || true
port=${url##*:}
serve "$depthc" "$work/stories" "$work/log2" --port "$port"
answer=$(curl -s -H 'Content-Type: application/json' -d '{"prompt": "Once upon a time", "max_tokens": 20, "temperature": 0}' "$url/v1/completions")
expected=$("$depthc" run "$work/stories" --prompt "Once upon a time" --max-new-tokens 20 2> /dev/null)
case $answer in
  *"\"text\":\"$expected\""*) echo "After kill -9 the server starts again on port $port and gives the same answer." ;;
  *) echo "after kill -9: $answer" >&2; exit 1 ;;
esac
stop_server && echo "SIGTERM ends it with exit code 0."
server=
check_log "$work/log2"
