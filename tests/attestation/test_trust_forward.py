"""Evidence under a quorum, and an old trust file on its way forward through handovers, past thieves of retired keys."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from attested_network import MEMBERS, AttestedNetwork, cosigned, fixed_keys

from infoharbor.contracts.identity.attesting import RetireAttester
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.interface import Refused
from infoharbor.engine.trial import START
from infoharbor.evidence.attesters import (
    GROUP,
    AttesterSet,
    attested_trust,
    attester_set_codec,
    attesters_root,
    encode_set,
    verifier_keys,
)
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.handover import Naming, Step, WayForward, advance, way_forward_codec
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.note import ED25519_COSIGNATURE, Note, VerifierKey, checkpoint_in, sign_note
from infoharbor.evidence.policy import evaluate
from infoharbor.evidence.trust import TrustPolicy, Witness
from infoharbor.evidence.trust_file import parse_trust
from infoharbor.evidence.verify import Unproven, verify
from infoharbor.kernel import merkle
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.sdk.trusting import ledger_trust, set_at, way_forward

PATH = "identity/organisations/beihai"
LATER = START + 2 * 10**10
"""Past the refresh date of the network's trust files."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> AttestedNetwork:
    """A network that has changed its attesters three times; `old_trust` is of before."""
    network = AttestedNetwork(tmp_path_factory.mktemp("grown"))
    network.old_trust, network.old_keys = network.trust(), dict(network.keys)
    network.grow(2)
    network.rotate("beihai", "beihai, renewed")
    network.grow()
    network.act(RetireAttester("penang"), by="penang")
    network.hand_over()
    network.rotate("haiphong", "haiphong, renewed")
    network.grow()
    return network


def forward(policy: TrustPolicy, way: WayForward, *, now: int = START) -> TrustPolicy:
    return advance(policy, way, now=now, refresh_by=LATER)


def refusal(policy: TrustPolicy, way: WayForward, *, now: int = START) -> str:
    with pytest.raises(Malformed) as refused:
        forward(policy, way, now=now)
    return refused.value.code


def test_evidence_carries_the_minimal_quorum_and_needs_nothing_else(grown: AttestedNetwork) -> None:
    raw = make_evidence(grown.chain, grown, [PATH])
    policy = parse_trust(ledger_trust(grown).encode())
    proven = verify(raw, policy)
    assert proven.records[0].path == PATH
    assert len(proven.signers) == 3
    assert [group.needed for group in policy.groups] == [3]
    with pytest.raises((Unproven, Malformed)):
        verify(raw, grown.old_trust)


def test_an_old_trust_file_is_carried_forward_from_any_pin(grown: AttestedNetwork) -> None:
    for pin in range(1, 5):
        policy = replace(grown.old_trust, pin_size=pin, pin_root=grown.root(pin))
        way = way_forward_codec.decode(encode(way_forward(grown, pin)))
        assert len(way.handovers) == 3
        carried = forward(policy, way)
        assert carried.pin_size == grown.size
        assert carried.refresh_by == LATER
        assert {witness.name for witness in carried.witnesses} == set(MEMBERS) - {"penang"}
        verify(make_evidence(grown.chain, grown, [PATH]), parse_trust(carried.encode()))
    settled = forward(carried, way_forward(grown, carried.pin_size))
    assert settled == carried


def test_a_trust_file_in_one_operator_has_no_way_forward_on_another_ledger(grown: AttestedNetwork) -> None:
    with pytest.raises(Refused):
        way_forward(grown, grown.size + 1)
    embedded = replace(grown.old_trust, engine="embedded", quorum="none", groups=(), witnesses=())
    assert refusal(embedded, way_forward(grown, 1)) == "note.unknown_signature"
    of_others = replace(grown.old_trust, engine="embedded", quorum="beihai", groups=())
    assert refusal(of_others, way_forward(grown, 1)) == "trust.no_attesters"


def test_a_step_left_out_repeated_or_swapped_leads_nowhere(grown: AttestedNetwork) -> None:
    way = way_forward(grown, 1)
    first, second, third = way.handovers
    for steps in ((second, third), (first, third), (first, first, second, third), (second, first, third), ()):
        code = refusal(grown.old_trust, WayForward(1, steps, way.newest))
        assert code in ("trust.other_era", "note.unknown_signature", "note.surplus_signature", "trust.quorum"), steps


def test_any_byte_changed_leads_nowhere(grown: AttestedNetwork) -> None:
    raw = encode(way_forward(grown, 1))
    for place in range(0, len(raw), 41):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(Malformed):
            forward(grown.old_trust, way_forward_codec.decode(bytes(changed)))


