#!/usr/bin/env bash
# Makes .venv and installs into it exactly what the lock file named by $1 lists, and InfoHarbor itself.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=$1

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
makes_environments() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# The system's own first: it was built with profiles, and one that a user compiled often was not, which costs a fifth of
# the speed. PYTHON=... names another.
find_python() {
    local candidates=(/usr/bin/python3 python3 python3.13 python3.12 python3.11) candidate
    for candidate in ${PYTHON:+"$PYTHON"} "${candidates[@]}"; do
        if new_enough "$candidate" && makes_environments "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "InfoHarbor needs Python 3.11 or newer with its module venv; none of ${candidates[*]} is." \
        "On Debian and Ubuntu, python3-venv may be missing." >&2
    return 1
}

if ! new_enough .venv/bin/python; then
    rm -rf .venv
    python=$(find_python)
    "$python" -m venv .venv
fi

# The uv of the machine, or one of our own kept apart from what the application needs.
uv=$(command -v uv || true)
if [ -z "$uv" ] || ! "$uv" --version >/dev/null 2>&1; then
    uv=.venv/uv/bin/uv
    [ -x "$uv" ] || {
        .venv/bin/python -m venv .venv/uv
        .venv/uv/bin/python -m pip install --quiet --require-hashes -r setup/uv.lock
    }
fi

# Compiled now, also where the environment keeps Python from doing so later: else every start takes seconds.
"$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$lock"
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
.venv/bin/python -m compileall -q src
