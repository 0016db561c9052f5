# shellcheck shell=bash
# A throw-away PostgreSQL on 127.0.0.1: own data directory, own port, durability off, gone after the run.

POSTGRES_PID=""

# PostgreSQL refuses to run as root, so a root shell hands it to the system user of the package.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid postgres --regid postgres --init-groups "$@"
  else
    "$@"
  fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

make_cluster() {
  local data="$1"
  mkdir -p "$data"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$data"; fi
  (cd / && as_postgres "$POSTGRES_BIN/initdb" --pgdata "$data" --username lakegate --encoding UTF8 \
    --locale C.UTF-8 --no-sync --auth reject) >"$WORK/initdb.log" 2>&1 ||
    { tail -n 20 "$WORK/initdb.log" >&2; return 1; }
  printf 'host all lakegate 127.0.0.1/32 trust\n' | as_postgres tee "$data/pg_hba.conf" >/dev/null
}

wait_for_postgres() {
  local port="$1" tries
  for tries in $(seq 300); do
    "$POSTGRES_BIN/pg_isready" --quiet --host 127.0.0.1 --port "$port" && return 0
    kill -0 "$POSTGRES_PID" 2>/dev/null || break
    sleep 0.1
  done
  say "PostgreSQL did not start on port $port (waited for ${tries} tenths of a second):"
  tail -n 20 "$WORK/postgres.err" >&2
  return 1
}

run_cluster() {
  local data="$1" port="$2"
  local owner=()
  if [ "$(id -u)" = 0 ]; then owner=(--reuid postgres --regid postgres --init-groups); fi
  cd / || return 1
  start_service postgres "${owner[@]}" "$POSTGRES_BIN/postgres" -D "$data" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 \
    -c shared_buffers=64MB -c fsync=off -c synchronous_commit=off -c full_page_writes=off
  POSTGRES_PID="$SERVICE_PID"
  cd "$ROOT" || return 1
  wait_for_postgres "$port"
}

start_postgres() {
  local data="$WORK/postgres" port attempt
  POSTGRES_BIN="$(postgres_bin)"
  make_cluster "$data" || return 1
  # The port is free when asked for, but another process may take it before PostgreSQL does.
  for attempt in 1 2 3; do
    port="$(free_port)"
    if run_cluster "$data" "$port"; then
      export LAKEGATE_TEST_POSTGRES="postgres://lakegate@127.0.0.1:$port/postgres"
      return 0
    fi
    say "attempt $attempt failed"
  done
  return 1
}
