"""One history, one ledger: hash seeds, time zones and machines make no difference to a header."""

import os
import subprocess
import sys

HISTORY = """
from infoharbor.contracts.governance.demo import story as governance
from infoharbor.contracts.identity.demo import story as identity
from infoharbor.engine.trial import Trial

for suite in ("sha256", "sm3"):
    trial = Trial(suite=suite).tell(identity, governance)
    trial.advance(400 * 24 * 60 * 60 * 1000)
    for header in trial.headers:
        print(header.hex())
"""


def headers(**environment: str) -> list[str]:
    """The headers of the history, run in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", HISTORY],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return ran.stdout.split()


def test_a_history_gives_the_same_headers_under_any_hash_seed_and_zone() -> None:
    first = headers(PYTHONHASHSEED="1", TZ="Asia/Shanghai", LC_ALL="C")
    second = headers(PYTHONHASHSEED="4294967295", TZ="America/New_York", LC_ALL="C.UTF-8")
    assert first == second
    assert len(set(first)) == len(first) > 60
