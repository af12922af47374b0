"""Attacks of a stolen agent's key on its limits, against a running engine that remembers answers between blocks."""

import hashlib
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from attempt import refused
from world import World, milliseconds

from infoharbor.contractkit import Action
from infoharbor.contracts.document.actions import IssueDocument
from infoharbor.contracts.identity.demo import new_key
from infoharbor.contracts.identity.keys import AddKey, RotateKey
from infoharbor.contracts.identity.limiting import LimitKey
from infoharbor.contracts.identity.limits import Quota, Within
from infoharbor.contracts.identity.records import UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import Ceilings, SaltedAction, assemble, build_body, salts, signing_bytes

ISSUE = "document.IssueDocument"
FIRM = "firm-1"


class Thief:
    """Holds the agent's key, and shares signatures with whoever lends it theirs."""

    def __init__(self, world: World, engine: NodeEngine) -> None:
        self.world, self.engine, self.numbers = world, engine, 0
        self.agent, self.owner = world.cast.signer(FIRM, "agent"), world.signer(FIRM)
        self.must(self.owned(AddUser(self.agent.user, UserKind.AGENT, (), new_key(self.agent), (ISSUE,))))

    def signed(self, *actions: Action, users: tuple[Signer, ...]) -> bytes:
        self.world.nonce += 1
        salt = hashlib.sha256(b"thief" + self.world.nonce.to_bytes(8, "big")).digest()[:16]
        encoded = [
            encode(SaltedAction(own, (FIRM,), action.__action__.contract, action.__action__.name, encode(action)))
            for own, action in zip(salts(salt), actions, strict=False)
        ]
        body = build_body(
            self.world.suite, chain=self.world.chain, keys=[user.key_id for user in users], nonce=salt,
            expiry=milliseconds() + 60_000, ceilings=Ceilings(200, 50, 64 * 1024), actions=encoded,
        )  # fmt: skip
        return assemble(body, encoded, {user.key_id: user.key.sign(signing_bytes(body)) for user in users})

    def owned(self, *actions: Action) -> bytes:
        return self.signed(*actions, users=(self.owner,))

    def stolen(self, *actions: Action) -> bytes:
        return self.signed(*actions, users=(self.agent,))

    def must(self, raw: bytes) -> None:
        assert self.engine.submit(raw).result(10).code == ""

    def limit(self, *quotas: Quota, within: tuple[Within, ...] = ()) -> None:
        self.must(self.owned(LimitKey(self.agent.key_id.hex(), within, quotas)))

    def issue(self, size: int = 1, prefix: str = "a") -> IssueDocument:
        self.numbers += 1
        number = f"{prefix}{self.numbers}"
        return IssueDocument(number, "invoice", FIRM, (), bytes(32), size, "application/pdf", 1, 0)


@pytest.fixture
def thief(world: World, engine: NodeEngine) -> Thief:
    return Thief(world, engine)


def test_an_answer_from_before_the_limit_does_not_outlive_it(thief: Thief) -> None:
    """While it had no limits, the authority's answer for the key was remembered."""
    thief.must(thief.stolen(thief.issue()))
    thief.limit(Quota("", "", 0, 0))
    assert refused(thief.engine, thief.stolen(thief.issue())) == "identity.key_quota"


def test_a_rush_of_bundles_in_one_block_does_not_pass_a_quota(thief: Thief) -> None:
    thief.limit(Quota(ISSUE, "size", 10, 0))
    rush: list[Future[Any]] = [thief.engine.submit(thief.stolen(thief.issue(3))) for _ in range(12)]
    codes = [each.result(10).code for each in rush]
    assert sorted(codes) == [""] * 3 + ["identity.key_quota"] * 9


def test_one_bundle_does_not_hide_a_sum_or_an_object(thief: Thief) -> None:
    thief.limit(Quota(ISSUE, "size", 10, 0), within=(Within(ISSUE, "number", ("a",)),))
    split = thief.stolen(*(thief.issue(3) for _ in range(4)))
    assert refused(thief.engine, split) == "identity.key_quota"
    mixed = thief.stolen(thief.issue(), thief.issue(prefix="b"), thief.issue())
    assert refused(thief.engine, mixed) == "identity.key_within"


def test_a_signature_beside_it_does_not_lift_a_limit(thief: Thief) -> None:
    """Neither a person's nor that of the same agent's other key, which has none."""
    other = thief.world.cast.signer(FIRM, "other")
    thief.must(thief.owned(AddKey(thief.agent.user, new_key(other, thief.agent.user), (ISSUE,))))
    thief.limit(Quota("", "", 0, 0))
    for beside in (thief.owner, other):
        raw = thief.signed(thief.issue(), users=(thief.agent, beside))
        assert refused(thief.engine, raw) == "identity.key_quota"


def test_the_key_lifts_no_limit_itself(thief: Thief) -> None:
    thief.limit(Quota("", "", 1, 0))
    fresh = thief.world.cast.signer(FIRM, "fresh")
    lifted = LimitKey(thief.agent.key_id.hex(), (), ())
    rotated = RotateKey(thief.agent.key_id.hex(), new_key(fresh, thief.agent.user))
    added = AddKey(thief.agent.user, new_key(fresh, thief.agent.user), (ISSUE,))
    for action in (lifted, rotated, added):
        assert refused(thief.engine, thief.stolen(action)) == "identity.not_signed"


def test_a_rotation_gives_no_fresh_quota(thief: Thief) -> None:
    thief.limit(Quota("", "", 1, 0))
    thief.must(thief.stolen(thief.issue()))
    fresh = thief.world.cast.signer(FIRM, "fresh")
    thief.must(thief.owned(RotateKey(thief.agent.key_id.hex(), new_key(fresh, thief.agent.user))))
    assert refused(thief.engine, thief.signed(thief.issue(), users=(fresh,))) == "identity.key_quota"


def test_a_restart_forgets_nothing_that_was_used(world: World, data: Path, start: Callable[[Path], NodeEngine]) -> None:
    engine = start(data)
    thief = Thief(world, engine)
    thief.limit(Quota("", "", 1, 0))
    thief.must(thief.stolen(thief.issue()))
    engine.close()
    thief.engine = start(data)
    assert refused(thief.engine, thief.stolen(thief.issue())) == "identity.key_quota"
