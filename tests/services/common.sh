# shellcheck shell=bash
# Small helpers that every part of tests/run shares: words on the screen, privileges, child processes.

# Directories and files that outlive a run, so that the next one is quick.
CACHE="${LAKEGATE_TEST_CACHE:-$HOME/.cache/lakegate}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$CACHE/target}"
# Logs of the steps, screenshots and the bill of materials of the last run.
GATE_DIR="$CARGO_TARGET_DIR/gate"

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "tests/run: $*"
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -n "$@"
  else
    fail "needs root for: $*"
  fi
}

# Starts a service in the background. It dies with this shell, even when the shell is killed with -9.
# Sets SERVICE_PID. Output goes to $WORK/NAME.out and $WORK/NAME.err.
# usage: start_service NAME COMMAND [ARGUMENT...]
start_service() {
  local name="$1"
  shift
  setpriv --pdeathsig TERM "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" </dev/null &
  SERVICE_PID=$!
  SERVICE_PIDS+=("$SERVICE_PID")
}

# Waits for the line {"event":"listening","url":"..."} of a service and sets SERVICE_URL.
# usage: wait_for_url NAME PID
wait_for_url() {
  local name="$1" pid="$2" tries
  for tries in $(seq 300); do
    SERVICE_URL="$(sed -n 's/^{"event":"listening","url":"\([^"]*\)".*/\1/p' "$WORK/$name.out" 2>/dev/null | head -n 1)"
    if [ -n "$SERVICE_URL" ]; then return 0; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  say "$name did not start (waited for ${tries} tenths of a second):"
  tail -n 20 "$WORK/$name.err" >&2
  return 1
}

# Ends a child of this shell: asks with SIGNAL, waits at most ten seconds, then kills.
# usage: stop_child PID SIGNAL
stop_child() {
  local pid="$1" signal="$2" tries
  kill -s "$signal" "$pid" 2>/dev/null || return 0
  for tries in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  if [ "$tries" = 100 ]; then kill -KILL "$pid" 2>/dev/null; fi
  wait "$pid" 2>/dev/null
}
