"""Page tokens that were given up before their time: they are remembered until it is over."""

import hashlib
import threading
from typing import Final

RELEASED_MAX: Final = 10_000
"""Beyond these the one that was given up first is forgotten, and could be used again until it lapses."""


class Released:
    """What one gateway was told to forget. Nothing else is kept for a token, and none outlives its gateway."""

    def __init__(self) -> None:
        self._until: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def add(self, token: str, until: int, now: int) -> None:
        """Forget a token that would lapse at `until`; both in milliseconds since 1970 UTC."""
        with self._lock:
            self._until = {each: at for each, at in self._until.items() if at > now}
            if len(self._until) >= RELEASED_MAX:
                del self._until[next(iter(self._until))]
            self._until[_digest(token)] = until

    def holds(self, token: str) -> bool:
        return _digest(token) in self._until


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
