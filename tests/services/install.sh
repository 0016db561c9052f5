# shellcheck shell=bash
# Brings what a fresh Debian machine lacks. Each function does nothing when its part is there already.

APT_UPDATED=no

apt_install() {
  say "installing: $*"
  if [ "$APT_UPDATED" = no ]; then
    as_root apt-get update -qq -o DPkg::Lock::Timeout=300 || return 1
    APT_UPDATED=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" >"$GATE_DIR/apt.log" 2>&1 ||
    { tail -n 20 "$GATE_DIR/apt.log" >&2; return 1; }
}

postgres_bin() {
  local found
  found="$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)"
  if [ -n "$found" ]; then dirname "$found"; fi
}

install_postgres() {
  [ -n "$(postgres_bin)" ] || apt_install postgresql
}

install_chromium() {
  command -v chromium >/dev/null || apt_install chromium fonts-dejavu-core
}

# usage: install_npm FOLDER. Repeats `npm ci` only when the lock file has changed since.
install_npm() {
  local folder="$1" stamp="$1/node_modules/.lakegate-lock"
  if ! cmp -s "$folder/package-lock.json" "$stamp"; then
    say "npm ci in ${folder#"$ROOT"/}"
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error) || return 1
    cp "$folder/package-lock.json" "$stamp"
  fi
}

install_python() {
  export LAKEGATE_TEST_PYTHON="$CACHE/venv/bin/python"
  install_venv "$CACHE/venv" "$ROOT/tests/services/requirements.txt"
}

install_emitters() {
  export LAKEGATE_TEST_LINEAGE_PYTHON="$CACHE/venv-lineage/bin/python"
  install_venv "$CACHE/venv-lineage" "$ROOT/tests/interop/openlineage/requirements.txt"
}

# usage: install_venv FOLDER REQUIREMENTS. Makes the environment anew only when its list has changed since.
install_venv() {
  local venv="$1" wanted="$2"
  cmp -s "$wanted" "$venv/.lakegate-requirements" && return 0
  say "Python packages into $venv"
  python3 -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv || return 1
  python3 -m venv --clear "$venv" || return 1
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" || return 1
  cp "$wanted" "$venv/.lakegate-requirements"
}

# One installer at a time: two runs on one machine share the caches.
with_install_lock() {
  local lock code
  mkdir -p "$CACHE" "$GATE_DIR"
  exec {lock}>"$CACHE/install.lock"
  flock "$lock" || return 1
  "$@"
  code=$?
  exec {lock}>&-
  return "$code"
}
