"""The trust file of a ledger, what its proofs are checked against; and the way by which an old one is carried forward."""

from collections.abc import Sequence
from typing import Final, Protocol

from infoharbor.contracts.identity.attesters import CURRENT, Attesters, Handover
from infoharbor.engine.attested_notes import attesting
from infoharbor.engine.interface import Reading, Refused
from infoharbor.evidence.attesters import FORMAT, AttesterSet, attested_trust, encode_set, operator_trust
from infoharbor.evidence.handover import NAMINGS_MAX, Naming, Step, WayForward
from infoharbor.evidence.note import VerifierKey, checkpoint_in
from infoharbor.evidence.trust import TrustPolicy, Witness
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.records import record_type
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


def ledger_trust(reader: Kept, refresh_days: int = REFRESH_DAYS, outside: Sequence[Witness] = ()) -> TrustPolicy:
    """Whose signatures are enough, and a pin: at the newest attested header, or, where one operator signs, at the newest.
    The file counts as fresh for `refresh_days`. It asks for all these `outside` witnesses besides, for whom members attest
    the ledger."""
    refresh_by = now_ms() + refresh_days * DAY_MS
    named = (reader.genesis.name, reader.chain.id)
    with reader.snapshot() as snapshot:
        attested = attesting(snapshot) is not None
    if attested:
        newest = checkpoint_in(reader.checkpoint())
        members = set_at(reader, newest.size - 1).members
        return attested_trust(*named, members, (newest.size, newest.root), refresh_by, outside)
    if outside:
        raise Refused("trust.no_attesters", "chain", "a ledger that members attest")
    size = reader.status().height + 1
    return operator_trust(*named, VerifierKey.parse(reader.verifier_key), (size, reader.root(size)), refresh_by)


def set_at(reader: Reading, height: int) -> AttesterSet:
    """The attester set that the header of this height names; refused as `trust.no_attesters` if it names none."""
    found = _set_at(reader, height)
    if found is None:
        raise Refused("trust.no_attesters", "chain", "a ledger that members attest")
    return found


def _set_at(reader: Reading, height: int) -> AttesterSet | None:
    kind = record_type(Attesters)
    for entry in reader.history(kind.path((CURRENT,))):
        if entry.height <= height:
            found: Attesters = kind.read(entry)
            return found.named
    return None


def way_forward(reader: Reading, pin: int, note: str = "") -> WayForward:
    """What carries a trust file that is pinned at the size `pin` to the attested checkpoint `note`, by default the newest."""
    note = note or reader.checkpoint()
    newest = checkpoint_in(note)
    if not 1 <= pin <= newest.size:
        raise Refused("ledger.proof_range", "size", f"1 to {newest.size}")
    now = set_at(reader, newest.size - 1)
    pinned_set = _set_at(reader, pin - 1)
    eras = range(0 if pinned_set is None else pinned_set.era, now.era)
    if len(eras) > NAMINGS_MAX:
        raise Refused("trust.too_many", "handovers", f"at most {NAMINGS_MAX}")
    steps, pinned = [], pin
    with reader.snapshot() as snapshot:
        handovers = [snapshot.find(Handover, era) for era in eras]
    for found in handovers:
        assert found is not None  # An era ends by its handover and by nothing else.
        naming = Naming(found.attesters, found.header, found.path, found.checkpoint)
        size = checkpoint_in(found.checkpoint).size
        steps.append(Step(naming, reader.consistency(min(pinned, size), max(pinned, size))))
        pinned = max(pinned, size)
    height = newest.size - 1
    naming = Naming(encode_set(now), reader.header(height), reader.inclusion(height, newest.size), note)
    return WayForward(FORMAT, tuple(steps), Step(naming, reader.consistency(pinned, newest.size)))
