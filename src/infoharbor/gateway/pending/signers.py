"""Who is to sign a bundle: whether each key may as things stand now, and whether a signature is its own."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from infoharbor.contracts.identity.records import Key
from infoharbor.crypto.suites import SUITES
from infoharbor.engine.interface import Snapshot
from infoharbor.engine.validity import ensure_chain
from infoharbor.kernel.authority import SigningKey
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.transaction import Opened
from infoharbor.sdk.building import Unsigned, now_ms
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.problems import Problem


class Party(NamedTuple):
    """One key of a bundle: whose it is, and why it may not sign now, if that is so."""

    known: SigningKey
    problem: Problem | None

    def form(self, key: bytes, *, signed: bool) -> dict[str, Any]:
        """In JSON's terms."""
        problem = self.problem
        said = None
        if problem is not None:
            said = {"code": problem.code, "sentence": problem.sentence.en, "sentence_zh": problem.sentence.zh}
        owner = {"user": self.known.user, "organisation": self.known.organisation}
        return {"key": key.hex(), **owner, "signed": signed, "problem": said}


def opened_of(chain: Chain, unsigned: Unsigned) -> Opened:
    """The bundle, checked but for its signatures."""
    opened = unsigned.whole()
    ensure_chain(chain, opened)
    return opened


def parties_of(ledger: Ledger, opened: Opened, snapshot: Snapshot) -> dict[bytes, Party]:
    """Every key as it stands now: one may have been revoked since the bundle came. Raises the `Problem` of one that
    never was."""
    found = {}
    now = max(now_ms(), snapshot.time)
    for key in opened.body.keys:
        try:
            found[key] = Party(ledger.registry.authority.signing_key(snapshot.find, key, now), None)
        except Refusal as refusal:
            problem = ledger.problem(refusal.code, f"keys.{key.hex()}", refusal.expected)
            record = snapshot.find(Key, key.hex())
            if record is None:
                raise problem from None
            owner = SigningKey(record.suite, record.public_key, record.user, record.organisation)
            found[key] = Party(owner, problem)
    return found


def able(parties: Mapping[bytes, Party]) -> dict[bytes, SigningKey]:
    """The keys; raises the first one's `Problem` that may not sign."""
    for party in parties.values():
        if party.problem is not None:
            raise party.problem
    return {key: party.known for key, party in parties.items()}


def ensure_authorised(ledger: Ledger, opened: Opened, keys: dict[bytes, SigningKey], snapshot: Snapshot) -> None:
    """Refuse at once what could not run, however many of its keys sign."""
    try:
        for action in opened.actions:
            ledger.registry.authority.authorise(snapshot.find, keys, action, now_ms())
    except Refusal as refusal:
        raise Problem(refusal.code, field=refusal.field, expected=refusal.expected) from None


def ensure_signed(opened: Opened, keys: Mapping[bytes, SigningKey], signatures: Mapping[bytes, bytes]) -> None:
    """Every given signature is one of these keys over this bundle, and there is one."""
    if not signatures:
        raise Problem("pending.not_signed", field="signatures", expected="at least one")
    for key, signature in signatures.items():
        field, known = f"signatures.{key.hex()}", keys.get(key)
        if known is None:
            raise Problem("pending.key", field=field, expected="one of " + ", ".join(each.hex() for each in keys))
        if not SUITES[known.suite].verify(known.public_key, opened.message, signature):
            raise Problem("ledger.signature_invalid", field=field, expected=f"the key's signature, {known.suite}")
