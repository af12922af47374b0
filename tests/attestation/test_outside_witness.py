"""Our members are watched by a witness that others run: it cosigns what grew, and catches a member that shows it a fork."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import outside
import pytest
from attested_network import MEMBERS, AttestedNetwork, fixed_keys

from infoharbor.engine.attester import Marks, NodeAttester
from infoharbor.engine.interface import Refused
from infoharbor.engine.trial import START
from infoharbor.evidence.attesters import attested_trust
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.trust import Witness
from infoharbor.evidence.verify import Unproven, verify
from infoharbor.gateway.witness import Feeder
from infoharbor.kernel import merkle

WATCHED = MEMBERS[:3]
KEYS = [fixed_keys("outside").cosigner, fixed_keys("outside", suite="ml-dsa-44").cosigner]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return outside.build(tmp_path_factory.mktemp("omniwitness"))


@pytest.fixture
def witnesses(program: Path, network: AttestedNetwork, tmp_path: Path) -> Iterator[list[Witness]]:
    logs = [network.nodes_of[name].attesters[0].verifiers.submission for name in WATCHED]
    with outside.running(program, tmp_path / "outside", logs, KEYS) as started:
        yield started


def feeder(network: AttestedNetwork, name: str, witnesses: list[Witness]) -> Feeder:
    return Feeder(network.nodes_of[name].attesters[0], network, witnesses)


def feed(feeder: Feeder, size: int, root: bytes) -> bytes | None:
    async def once() -> bytes | None:
        async with httpx.AsyncClient() as client:
            return await feeder.feed(client, size, root)

    return asyncio.run(once())


def test_a_tree_is_witnessed_once_enough_members_have_shown_it(
    network: AttestedNetwork, witnesses: list[Witness]
) -> None:
    feeders = [feeder(network, name, witnesses) for name in WATCHED]
    for _ in range(2):
        network.grow(2)
        notes = [feed(each, network.size, network.root()) for each in feeders]
    pin = (1, network.root(1))
    policy = attested_trust("trial", network.chain.id, network.attesters.members, pin, START, witnesses)
    raw = make_evidence(network.chain, network, ["identity/organisations/beihai"])
    for count in range(len(notes) + 1):
        shown = [note for note in notes[:count] if note is not None]
        if count >= 2:
            assert set(verify(raw, policy, shown).signers) >= {witness.name for witness in witnesses}
        else:
            with pytest.raises(Unproven, match=r"evidence\.quorum"):
                verify(raw, policy, shown)


def test_a_member_that_shows_a_fork_is_caught_and_the_others_go_on(
    network: AttestedNetwork, witnesses: list[Witness], tmp_path: Path
) -> None:
    network.grow(3)
    honest, liar = (feeder(network, name, witnesses) for name in WATCHED[:2])
    assert feed(liar, network.size, network.root())
    leaves = [*network.leaves[:2], *(merkle.leaf_hash(bytes([number])) for number in range(8))]

    class Forked:
        def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
            return tuple(merkle.consistency_proof(old, new or len(leaves), merkle.in_memory(leaves)))

    def second_history(size: int) -> bytes:
        return merkle.root(leaves[:size])

    for size in (network.size, network.size + 1):
        forgetful = NodeAttester(
            network.origin, WATCHED[1], network.keys[WATCHED[1]], Marks(tmp_path / f"{size}.json"), second_history
        )
        with pytest.raises(Refused, match=r"witness\.refused"):
            feed(Feeder(forgetful, Forked(), witnesses), size, second_history(size))
    assert feed(honest, network.size, network.root())


def test_who_comes_back_begins_where_the_witness_is(network: AttestedNetwork, witnesses: list[Witness]) -> None:
    assert feed(feeder(network, WATCHED[0], witnesses), network.size, network.root())
    network.grow(4)
    assert feed(feeder(network, WATCHED[0], witnesses), network.size, network.root())


def test_a_log_that_the_witness_does_not_know_is_refused(network: AttestedNetwork, witnesses: list[Witness]) -> None:
    with pytest.raises(Refused, match=r"witness\.refused"):
        feed(feeder(network, MEMBERS[3], witnesses), network.size, network.root())
