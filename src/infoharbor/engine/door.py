"""Who gets in: what a transaction must fulfil before it may wait for a block, judged by the newest state."""

from collections.abc import Collection

from infoharbor.engine.interface import Refused
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.validity import ensure_chain, signing_keys
from infoharbor.kernel.authority import SigningKey
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.state import AUTHORITY, COUNTED
from infoharbor.kernel.transaction import Opened, open_transaction

IDENTITY = f"{AUTHORITY}/"
"""Tables of the contract that keeps the keys: whenever one of them is written, but for what only counts, what is
remembered of keys is dropped."""
REMEMBERED_KEYS = 20_000


class Door:
    """Opens transactions and finds their keys. Used by the engine's thread alone."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._keys: dict[bytes, SigningKey] = {}
        self._latest = 0

    def open(self, raw: bytes) -> Opened:
        """The transaction, if its form is right; raises `Refused`."""
        try:
            opened = open_transaction(self._chain.suite, raw)
        except Malformed as malformed:
            raise Refused(malformed.code, malformed.field, malformed.expected) from None
        ensure_chain(self._chain, opened)
        return opened

    def keys(self, opened: Opened, view: Snapshot, now: int) -> dict[bytes, SigningKey]:
        """The signing keys as the state has them, if they may sign now; raises `Refused`."""
        known = self._keys
        if now < self._latest:
            # The clock was set back: a key may not be valid yet at the time that the block will have.
            known.clear()
        self._latest = now
        try:
            return {key: known[key] for key in opened.body.keys}
        except KeyError:
            pass
        found = signing_keys(self._chain, opened, view, now)
        if len(known) >= REMEMBERED_KEYS:
            known.clear()
        known.update(found)
        return found

    def saw(self, tables: Collection[str]) -> None:
        """Forget keys that a block may have changed that wrote to these tables."""
        if any(table.startswith(IDENTITY) and table != COUNTED for table in tables):
            self._keys.clear()