def test_past_its_date_a_trust_file_goes_forward_only_with_an_outside_witness(grown: AttestedNetwork) -> None:
    way = way_forward(grown, 1)
    assert refusal(grown.old_trust, way, now=LATER) == "trust.stale"
    witness = Witness("outside", OUTSIDE, "https://outside.example")
    old_members = tuple(grown.old_keys[name].public(name) for name in sorted(MEMBERS))
    pin = (1, grown.root(1))
    policy = attested_trust("trial", grown.chain.id, old_members, pin, START, [witness])
    assert refusal(policy, way, now=LATER) == "trust.quorum"
    newest = way.newest.naming
    witnessed = member_notes(grown, attester_set_codec.decode(newest.attesters), newest.checkpoint)
    carried = advance(policy, way, now=LATER, refresh_by=LATER, witnessed=witnessed)
    assert witness in carried.witnesses
    assert carried.quorum == policy.quorum
    with pytest.raises(Malformed) as refused:
        advance(policy, way, now=LATER, refresh_by=LATER, witnessed=witnessed[:1])
    assert refused.value.code == "trust.quorum"


def test_a_way_of_long_ago_makes_no_trust_file_fresh_again(grown: AttestedNetwork) -> None:
    """It ends before a handover, and all of it is genuine: who serves it keeps the old set in the file."""
    size, date = 3, START + 60_000
    members = tuple(grown.old_keys[name].public(name) for name in sorted(MEMBERS))
    pin = (size, grown.root(size))
    policy = attested_trust("trial", grown.chain.id, members, pin, date, [Witness("outside", OUTSIDE)])
    note = cosigned(grown, Checkpoint(grown.origin, *pin), quorum(grown))
    in_force = set_at(grown, size - 1)
    naming = Naming(encode_set(in_force), grown.header(size - 1), grown.inclusion(size - 1, size), note)
    way = WayForward(1, (), Step(naming, ()))
    for now, time, code in (
        (date, START, ""),
        (date + 1, START, "trust.stale"),
        (date + 1, date - 1_000, "trust.stale"),
        (date + 1, date, ""),
    ):
        try:
            advance(policy, way, now=now, refresh_by=LATER, witnessed=member_notes(grown, in_force, note, time))
            told = ""
        except Malformed as refused:
            told = refused.code
        assert told == code, (now, time)


def test_what_is_witnessed_has_to_hold_the_handovers(grown: AttestedNetwork) -> None:
    """Else thieves of retired keys could add a handover to the same set, and so pin the file at a history of theirs."""
    size, keys = 3, dict(grown.old_keys)
    members = tuple(keys[name].public(name) for name in sorted(MEMBERS))
    pin = (size, grown.root(size))
    policy = attested_trust("trial", grown.chain.id, members, pin, START, [Witness("outside", OUTSIDE)])
    (handover,) = forked_way(grown, quorum(grown), pin=size, to=keys).handovers
    note = cosigned(grown, Checkpoint(grown.origin, *pin), quorum(grown))
    in_force = set_at(grown, size - 1)
    naming = Naming(encode_set(in_force), grown.header(size - 1), grown.inclusion(size - 1, size), note)
    way = WayForward(1, (handover,), Step(naming, handover.consistency))
    with pytest.raises(Malformed) as refused:
        advance(policy, way, now=LATER, refresh_by=LATER, witnessed=member_notes(grown, in_force, note))
    assert refused.value.code == "trust.inconsistent"


def test_thieves_cannot_hand_over_to_few_one_of_whom_shows_the_witness_their_fork(grown: AttestedNetwork) -> None:
    keys, size = dict(grown.old_keys), 3
    policy = attested_trust(
        "trial", grown.chain.id, tuple(keys[name].public(name) for name in sorted(MEMBERS)), (size, grown.root(size)),
        START, [Witness("outside", OUTSIDE)],
    )  # fmt: skip
    liar = {"beihai": keys["beihai"]}
    forked = forked_way(grown, quorum(grown), pin=size, to=liar)
    few = AttesterSet(1, 2, (keys["beihai"].public("beihai"),), ())
    genuine = header_codec.decode(grown.headers[size])
    header = encode(msgspec.structs.replace(genuine, height=size + 1, attesters_root=attesters_root(few)))
    before = [*grown.leaves[:size], merkle.leaf_hash(forked.handovers[0].naming.header)]
    leaves = [*before, merkle.leaf_hash(header)]
    note = cosigned(grown, Checkpoint(grown.origin, size + 2, merkle.root(leaves)), liar)
    proof = tuple(merkle.consistency_proof(size + 1, size + 2, merkle.in_memory(leaves)))
    naming = Naming(encode_set(few), header, tuple(merkle.inclusion_path(size + 1, leaves)), note)
    way = WayForward(1, forked.handovers, Step(naming, proof))
    with pytest.raises(Malformed) as refused:
        advance(policy, way, now=LATER, refresh_by=LATER, witnessed=member_notes(grown, few, note))
    assert refused.value.code == "trust.quorum"


OUTSIDE = VerifierKey("outside.example", ED25519_COSIGNATURE, fixed_keys("outside").cosigner.public_key)


