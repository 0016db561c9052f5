# shellcheck shell=bash
# The steps of the gate: one function per step, named step_NAME. Exit code 0 means that the step holds.
# They are called by name from tests/run.

STEPS=(harness fmt clippy build unit program schemas interop browser docs vendor supply)

# Steps of the full scale: single tests of the step `program`, which leaves them out then, with the machine for themselves.
LONG_STEPS=(endurance fleet)

# Steps whose log is counted test by test; every other step counts as one check.
TEST_STEPS=" harness unit program interop browser endurance fleet "

# Steps that talk to PostgreSQL, S3 or the OpenID provider.
SERVICE_STEPS=" unit program interop browser endurance fleet "

# Steps that need the compiled program, although nobody may have asked for `build` by name.
PROGRAM_STEPS=" program schemas interop browser fleet "

# A step that takes longer hangs.
STEP_SECONDS=3300

run_limited() {
  timeout --foreground --kill-after=20 "$STEP_SECONDS" "$@"
}

step_harness() {
  run_limited python3 -m unittest discover --start-directory "$ROOT/tests/services" --pattern '*_test.py' &&
    run_limited python3 -m unittest discover --start-directory "$ROOT/tests/gen" --pattern '*_test.py'
}

step_fmt() { run_limited cargo fmt --all --check; }

step_clippy() { run_limited cargo clippy --locked --workspace --all-targets -- -D warnings; }

# All targets at once, so that every later step finds the same features and compiles nothing again.
step_build() { run_limited cargo build --locked --workspace --all-targets; }

step_unit() {
  local code=0
  run_limited cargo test --locked --workspace --lib --bins --no-fail-fast || code=1
  run_limited cargo test --locked --workspace --doc --no-fail-fast || code=1
  return "$code"
}

step_program() {
  local skip=()
  if wants " endurance "; then skip+=(--skip eight_workers_endure); fi
  if wants " fleet "; then skip+=(--skip a_fleet_that_is_killed); fi
  run_limited cargo test --locked --workspace --test '*' --no-fail-fast -- "${skip[@]}"
}

# One database after the other; each says how far it is.
step_endurance() {
  run_limited cargo test --locked --workspace --test it --no-fail-fast -- eight_workers_endure --nocapture --test-threads=1
}

step_fleet() { run_limited cargo test --locked --workspace --test fleet -- --nocapture; }

compare_schema() {
  local kind="$1" committed="$2"
  "$LAKEGATE_BIN" schema "$kind" >"$WORK/schema.$kind" || return 1
  diff --unified "$committed" "$WORK/schema.$kind" && return 0
  printf '%s is not what the program says: lakegate schema %s >%s\n' "$committed" "$kind" "$committed"
  return 1
}

step_schemas() {
  local code=0
  compare_schema graphql frontend/schema.graphql || code=1
  compare_schema openapi frontend/openapi.json || code=1
  return "$code"
}

# usage: node_tests FOLDER FILES_AT_ONCE. Each file starts what it needs for itself.
node_tests() {
  install_npm "$1" || return 1
  (cd "$1" && find . -name node_modules -prune -o -name '*.test.mjs' -print0 | sort -z |
    run_limited xargs -0 node --test --test-concurrency="$2" --test-reporter=spec)
}

step_interop() { node_tests "$ROOT/tests/interop" 1; }

# Two servers with their browsers keep two cores busy and find room in the memory of a small machine.
step_browser() { node_tests "$ROOT/tests/browser" 2; }

step_docs() { python3 tests/services/links.py "$ROOT"; }

step_vendor() {
  if [ ! -f frontend/package.json ]; then
    printf 'no frontend/package.json, nothing is bundled\n'
    return 0
  fi
  install_npm "$ROOT/frontend" && run_limited node frontend/build.mjs --check
}

step_supply() {
  python3 tests/services/licences.py "$ROOT" &&
    python3 tests/services/bill_of_materials.py "$ROOT" "$GATE_DIR/lakegate.cdx.json"
}
