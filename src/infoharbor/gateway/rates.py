"""How much one organisation, or one address, may ask for: a token bucket each."""

import threading
import time
from collections import OrderedDict
from typing import Final, NamedTuple

BUCKETS_MAX: Final = 10_000
"""Beyond these the one that has rested longest is forgotten: it is full, or near it."""


class Rate(NamedTuple):
    """`per_second` requests on the long run, `burst` at once."""

    per_second: int
    burst: int


class Rates:
    """The buckets of one gateway, in thousandths of a request, so that no fraction is lost."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str, cost: int = 1) -> int:
        """Take `cost` requests out of the bucket: 0, or the seconds to wait until there is room."""
        now = time.monotonic_ns() // 1_000_000
        full, needed = self._rate.burst * 1000, min(cost, self._rate.burst) * 1000
        with self._lock:
            left, at = self._buckets.pop(who, (full, now))
            left = min(full, left + (now - at) * self._rate.per_second)
            enough = left >= needed
            self._buckets[who] = (left - needed if enough else left, now)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        return 0 if enough else -(-(needed - left) // (1000 * self._rate.per_second))
