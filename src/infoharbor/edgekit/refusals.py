"""What a refused transaction tells those who may read the records that it was about."""

import contextlib
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.records import Entry, RecordType, record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.transaction import SaltedAction, open_transaction


class NotKept(LookupError):
    """How a record stood then is not known here any more."""


class Refused(NamedTuple):
    """A refused transaction as the ledger keeps it, of block time `time` (ms since 1970 UTC); `raw` is None for a due
    move. `before` gives a record as it stood when the transaction ran; it may raise `NotKept`."""

    receipt: Receipt
    time: int
    raw: bytes | None
    before: Callable[[str], Entry | None]


Refusals = Callable[[Collection[str]], Iterator[Refused]]
"""The refused transactions with one of these codes, the newest first."""


class Concerned(NamedTuple):
    """A record that a refused action was about, as it stood then."""

    path: str
    kind: RecordType
    record: Any


class SeenRefusal(NamedTuple):
    """A refusal that the reader may read: which action it was, and the records that it was about. Its arguments are for
    its signers alone."""

    receipt: Receipt
    time: int
    contract: str
    action: str
    concerned: tuple[Concerned, ...]

    def of(self, kind: type) -> Any:
        """The record of this table that it was about, if there was one."""
        return next((each.record for each in self.concerned if each.kind is record_type(kind)), None)


def looked_into(refused: Refused, registry: Registry) -> SeenRefusal | None:
    """What a refused transaction was about; None where the refused action concerns nothing, or how that stood is not kept,
    so that its signers alone may read of it.

    Where none of the records that it names stood before, as when the bundle itself was to make them, the nearest action
    above it that names one that stood says what the bundle was about.
    """
    receipt = refused.receipt
    if refused.raw is None:
        return None
    actions = open_transaction(registry.suite, refused.raw).actions
    culprit = actions[receipt.action]
    if not _names(culprit, registry):
        return None
    with contextlib.suppress(NotKept):
        for action in reversed(actions[: receipt.action + 1]):
            concerned = tuple(_stood(_names(action, registry), refused))
            if concerned:
                return SeenRefusal(receipt, refused.time, culprit.contract, culprit.name, concerned)
    return None


def _names(salted: SaltedAction, registry: Registry) -> list[tuple[RecordType, tuple[Any, ...]]]:
    action = registry.read_action(salted)
    if action is None:
        return []
    return [(record_type(each.of), tuple(getattr(action, name) for name in each.key)) for each in action.concerns]


def _stood(names: list[tuple[RecordType, tuple[Any, ...]]], refused: Refused) -> Iterator[Concerned]:
    for kind, key in names:
        try:
            path = kind.path(key)
        except Refusal:
            continue
        record = kind.read(refused.before(path)) if len(path.encode()) <= limits.KEY_BYTES else None
        if record is not None:
            yield Concerned(path, kind, record)
