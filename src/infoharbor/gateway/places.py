"""The places in which askers wait for outside witnesses: each asker has a share, so that nobody takes all of them."""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Final

from infoharbor.kernel.readers import Reader
from infoharbor.sdk.problems import Problem

PLACES: Final = 8
"""So many wait at once, each on a thread, so that they do not keep others from being answered."""
SHARE: Final = 2
"""Of one organisation, or of one address that is no member's."""
ANONYMOUS_SHARE: Final = 4
"""Of all these addresses together: one asker may have many, and members still find a place."""


class Places:
    """Those of one gateway."""

    def __init__(self) -> None:
        self._taken: Counter[tuple[str, str]] = Counter()
        """By organisation and address, of which one is empty."""
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def held(self, reader: Reader, address: str) -> Iterator[None]:
        """A place while the block runs; `node.busy` if the asker has its share, or all are taken."""
        asker = (reader.organisation, "" if reader.is_member else address)
        with self._lock:
            self._ensure_room(asker)
            self._taken[asker] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[asker] -= 1
                if not self._taken[asker]:
                    del self._taken[asker]

    def _ensure_room(self, asker: tuple[str, str]) -> None:
        anonymous = sum(taken for (organisation, _), taken in self._taken.items() if not organisation)
        bounds = [(SHARE, self._taken[asker]), (PLACES, self._taken.total())]
        if not asker[0]:
            bounds.append((ANONYMOUS_SHARE, anonymous))
        for most, taken in bounds:
            if taken >= most:
                told = f"at most {most} at once who wait for witnesses; try again soon"
                raise Problem("node.busy", field="witnessed", expected=told)
