"""Who attests: keys with one role for ever, changes that wait for the old set, and what headers say of it."""

from dataclasses import replace

import pytest
from attested_network import MEMBERS, AttestedNetwork, cosigned, fixed_keys
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.contracts.governance.actions import CastVote, Propose
from infoharbor.contracts.identity.attesters import AttesterKey, Handover
from infoharbor.contracts.identity.attesting import Attest, HandOver, RetireAttester
from infoharbor.contracts.identity.demo import new_key
from infoharbor.contracts.identity.keys import AddKey
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Player
from infoharbor.engine.trial import Trial
from infoharbor.evidence.attesters import ATTESTERS_MAX, attesters_root, quorum_of
from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import Note
from infoharbor.kernel.block import NO_ATTESTERS, header_codec
from infoharbor.kernel.refusal import Refusal


def test_any_two_quorums_share_an_honest_attester_and_the_honest_are_a_quorum() -> None:
    for count in range(1, ATTESTERS_MAX + 1):
        faulty = (count - 1) // 3
        assert 2 * quorum_of(count) - count > faulty
        assert count - faulty >= quorum_of(count)


def test_a_ledger_that_one_operator_signs_names_nobody() -> None:
    trial = Trial([Player("beihai", "北海", "Beihai", "CN", "registry", "DEMO-1000", seat=True)])
    assert header_codec.decode(trial.headers[-1]).attesters_root == NO_ATTESTERS


def test_every_header_names_the_set_as_its_block_leaves_it(network: AttestedNetwork) -> None:
    assert network.named == attesters_root(network.attesters)
    before = network.named
    network.grow()
    assert network.named == before
    network.act(fixed_keys("beihai, renewed").enrolment("beihai"), by="beihai")
    assert network.named == attesters_root(network.attesters) != before
    assert network.attesters.next
    network.hand_over()
    assert network.named == attesters_root(network.attesters)
    assert (network.attesters.era, network.attesters.next) == (2, ())
    network.audit()


def test_a_change_waits_until_the_old_set_has_attested_it(network: AttestedNetwork) -> None:
    old = network.attesters.members
    network.act(RetireAttester("penang"), by="penang")
    assert network.attesters.members == old
    assert [each.organisation for each in network.attesters.next] == sorted(set(MEMBERS) - {"penang"})
    for action in (RetireAttester("bangkok"), fixed_keys("bangkok, renewed").enrolment("bangkok")):
        network.refuses(action, by="bangkok", code="identity.attesters_pending")
    network.hand_over()
    assert [each.organisation for each in network.attesters.members] == sorted(set(MEMBERS) - {"penang"})
    network.refuses(handover_of(network), by="beihai", code="identity.attesters_settled")


def handover_of(network: AttestedNetwork, note: str = "") -> HandOver:
    height = network.size - 1
    return HandOver(network.header(height), network.inclusion(height, network.size), note or network.checkpoint())


def with_lines(note: str, keep: int, *, twice: bool = False) -> str:
    """The note with its first cosignatures only; the first of them perhaps twice, in the place of another."""
    parsed = Note.parse(note)
    log, *cosigners = sorted(parsed.lines, key=lambda line: (line.name.endswith("attesters"), line.order))
    kept = [log, *cosigners[:keep], *(cosigners[:1] if twice else [])]
    return parsed.text + "\n" + "".join(line.encode() for line in sorted(kept, key=lambda line: line.order))


def test_only_a_quorum_of_the_set_in_force_hands_over(network: AttestedNetwork) -> None:
    renewed = fixed_keys("beihai, renewed")
    network.act(renewed.enrolment("beihai"), by="beihai")
    here = Checkpoint(network.origin, network.size, network.root())
    keys = network.keys
    three = {name: keys[name] for name in ("bangkok", "haiphong", "penang")}
    good = cosigned(network, here, three)
    bad = {
        "one less than the quorum": with_lines(good, 2),
        "one of them twice": with_lines(good, 2, twice=True),
        "one more than the quorum": cosigned(network, here, keys),
        "without the log": without_log(good),
        "the new key in the place of the old": cosigned(
            network, here, {"bangkok": keys["bangkok"], "beihai": renewed, "penang": keys["penang"]}
        ),
        "swapped signatures": swapped(good),
        "another root": cosigned(network, Checkpoint(network.origin, network.size, bytes(32)), three),
        "another ledger": cosigned(network, Checkpoint(f"trial/{'0' * 16}", network.size, network.root()), three),
        "no time": cosigned(network, here, three, time=0),
        "no note": "nothing\n",
    }
    for name, note in bad.items():
        with pytest.raises(Refusal) as refused:
            network.act(handover_of(network, note), by="beihai")
        assert refused.value.code == "identity.handover_unproven", name
        assert network.attesters.era == 1, name
    network.refuses(handover_of(network, good), by="harbor", code="identity.attester_unknown", field="by")
    network.act(HandOver(network.header(here.size - 1), network.inclusion(here.size - 1, here.size), good), by="beihai")
    assert network.attesters.era == 2
    assert network.get(Handover, 1).checkpoint == good
    network.audit()


def without_log(note: str) -> str:
    parsed = Note.parse(note)
    return replace(parsed, lines=tuple(line for line in parsed.lines if "attesters" in line.name)).encode().decode()


def swapped(note: str) -> str:
    """Two cosigners' lines, each with the other's signature."""
    log, first, second, third = Note.parse(note).lines
    crossed = (replace(first, signature=second.signature), replace(second, signature=first.signature))
    return replace(Note.parse(note), lines=(log, *crossed, third)).encode().decode()


