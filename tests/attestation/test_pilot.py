"""A ledger that one operator signs alone, and how its members come to attest it in the operator's place."""

from dataclasses import replace
from pathlib import Path

import pytest
from attested_network import LATER, MEMBERS, OPERATOR, AttestedNetwork, Pilot, fixed_keys

from infoharbor.contracts.identity.attesters import Handover
from infoharbor.contracts.identity.attesting import BeginAttesting, HandOver, RetireAttester
from infoharbor.crypto.suites import ED25519
from infoharbor.engine.trial import START
from infoharbor.evidence.attesters import operator_trust
from infoharbor.evidence.handover import WayForward, advance, way_forward_codec
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.note import ED25519 as LOG_KIND
from infoharbor.evidence.note import VerifierKey
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.trust import TrustPolicy
from infoharbor.evidence.verify import verify
from infoharbor.kernel import merkle
from infoharbor.kernel.encoding import Malformed, encode
from infoharbor.kernel.refusal import Refusal
from infoharbor.sdk.trusting import ledger_trust, way_forward

THIEF = ED25519.private_key(merkle.sha256(b"thief"))


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    return Pilot(tmp_path)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Pilot:
    """The members have begun to attest, and one of them has put new keys in place since."""
    pilot = Pilot(tmp_path_factory.mktemp("grown"))
    pilot.gather(*MEMBERS)
    pilot.begin()
    pilot.grow(2)
    pilot.rotate("beihai", "beihai, renewed")
    return pilot


def forward(policy: TrustPolicy, way: WayForward, *, now: int = START) -> TrustPolicy:
    return advance(policy, way, now=now, refresh_by=LATER)


def test_members_gather_and_attest_from_the_vote_on(pilot: Pilot) -> None:
    pilot.gather(*MEMBERS)
    assert (pilot.attesters.era, pilot.attesters.members) == (0, ())
    assert [each.organisation for each in pilot.attesters.next] == sorted(MEMBERS)
    pilot.act(fixed_keys("penang, again").enrolment("penang"), by="penang")
    pilot.act(RetireAttester("bangkok"), by="bangkok")
    pilot.keys["penang"] = fixed_keys("penang, again")
    pilot.nodes_of["penang"].rotate(pilot.keys["penang"])
    pilot.begin()
    assert pilot.attesters.era == 1
    assert pilot.attesters.next == ()
    assert [each.organisation for each in pilot.attesters.members] == ["beihai", "haiphong", "penang"]
    assert pilot.get(Handover, 0).checkpoint
    verify(
        make_evidence(pilot.chain, pilot, ["identity/organisations/beihai"]), parse_trust(ledger_trust(pilot).encode())
    )
    pilot.refuses(pilot.keys["penang"].enrolment("penang"), by="penang", code="identity.attester_unchanged")
    pilot.audit()


def test_nobody_but_the_members_vote_lets_them_begin(pilot: Pilot) -> None:
    pilot.gather("beihai")
    pilot.refuses(pilot.beginning(), by="beihai", code="identity.not_voted")
    as_handover = HandOver(*(getattr(pilot.beginning(), name) for name in ("header", "path", "checkpoint")))
    pilot.refuses(as_handover, by="beihai", code="identity.attesters_none")


def test_what_the_named_key_did_not_sign_is_refused(pilot: Pilot) -> None:
    pilot.gather("beihai")
    stale = pilot.beginning()
    pilot.gather("penang")
    for decision in (
        stale,
        pilot.beginning(note=pilot.signed(THIEF)),
        pilot.beginning(operator=THIEF.public_key),
        pilot.beginning(operator=b""),
        pilot.beginning(note="nothing"),
    ):
        with pytest.raises(Refusal) as refused:
            pilot.decide(decision)
        assert refused.value.code == "identity.handover_unproven"
    pilot.begin()
    with pytest.raises(Refusal) as refused:
        pilot.decide(pilot.beginning())
    assert refused.value.code == "identity.attesters_settled"


def test_nobody_begins_where_nobody_has_gathered(pilot: Pilot) -> None:
    with pytest.raises(Refusal) as refused:
        pilot.begin()
    assert refused.value.code == "identity.attesters_settled"
    pilot.refuses(RetireAttester("beihai"), by="beihai", code="identity.attester_unknown")


def test_a_ledger_founded_with_attesters_never_begins_again(network: AttestedNetwork) -> None:
    decision = BeginAttesting(OPERATOR.public_key, network.header(0), network.inclusion(0, 1), network.checkpoint())
    for change in (None, RetireAttester("penang")):
        if change is not None:
            network.act(change, by="penang")
        with pytest.raises(Refusal) as refused:
            network.decide(decision)
        assert refused.value.code == "identity.attesters_settled"


def test_the_operators_trust_file_goes_forward_to_the_members_and_on(grown: Pilot) -> None:
    for pin in range(1, 7):
        policy = replace(grown.begun_trust, pin_size=pin, pin_root=grown.root(pin))
        way = way_forward_codec.decode(encode(way_forward(grown, pin)))
        assert len(way.handovers) == 2
        carried = parse_trust(forward(policy, way).encode())
        assert carried == replace(ledger_trust(grown), refresh_by=LATER)
        verify(make_evidence(grown.chain, grown, ["identity/organisations/beihai"]), carried)


def test_it_goes_forward_by_nothing_else(grown: Pilot) -> None:
    way = way_forward(grown, 1)
    first, second = way.handovers
    for steps in ((), (second,), (second, first), (first, first, second)):
        with pytest.raises(Malformed):
            forward(grown.begun_trust, WayForward(1, steps, way.newest))
    thief = VerifierKey(grown.origin, LOG_KIND, THIEF.public_key)
    stranger = operator_trust("trial", grown.chain.id, thief, (1, grown.root(1)), LATER)
    for policy, now, code in (
        (stranger, START, "note.unknown_signature"),
        (grown.begun_trust, LATER + 1, "trust.stale"),
    ):
        with pytest.raises(Malformed) as refused:
            forward(policy, way, now=now)
        assert refused.value.code == code


def test_any_byte_changed_leads_nowhere(grown: Pilot) -> None:
    raw = encode(way_forward(grown, 1))
    for place in range(0, len(raw), 29):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(Malformed):
            forward(grown.begun_trust, way_forward_codec.decode(bytes(changed)))


def test_while_they_gather_the_operators_trust_file_goes_forward_by_its_own_key(pilot: Pilot) -> None:
    pilot.gather(*MEMBERS)
    carried = forward(pilot.begun_trust, way_forward(pilot, 1))
    assert (carried.engine, carried.pin_size) == ("embedded", pilot.size)
