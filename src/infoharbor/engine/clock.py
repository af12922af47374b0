"""The wall clock of the machine that the engine runs on."""

import time


def milliseconds() -> int:
    """Since 1970 UTC."""
    return time.time_ns() // 1_000_000
