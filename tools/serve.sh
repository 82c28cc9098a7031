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

# Fails when a server has said more than what it says at its start: requests failed that were in order.
check_log() { # LOG
  if grep -v -e '^Serving ' -e '^Conversations ' -e '^NOTE: Picked up JDK_JAVA_OPTIONS' "$1" >&2; then
    return 1
  fi
}
