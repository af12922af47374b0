#!/usr/bin/env bash
# Brings what the tests need and Python's packages do not hold: a browser, an HSM in software, OpenSSL, Chinese fonts, Go,
# CometBFT, a witness.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v openssl >/dev/null || missing+=(openssl)
command -v softhsm2-util >/dev/null || missing+=(softhsm2)
[ -n "$(fc-list :lang=zh family 2>/dev/null)" ] || missing+=(fonts-noto-cjk)

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        echo "The tests need more of this machine. Please run: sudo apt-get install ${missing[*]}" >&2
        exit 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq --yes --no-install-recommends "${missing[@]}" fontconfig >/dev/null
fi

command -v go >/dev/null || setup/environment.sh setup/go.lock

# The networks' tests need CometBFT, and one with a wrong clock: built here once, since that may take longer than a test may.
.venv/bin/python -c 'from infoharbor.engine.cometbft.binary import cometbft; cometbft(print)'
.venv/bin/python tests/network/hostile_clock.py

# The same of the witness that watches our members in the tests, built with the settings that they build it with.
go=$(command -v go || echo "$PWD/.venv/bin/go")
(
    cd tests/attestation/omniwitness
    GOFLAGS="-mod=readonly -buildvcs=false" GOTOOLCHAIN=local CGO_ENABLED=0 \
        "$go" build -o /dev/null github.com/transparency-dev/witness/cmd/omniwitness
)
