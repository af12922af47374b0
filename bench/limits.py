"""What the machine allows at most: signature checks a second on its cores, synced appends a second on its disk."""

import multiprocessing
import os
import time
from pathlib import Path

from infoharbor.crypto.suites import SUITES

MESSAGE = bytes(250)
"""About as long as what a transfer's signature covers."""
APPEND_BYTES = 64 * 1024
PROCESSES = 2


def checks_per_second(suite: str, seconds: float) -> float:
    """Signature checks a second of two processes together."""
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        return sum(pool.starmap(_check, [(suite, seconds)] * PROCESSES))


def _check(suite: str, seconds: float) -> float:
    algorithm = SUITES[suite]
    key = algorithm.generate()
    signature = key.sign(MESSAGE)
    count, begin = 0, time.perf_counter()
    while (taken := time.perf_counter() - begin) < seconds:
        for _ in range(20):
            if not algorithm.verify(key.public_key, MESSAGE, signature):
                raise RuntimeError(f"a good {suite} signature fails")
        count += 20
    return count / taken


def appends_per_second(folder: Path, seconds: float) -> float:
    """Appends of 64 KiB to a file a second, each on the disk before the next."""
    file = os.open(folder / "appended", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        count, begin = 0, time.perf_counter()
        while (taken := time.perf_counter() - begin) < seconds:
            os.write(file, bytes(APPEND_BYTES))
            os.fdatasync(file)
            count += 1
        return count / taken
    finally:
        os.close(file)
        (folder / "appended").unlink()