def test_a_header_from_before_the_change_hands_over_nothing(network: AttestedNetwork) -> None:
    before = network.size - 1
    network.act(RetireAttester("penang"), by="penang")
    stale = HandOver(network.header(before), network.inclusion(before, network.size), network.checkpoint())
    network.refuses(stale, by="beihai", code="identity.handover_unproven")


def test_a_node_hands_over_no_change_but_the_one_under_way(network: AttestedNetwork) -> None:
    """A quorum's attestation comes after the block: until then the newest that is attested may name a change that holds."""
    keys = fixed_keys("bangkok, renewed")
    network.nodes_of["bangkok"].rotate(keys)
    network.act(keys.enrolment("bangkok"), by="bangkok")
    first, gone = network.first.attestation, {"haiphong", "bangkok", "penang"}
    action = first.handover(network)
    assert action is not None
    network.away = gone
    network.act(action, by="beihai")
    assert first.handover(network) is None
    network.act(RetireAttester("penang"), by="penang")
    assert first.handover(network) is None
    network.away = set()
    network.attest()
    network.hand_over()
    assert [each.organisation for each in network.attesters.members] == sorted(set(MEMBERS) - {"penang"})


def test_a_public_key_has_one_role_for_ever(network: AttestedNetwork) -> None:
    own, signer = network.keys["beihai"], network.cast.signer("beihai")
    as_user = SUITES["ed25519"].private_key(own.log.secret)
    taken = signer._replace(key=as_user)
    network.refuses(AddKey(signer.user, new_key(taken, signer.user), ()), by="beihai", code="identity.key_known")
    cases = {
        "another's": fixed_keys("bangkok")._replace(cosigner=own.cosigner),
        "its own in another role": own._replace(cosigner=own.log),
        "one key in two roles": fixed_keys("x")._replace(log=fixed_keys("x").submission),
        "a user's": fixed_keys("x")._replace(log=network.cast.signer("bangkok").key),
    }
    for name, keys in cases.items():
        organisation = "bangkok" if name == "another's" else "beihai"
        with pytest.raises(Refusal) as refused:
            network.act(keys.enrolment(organisation), by=organisation)
        assert refused.value.code == "identity.key_known", name
    network.rotate("beihai", "beihai, renewed")
    network.refuses(own.enrolment("beihai"), by="beihai", code="identity.key_known")
    network.rotate("beihai", "beihai, renewed again")
    assert len(network.all(AttesterKey)) == 3 * len(MEMBERS) + 2 * 3
    network.audit()


def test_who_joins_shows_that_it_holds_its_keys(network: AttestedNetwork) -> None:
    network.refuses(fixed_keys("x").enrolment("bangkok"), by="beihai", code="ledger.not_entitled")
    good = fixed_keys("x").enrolment("beihai")
    for role in ("cosigner", "log", "submission"):
        fields = {name: getattr(good, name) for name in good.__struct_fields__}
        fields[role] = getattr(fixed_keys("x").enrolment("bangkok"), role)
        network.refuses(Attest(**fields), by="beihai", code="identity.possession", field=role)
    p256 = SUITES["p256"].generate()
    other = fixed_keys("x")._replace(cosigner=p256).enrolment("beihai")
    network.refuses(other, by="beihai", code="identity.attester_suite", field="cosigner")
    network.refuses(network.keys["beihai"].enrolment("beihai"), by="beihai", code="identity.attester_unchanged")


def test_an_attester_leaves_by_itself_or_after_its_seat(network: AttestedNetwork) -> None:
    network.refuses(RetireAttester("penang"), by="beihai", code="identity.attester_kept")
    network.refuses(RetireAttester("harbor"), by="harbor", code="identity.attester_unknown")
    lose_seat(network, "penang")
    network.refuses(fixed_keys("x").enrolment("penang"), by="penang", code="identity.attester_seat")
    network.act(RetireAttester("penang"), by="beihai")
    network.hand_over()
    assert len(network.attesters.members) == 3


def lose_seat(network: AttestedNetwork, name: str) -> None:
    network.act(Propose.to(SetSeat(name, False), id="seat", reason=""), by="harbor")
    for voter in ("beihai", "haiphong", "bangkok"):
        network.act(CastVote("seat", True), by=voter)


def test_somebody_attests_to_the_last(network: AttestedNetwork) -> None:
    for name in MEMBERS[1:]:
        network.act(RetireAttester(name), by=name)
        network.hand_over()
    network.refuses(RetireAttester("beihai"), by="beihai", code="identity.last_attester")


@given(st.lists(st.tuples(st.sampled_from(MEMBERS), st.sampled_from(["rotate", "retire", "hand over"])), max_size=6))
@settings(max_examples=8, deadline=None)
def test_whatever_happens_eras_follow_one_another_and_the_set_is_attested(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    network = AttestedNetwork(tmp_path_factory.mktemp("network"))
    for number, (name, step) in enumerate(steps):
        before = network.attesters
        try:
            if step == "hand over":
                action = network.first.attestation.handover(network)
                if action is not None:
                    network.act(action, by="beihai")
                    assert network.attesters.members == before.next
            elif step == "rotate":
                keys = fixed_keys(f"{name}, {number}")
                network.nodes_of[name].rotate(keys)
                network.act(keys.enrolment(name), by=name)
            else:
                network.act(RetireAttester(name), by=name)
        except Refusal:
            assert network.attesters == before
        assert network.attesters.era in (before.era, before.era + 1)
        assert network.named == attesters_root(network.attesters)
        assert (
            Note.parse(network.checkpoint()).text == Checkpoint(network.origin, network.size, network.root()).encode()
        )
    network.audit()
