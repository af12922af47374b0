"""The members vote who is a validator and whose nodes may call; the block that adopts it tells CometBFT."""

from collections.abc import Callable, Sequence

import pytest
from driven import Driven
from hypothesis import given
from hypothesis import strategies as st
from world import World

from infoharbor.contractkit import Action
from infoharbor.contracts.governance.actions import VALIDATORS, Propose, SetCodes
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.engine.cometbft.founding import decisions
from infoharbor.engine.cometbft.home import new_keys
from infoharbor.engine.cometbft.validators import NODES, POWER, admits, updates

powers = st.dictionaries(st.binary(min_size=1, max_size=2), st.just(POWER), max_size=5)


@given(before=powers, after=powers)
def test_updates_lead_from_one_set_to_the_other(before: dict[bytes, int], after: dict[bytes, int]) -> None:
    changed = dict(updates(before, after))
    assert {key: power for key, power in (before | changed).items() if power} == after
    assert list(changed) == sorted(changed)


@pytest.fixture
def node(drive: Callable[..., Driven]) -> Driven:
    return drive()


@pytest.fixture
def decide(world: World, node: Driven) -> Callable[..., list[tuple[bytes, int]]]:
    """Adopt a decision in a block; what that block tells CometBFT. The bank alone has a seat."""

    def adopt(decision: Action, time: int | None = None) -> list[tuple[bytes, int]]:
        proposal = Propose.to(decision, id=f"proposal-{node.height}", reason="a test")
        done = node.block([world.signed(proposal, by="bank")], time=time)
        assert done.codes == [0]
        return done.validators

    return adopt


def entry(code: str, value: str, valid_from: int = 0, until: int = 0) -> SetCodes:
    return SetCodes((CodeEntry(VALIDATORS, code, value, "", "", valid_from, until),))


def key(number: int) -> bytes:
    return bytes([number]) * 32


def test_a_voted_set_takes_the_place_of_the_founding_one(node: Driven, decide: Callable[..., Sequence[object]]) -> None:
    (founder,) = node.founding
    assert decide(entry("bank", key(1).hex())) == sorted([(founder, 0), (key(1), POWER)])
    assert decide(entry("firm-1", key(2).hex())) == [(key(2), POWER)]
    assert decide(entry("firm-1", key(3).hex())) == [(key(2), 0), (key(3), POWER)]


def test_who_leaves_has_no_vote_and_the_last_cannot_leave(
    node: Driven, decide: Callable[..., Sequence[object]]
) -> None:
    (founder,) = node.founding
    decide(admits(VALIDATORS, {"bank": key(1).hex(), "firm-1": key(2).hex()}))
    assert decide(entry("firm-1", key(2).hex(), 0, 1)) == [(key(2), 0)]
    assert decide(entry("bank", key(1).hex(), 0, 1)) == sorted([(key(1), 0), (founder, POWER)])


@pytest.mark.parametrize("value", ["", "no key", key(1).hex()[:-2], key(171).hex().upper()])
def test_what_is_no_key_is_no_validator(node: Driven, decide: Callable[..., Sequence[object]], value: str) -> None:
    assert decide(entry("bank", value)) == []


def test_a_seat_that_begins_later_counts_from_the_first_block_then(
    node: Driven, decide: Callable[..., Sequence[object]], world: World
) -> None:
    decide(entry("bank", key(1).hex()))
    begins = node.time + 1000
    assert decide(entry("firm-1", key(2).hex(), begins)) == []
    assert node.block([world.opening()[0]], time=begins - 1).validators == []
    assert node.block([world.transfer("bank", "firm-1")], time=begins).validators == [(key(2), POWER)]


def test_only_nodes_that_the_members_voted_may_call(node: Driven, decide: Callable[..., Sequence[object]]) -> None:
    keys = {"bank": new_keys(), "firm-1": new_keys()}
    assert node.application.admits(keys["bank"].node_id)
    for decision in decisions({"bank": keys["bank"]}):
        decide(decision)
    assert node.application.admits(keys["bank"].node_id)
    assert not node.application.admits(keys["firm-1"].node_id)
    decide(admits(NODES, {"firm-1": keys["firm-1"].node_id}))
    assert node.application.admits(keys["firm-1"].node_id)
