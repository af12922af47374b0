"""How many signed bundles a second the engine commits, and how long one takes from submit to final."""

import functools
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import NamedTuple

from infoharbor.engine.interface import Engine
from infoharbor.kernel.block import Receipt

AT_ONCE = 500
OUTSTANDING = 8_000
"""So many bundles are under way at most: enough that the engine always has some, few enough for its inbox."""
PATIENCE_S = 60
TICK_S = 0.005


class Committed(NamedTuple):
    """Bundles a second, and how many the contract refused; `work` is the processor time of this process for each bundle,
    in microseconds: other programs on the machine hardly change it."""

    per_second: float
    refused: int
    work: float


def throughput(engine: Engine, raws: Sequence[bytes]) -> Committed:
    """Submit as fast as the engine takes them, and wait for the last receipt."""
    futures: deque[Future[Receipt]] = deque()
    codes: Counter[str] = Counter()
    begin, work = time.perf_counter(), time.process_time()
    for at in range(0, len(raws), AT_ONCE):
        if len(futures) >= OUTSTANDING:
            futures[AT_ONCE - 1].result(timeout=PATIENCE_S)
            codes.update(futures.popleft().result(timeout=PATIENCE_S).code for _ in range(AT_ONCE))
        futures += [engine.submit(raw) for raw in raws[at : at + AT_ONCE]]
    codes.update(future.result(timeout=PATIENCE_S).code for future in futures)
    taken, work = time.perf_counter() - begin, time.process_time() - work
    if set(codes) - {"", "asset.balance_short"}:
        raise RuntimeError(f"unexpected refusals: {codes}")
    return Committed(len(raws) / taken, len(raws) - codes[""], work / len(raws) * 1_000_000)


def latencies(engine: Engine, raws: Sequence[bytes], rate: float) -> list[float]:
    """Milliseconds from submit to final of each bundle, submitted evenly at `rate` a second."""
    taken: list[float] = []
    futures = []
    begin = time.perf_counter()
    at = 0
    while at < len(raws):
        due = min(len(raws), int((time.perf_counter() - begin) * rate) + 1)
        for raw in raws[at:due]:
            future = engine.submit(raw)
            future.add_done_callback(functools.partial(_note, taken, time.perf_counter()))
            futures.append(future)
        at = max(at, due)
        time.sleep(TICK_S)
    for future in futures:
        future.result(timeout=PATIENCE_S)
    return taken


def _note(taken: list[float], sent: float, _: "Future[Receipt]") -> None:
    taken.append((time.perf_counter() - sent) * 1000)
