"""Waits for what another process brings about."""

import time
from collections.abc import Callable

from infoharbor.cli.output import Failure

LOOKS_EVERY_SECONDS = 0.1


def wait_until(done: Callable[[], bool], seconds: float, missing: Failure) -> None:
    """Look until it is done; raises `missing` if it is not, once so many seconds are over."""
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            raise missing
        time.sleep(LOOKS_EVERY_SECONDS)
