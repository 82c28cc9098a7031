# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that need a server of stories260k: serve DEPTHC BUNDLE LOG OPTIONS… starts one (on a free port with --port 0), sets $server (its process)
# and $url; stop_server ends it and waits.
serve() {
  local depthc=$1 bundle=$2 log=$3
  shift 3
  "$depthc" deploy "$bundle" "$@" > "$log" 2>&1 &
  server=$!
  url=
  for _ in $(seq 600); do
    url=$(sed -n 's/^Serving .* at \(http[^ ]*\) .*/\1/p' "$log")
    [ -n "$url" ] && return
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
  done
  cat "$log" >&2
  return 1
}

stop_server() {
  kill -TERM "$server" 2> /dev/null || true
  wait "$server"
}

# Makes a small random model that takes pictures, which makes no sense but always the same, with stories260k's tokenizer and the one token more that
# stands for an image.
synth_pictures() { # DEPTHC BUNDLE PYTHON
  local root checkpoint=$2-checkpoint
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
  "$1" synth llava --hidden 64 --layers 4 --heads 4 --kv-heads 4 --intermediate 96 --vocab 513 --context 1024 -o "$checkpoint" > /dev/null 2>&1
  "$3" - "$root/samples/checkpoints/stories260k/tokenizer.json" "$checkpoint/tokenizer.json" << 'EOF'
import json
import sys

with open(sys.argv[1]) as file:
    tokenizer = json.load(file)
tokenizer["added_tokens"].append(dict(tokenizer["added_tokens"][0], id=512, content="<image>", special=True))
with open(sys.argv[2], "w") as file:
    json.dump(tokenizer, file)
EOF
  "$1" convert "$checkpoint" -o "$2" > /dev/null 2>&1
}

# Fails when a server has said more than what it says at its start: requests failed that were in order.
check_log() { # LOG
  if grep -v -e '^Serving ' -e '^Conversations ' -e '^NOTE: Picked up JDK_JAVA_OPTIONS' "$1" >&2; then
    return 1
  fi
}
