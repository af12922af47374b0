"""What may be done with the attesters of the ledger's checkpoints: join, put new keys in place, leave, hand over."""

from collections.abc import Iterator

import msgspec

from infoharbor.contractkit import Action, Ledger, ensure, invariant
from infoharbor.contractkit.signatures import is_possessed, key_identifier
from infoharbor.contractkit.types import Code, OrganisationId
from infoharbor.contracts.identity.attesters import (
    CURRENT,
    AttesterKey,
    AttesterRole,
    Attesters,
    EncodedHeader,
    Handover,
    HashPath,
    NoteText,
)
from infoharbor.contracts.identity.records import Key, Organisation, has_seat
from infoharbor.contracts.identity.rules import VOTED, acting
from infoharbor.evidence.attesters import ATTESTERS_MAX, COSIGNING, Attester, encode_set
from infoharbor.evidence.handover import Naming, is_handover

LOG_SUITES = ("ed25519",)
SM2_SUITES = ("sm2",)


class NewAttesterKey(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A key that is to sign checkpoints; `proof` is its own signature over the proof of possession's message, in which
    `ROLE:ORGANISATION` stands for the user."""

    suite: Code
    public_key: bytes
    proof: bytes


class Attest(Action, since=2):
    """Join those who attest checkpoints, or put other keys in the place of one's own. For organisations with a seat.

    Whoever attests now has to attest the change too: it holds from their `HandOver` on. Where one operator signs alone, it
    holds with all who have joined by then from `BeginAttesting` on.
    """

    organisation: OrganisationId
    cosigner: NewAttesterKey
    sm2: NewAttesterKey | None
    log: NewAttesterKey
    submission: NewAttesterKey

    def apply(self, ledger: Ledger) -> None:
        ledger.ensure_actor(self.organisation, field="organisation")
        member = ledger.get(Organisation, self.organisation, field="organisation")
        ensure(has_seat(member), "attester_seat", field="organisation", expected="an organisation with a seat")
        attesters = changeable(ledger)
        own = own_keys(attesters.coming, self.organisation)
        register(ledger, self.organisation, AttesterRole.COSIGNER, self.cosigner, tuple(COSIGNING), own)
        if self.sm2 is not None:
            register(ledger, self.organisation, AttesterRole.SM2, self.sm2, SM2_SUITES, own)
        register(ledger, self.organisation, AttesterRole.LOG, self.log, LOG_SUITES, own)
        register(ledger, self.organisation, AttesterRole.SUBMISSION, self.submission, LOG_SUITES, own)
        entry = Attester(
            self.organisation,
            self.cosigner.suite,
            self.cosigner.public_key,
            self.sm2.public_key if self.sm2 is not None else b"",
            self.log.public_key,
            self.submission.public_key,
        )
        ensure(entry not in attesters.coming, "attester_unchanged", field="cosigner", expected="another key")
        others = without(attesters.coming, self.organisation)
        few = len(others) < ATTESTERS_MAX
        ensure(few, "attesters_many", field="organisation", expected=f"at most {ATTESTERS_MAX}")
        change(ledger, attesters, sorted((*others, entry), key=organisation_of))


class RetireAttester(Action, since=2):
    """Take an organisation out of those who attest: itself, or, once it has lost its seat, any that has one."""

    organisation: OrganisationId

    def apply(self, ledger: Ledger) -> None:
        actor = ledger.get(Organisation, acting(ledger), field="by")
        member = ledger.get(Organisation, self.organisation, field="organisation")
        may = actor.id == member.id or (has_seat(actor) and not has_seat(member))
        ensure(may, "attester_kept", field="organisation", expected="your own, or one that has lost its seat")
        attesters = changeable(ledger)
        rest = without(attesters.coming, self.organisation)
        known = len(rest) < len(attesters.coming)
        ensure(known, "attester_unknown", field="organisation", expected="an organisation that attests")
        ensure(rest, "last_attester", field="organisation", expected="another attester beside it")
        change(ledger, attesters, list(rest))


class HandOver(Action, since=2):
    """Let the change under way hold: a quorum of those who attest now has attested a header that names it.

    Any of those who attest may send it, since it proves itself: `header` lies by `path` in the header log under
    `checkpoint`.
    """

    header: EncodedHeader
    path: HashPath
    checkpoint: NoteText

    def apply(self, ledger: Ledger) -> None:
        attesters = current(ledger)
        ensure(attesters.era, "attesters_none", field="by", expected="a ledger that members attest")
        ensure(attesters.next, "attesters_settled", field="checkpoint", expected="a change of attesters under way")
        attesting = [entry.organisation for entry in (*attesters.members, *attesters.next)]
        ensure(acting(ledger) in attesting, "attester_unknown", field="by", expected="an organisation that attests")
        naming = Naming(encode_set(attesters.named), self.header, self.path, self.checkpoint)
        proven = is_handover(naming, attesters.named)
        ensure(proven, "handover_unproven", field="checkpoint", expected="what a quorum in force attested, and no more")
        take_over(ledger, attesters, naming)


class BeginAttesting(Action, since=2):
    """Let the members who have gathered attest, in the place of the one operator that signed alone. Voted by the members.

    `operator` is its Ed25519 log key, with which it has signed `checkpoint`; `header`, which names those who have gathered,
    lies under it by `path`. So a trust file that names this key goes forward to the members. Their vote says that it is the
    operator's, which is written nowhere on the ledger.
    """

    operator: bytes
    header: EncodedHeader
    path: HashPath
    checkpoint: NoteText

    def apply(self, ledger: Ledger) -> None:
        ensure(ledger.actor in VOTED, "not_voted", field="by", expected="an adopted proposal")
        attesters = current(ledger)
        gathered = not attesters.era and attesters.next
        ensure(gathered, "attesters_settled", field="checkpoint", expected="members that gather to attest")
        naming = Naming(encode_set(attesters.named), self.header, self.path, self.checkpoint)
        proven = is_handover(naming, attesters.named, self.operator)
        ensure(proven, "handover_unproven", field="checkpoint", expected="what the operator signed, and no more")
        take_over(ledger, attesters, naming)


def take_over(ledger: Ledger, attesters: Attesters, proof: Naming) -> None:
    """Let those who come next attest from this block on."""
    ledger.create(Handover(attesters.era, proof.attesters, proof.header, proof.path, proof.checkpoint))
    ledger.put(attesters.replace(era=attesters.era + 1, members=attesters.next, next=()))


def current(ledger: Ledger) -> Attesters:
    """The set. A genesis begins with its first era; where one operator signs alone, members gather for it."""
    return ledger.find(Attesters, CURRENT) or Attesters(CURRENT, 1 if ledger.is_genesis else 0, (), ())


def changeable(ledger: Ledger) -> Attesters:
    """The set, while no change waits to be attested: so that what a quorum attests is what will hold."""
    attesters = current(ledger)
    settled = not attesters.era or not attesters.next
    ensure(settled, "attesters_pending", field="organisation", expected="the change under way handed over")
    return attesters


def change(ledger: Ledger, attesters: Attesters, members: list[Attester]) -> None:
    if ledger.is_genesis:
        ledger.put(attesters.replace(members=tuple(members)))
    else:
        ledger.put(attesters.replace(next=tuple(members)))


def register(
    ledger: Ledger,
    organisation: str,
    role: AttesterRole,
    key: NewAttesterKey,
    suites: tuple[str, ...],
    own: dict[AttesterRole, bytes],
) -> None:
    """Give a key its one role. It stays as it is if the organisation uses it for this already; any other that was ever
    registered, as an attester's or a user's, is refused."""
    ensure(key.suite in suites, "attester_suite", field=role, expected=" or ".join(suites))
    possessed = is_possessed(f"{role}:{organisation}", key.suite, key.public_key, key.proof)
    ensure(possessed, "possession", field=role, expected="the new key's own signature")
    if own.get(role) == key.public_key:
        return
    identifier = key_identifier(key.suite, key.public_key)
    fresh = ledger.find(AttesterKey, identifier) is None and ledger.find(Key, identifier) is None
    ensure(fresh, "key_known", field=role, expected="a key that was never registered")
    ledger.put(AttesterKey(identifier, organisation, role, key.suite, key.public_key))


def own_keys(entries: tuple[Attester, ...], organisation: str) -> dict[AttesterRole, bytes]:
    for entry in entries:
        if entry.organisation == organisation:
            return keys_of(entry)
    return {}


def keys_of(entry: Attester) -> dict[AttesterRole, bytes]:
    """An attester's public keys by what they sign; no SM2 if it has none."""
    keys = {
        AttesterRole.COSIGNER: entry.cosigner,
        AttesterRole.SM2: entry.sm2,
        AttesterRole.LOG: entry.log,
        AttesterRole.SUBMISSION: entry.submission,
    }
    return {role: key for role, key in keys.items() if key}


def without(members: tuple[Attester, ...], organisation: str) -> tuple[Attester, ...]:
    return tuple(entry for entry in members if entry.organisation != organisation)


def organisation_of(entry: Attester) -> str:
    return entry.organisation


@invariant
def attesters_keys_have_one_role(ledger: Ledger) -> Iterator[str]:
    """Each key of the set is registered for what it does there, once, and is no user's."""
    registered = {(key.organisation, key.role, key.public_key): key.id for key in ledger.scan(AttesterKey)}
    for attesters in ledger.scan(Attesters):
        for entry in (*attesters.members, *attesters.next):
            for role, public_key in keys_of(entry).items():
                if (entry.organisation, role, public_key) not in registered:
                    yield f"identity/attesters/{attesters.id}"
    for identifier in registered.values():
        if ledger.find(Key, identifier) is not None:
            yield f"identity/attester_keys/{identifier}"


@invariant
def every_era_was_handed_over(ledger: Ledger) -> Iterator[str]:
    """Each set but the first took its place by a handover of the one before."""
    for attesters in ledger.scan(Attesters):
        for era in range(1, attesters.era):
            if ledger.find(Handover, era) is None:
                yield f"identity/handovers/{era}"