def member_notes(network: AttestedNetwork, attesters: AttesterSet, note: str, time: int = START) -> list[bytes]:
    """The same tree under two members' own origins, cosigned by the outside witness at this time."""
    tree = checkpoint_in(note)
    keys = {key.public(name): key for name in MEMBERS for key in every_key(name)}
    notes = []
    for member in attesters.members[:2]:
        log = verifier_keys(network.origin, member).submission
        text = Checkpoint(log.name, tree.size, tree.root).encode()
        lines = [log.sign(text, keys[member].submission), OUTSIDE.sign(text, fixed_keys("outside").cosigner, time)]
        notes.append(sign_note(text, lines))
    return notes


def every_key(name: str) -> list[AttesterKeys]:
    return [fixed_keys(name), fixed_keys(f"{name}, renewed")]


def forked_way(
    network: AttestedNetwork, keys: dict, *, pin: int = 1, from_pin: bool = True, to: dict | None = None
) -> WayForward:
    """What thieves of the first set's keys make: a backdated history that hands over to keys of theirs, or to others."""
    own = to or {name: fixed_keys(f"thief of {name}") for name in MEMBERS}
    attesters = AttesterSet(
        1,
        1,
        tuple(network.old_keys[name].public(name) for name in sorted(MEMBERS)),
        tuple(own[name].public(name) for name in sorted(own)),
    )
    genuine = header_codec.decode(network.headers[pin])
    header = encode(msgspec.structs.replace(genuine, attesters_root=attesters_root(attesters)))
    kept = network.leaves[:pin] if from_pin else [merkle.leaf_hash(b"another past")] * pin
    leaves = [*kept, merkle.leaf_hash(header)]
    checkpoint = Checkpoint(network.origin, pin + 1, merkle.root(leaves))
    note = cosigned(network, checkpoint, keys)
    proof = tuple(merkle.consistency_proof(pin, pin + 1, merkle.in_memory(leaves)))
    naming = Naming(encode_set(attesters), header, tuple(merkle.inclusion_path(pin, leaves)), note)
    return WayForward(1, (Step(naming, proof),), Step(naming, ()))


def quorum(network: AttestedNetwork, count: int = 3) -> dict:
    return {name: network.old_keys[name] for name in sorted(MEMBERS)[:count]}


def test_retired_keys_that_sign_a_backdated_fork_convince_no_trust_that_went_forward(grown: AttestedNetwork) -> None:
    carried = forward(grown.old_trust, way_forward(grown, 1))
    forked = cosigned(grown, Checkpoint(grown.origin, grown.size + 5, bytes(32)), quorum(grown))
    with pytest.raises(Malformed) as refused:
        evaluate(forked, carried)
    assert refused.value.code == "note.unknown_signature"
    assert refusal(carried, forked_way(grown, quorum(grown), pin=3)).startswith(("note.", "trust."))


def test_retired_keys_cannot_leave_the_pin_nor_the_date(grown: AttestedNetwork) -> None:
    pinned = replace(grown.old_trust, pin_size=3, pin_root=grown.root(3))
    assert refusal(pinned, forked_way(grown, quorum(grown), pin=3, from_pin=False)) == "trust.inconsistent"
    assert refusal(pinned, forked_way(grown, quorum(grown), pin=3), now=LATER) == "trust.stale"
    assert refusal(pinned, forked_way(grown, quorum(grown, 2), pin=3)) == "trust.quorum"


def test_a_header_under_the_quorum_names_what_it_names(grown: AttestedNetwork) -> None:
    way = way_forward(grown, 1)
    step = way.handovers[0]
    naming = step.naming
    wrong = {
        "trust.not_named": msgspec.structs.replace(naming, attesters=encode_set(grown.attesters)),
        "trust.not_included": msgspec.structs.replace(naming, path=naming.path[:-1]),
        "trust.quorum": msgspec.structs.replace(naming, checkpoint=without_one(naming.checkpoint)),
    }
    for code, each in wrong.items():
        assert refusal(grown.old_trust, WayForward(1, (Step(each, step.consistency),), way.newest)) == code
    settled = WayForward(1, (*way.handovers, way.newest), way.newest)
    assert refusal(grown.old_trust, settled) == "trust.no_handover"
    assert refusal(grown.old_trust, WayForward(2, way.handovers, way.newest)) == "trust.handover_format"


def without_one(note: str) -> str:
    parsed = Note.parse(note)
    last = next(line for line in parsed.lines if line.name.endswith(GROUP))
    return replace(parsed, lines=tuple(line for line in parsed.lines if line is not last)).encode().decode()


def test_the_way_of_another_ledger_leads_nowhere(grown: AttestedNetwork, tmp_path: Path) -> None:
    other = AttestedNetwork(tmp_path, suite="sm3")
    other.rotate("beihai", "beihai, renewed")
    assert refusal(grown.old_trust, way_forward(other, 1)) in ("note.unknown_signature", "trust.other_chain")
