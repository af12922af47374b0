"""The trust file of a ledger that one operator keeps: what its proofs are checked against."""

from typing import Final, Protocol

from infoharbor.engine.interface import Reading
from infoharbor.evidence.note import VerifierKey
from infoharbor.evidence.trust import EMBEDDED, NO_QUORUM, Log, TrustPolicy
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.execution import Chain
from infoharbor.sdk.building import now_ms

REFRESH_DAYS: Final = 90
DAY_MS: Final = 24 * 60 * 60 * 1000


class Kept(Reading, Protocol):
    """An engine or a reader beside it, with what its folder says of the ledger."""

    genesis: Genesis

    @property
    def verifier_key(self) -> str: ...
    @property
    def chain(self) -> Chain: ...


def embedded_trust(reader: Kept, refresh_days: int = REFRESH_DAYS) -> TrustPolicy:
    """The ledger's log key, pinned at the newest header; the file counts as fresh for `refresh_days`."""
    size = reader.status().height + 1
    log = Log(VerifierKey.parse(reader.verifier_key))
    refresh_by = now_ms() + refresh_days * DAY_MS
    named, pin = (reader.genesis.name, reader.chain.id), (size, reader.root(size))
    return TrustPolicy(*named, EMBEDDED, *pin, refresh_by, (log,), (), (), NO_QUORUM)
