# shellcheck shell=bash
# The S3 server and the OpenID provider that tests talk to. Both choose a free port and say which.

start_s3() {
  start_service s3 "$LAKEGATE_TEST_PYTHON" "$ROOT/tests/services/s3_server.py"
  wait_for_url s3 "$SERVICE_PID" || return 1
  export LAKEGATE_TEST_S3="$SERVICE_URL"
}

start_oidc() {
  start_service oidc node "$ROOT/tests/interop/oidc/server.mjs"
  wait_for_url oidc "$SERVICE_PID" || return 1
  export LAKEGATE_TEST_OIDC="$SERVICE_URL"
}
