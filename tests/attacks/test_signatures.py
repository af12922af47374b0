"""Attacks on what a signature says: stripped, added, swapped, forged, replayed, of another chain or of no key."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from attempt import dropped, refused, state_root
from world import TOKEN, World, milliseconds

from infoharbor.contracts.asset.records import Balance
from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.contracts.identity.demo import new_key
from infoharbor.contracts.identity.keys import AddKey, RevokeKey
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Signer
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import open_transaction, transaction_codec


def with_signatures(raw: bytes, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> bytes:
    sent = transaction_codec.decode(raw)
    return encode([sent.body, sent.actions, change(sent.signatures)])


CRIPPLED: list[tuple[Callable[[tuple[bytes, ...]], tuple[bytes, ...]], str]] = [
    (lambda both: both[:1], "ledger.signature_count"),
    (lambda both: (both[0], b""), "ledger.signature_invalid"),
    (lambda both: (), "ledger.signature_count"),
    (lambda both: (*both, both[0]), "ledger.signature_count"),
    (lambda both: both[::-1], "ledger.signature_invalid"),
]


def test_a_crippled_copy_sent_first_does_not_kill_the_honest_bundle(engine: NodeEngine, world: World) -> None:
    """Signature stripping, adding, swapping: the cripple sets no replay mark, neither before nor beside the honest one."""
    for change, code in CRIPPLED:
        honest = world.transfer("firm-1", "firm-2", 1, also=("bank",))
        cripple = with_signatures(honest, change)
        assert dropped(engine, cripple) == code
        assert engine.receipt(open_transaction(world.suite, honest).id) is None
        receipt = [engine.submit(raw) for raw in (cripple, honest, cripple)][1].result(10)
        assert receipt.code == ""
        assert {signer.organisation for signer in receipt.signers} == {"firm-1", "bank"}


def test_a_bundle_for_two_does_not_run_with_a_body_that_names_one(engine: NodeEngine, world: World) -> None:
    """The body lists the keys, so that leaving one out makes another transaction, which its signers never signed."""
    honest = world.transfer("firm-1", "firm-2", 1, also=("bank",))
    sent = transaction_codec.decode(honest)
    opened = open_transaction(world.suite, honest)
    for place, key in enumerate(opened.body.keys):
        body = encode([*(each if name != "keys" else (key,) for name, each in _fields(opened.body))])
        forged = encode([body, sent.actions, (sent.signatures[place],)])
        assert dropped(engine, forged) == "ledger.signature_invalid"


def _fields(body: object) -> list[tuple[str, object]]:
    names = body.__struct_fields__  # type: ignore[attr-defined]
    return [(name, getattr(body, name)) for name in names]


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_a_signature_of_another_key_or_message_is_no_signature(engine: NodeEngine, world: World, suite: str) -> None:
    """In every suite: another key's signature, another bundle's, another suite's, and noise."""
    second = world.cast.signer("firm-1", "second", suite=suite)
    added = AddKey(world.signer("firm-1").user, new_key(second, world.signer("firm-1").user), ())
    assert engine.submit(world.signed(added, by="firm-1")).result(10).code == ""
    stranger = world.cast.signer("firm-1", "stranger", suite=suite)
    other_suite = world.cast.signer("firm-1", suite="p256" if suite != "p256" else "ed25519")
    world.signer = lambda _: second  # type: ignore[method-assign,assignment]
    honest = world.transfer("firm-1", "firm-2")
    another = transaction_codec.decode(world.transfer("firm-1", "firm-2")).signatures[0]
    message = open_transaction(world.suite, honest).message
    length = len(another)
    for forged in (
        stranger.key.sign(message), other_suite.key.sign(message), another, b"", bytes(length), b"\xff" * length,
        second.key.sign(message)[:-1], second.key.sign(message) + b"\0", second.key.sign(message[1:]),
    ):  # fmt: skip
        assert (
            dropped(engine, with_signatures(honest, lambda _, forged=forged: (forged,))) == "ledger.signature_invalid"
        )
    assert engine.submit(honest).result(10).code == ""


def test_a_key_made_in_a_block_does_not_sign_in_it(engine: NodeEngine, world: World) -> None:
    """Both are sent at once; what the new key signed leaves no mark, and runs once the key stands."""
    new = world.cast.signer("firm-1", "new")
    user = world.signer("firm-1").user
    makes = world.signed(AddKey(user, new_key(new, user), ()), by="firm-1")
    world.signer = lambda organisation: new if organisation == "firm-1" else world.cast.signer(organisation)  # type: ignore[method-assign]
    hasty = world.transfer("firm-1", "firm-2")
    made, tried = engine.submit(makes), engine.submit(hasty)
    assert made.result(10).code == ""
    assert "identity.key_unknown" in str(tried.exception(10))
    assert engine.submit(hasty).result(10).code == ""


def test_a_key_added_by_a_bundle_does_not_sign_that_bundle(engine: NodeEngine, world: World) -> None:
    new: Signer = world.cast.signer("firm-1", "new")
    user = world.signer("firm-1").user
    add, pay = AddKey(user, new_key(new, user), ()), Transfer(TOKEN, "firm-2", 1, "")
    honest = world.signer
    world.signer = lambda organisation: new if organisation == "new" else honest(organisation)  # type: ignore[method-assign]
    assert dropped(engine, world.signed(add, pay, by="firm-1", also=("new",))) == "identity.key_unknown"


def test_a_revoked_key_signs_nothing_from_the_next_block(engine: NodeEngine, world: World) -> None:
    user = world.signer("firm-1").user
    second = world.cast.signer("firm-1", "second")
    assert engine.submit(world.signed(AddKey(user, new_key(second, user), ()), by="firm-1")).result(10).code == ""
    revoke = world.signed(RevokeKey(second.key_id.hex()), by="firm-1")
    world.signer = lambda _: second  # type: ignore[method-assign,assignment]
    stolen = world.transfer("firm-1", "firm-2", 10)
    assert engine.submit(revoke).result(10).code == ""
    assert dropped(engine, stolen) == "identity.key_revoked"


def test_an_expired_key_pays_nobody(engine: NodeEngine, world: World) -> None:
    user = world.signer("firm-1").user
    brief = world.cast.signer("firm-1", "brief")
    until = milliseconds() + 400
    assert (
        engine.submit(world.signed(AddKey(user, new_key(brief, user, until=until), ()), by="firm-1")).result(10).code
        == ""
    )
    early = world.cast.signer("firm-1", "early")
    begins = new_key(early, user, valid_from=milliseconds() + 3_600_000)
    assert engine.submit(world.signed(AddKey(user, begins, ()), by="firm-1")).result(10).code == ""
    while milliseconds() <= until:
        engine.wait_beyond(engine.status().height, 0.05)
    world.signer = lambda _: brief  # type: ignore[method-assign,assignment]
    assert refused(engine, world.transfer("firm-1", "firm-2")) == "identity.key_expired"
    world.signer = lambda _: early  # type: ignore[method-assign,assignment]
    assert dropped(engine, world.transfer("firm-1", "firm-2")) == "identity.key_early"


def test_a_transaction_of_another_ledger_of_the_same_people_does_not_run_here(engine: NodeEngine, world: World) -> None:
    """Two living ledgers: the same name, members and keys, another genesis."""
    twin = World(begin=world.begin - 1)
    assert (twin.genesis.name, twin.signer("bank").key_id) == (world.genesis.name, world.signer("bank").key_id)
    assert twin.chain != world.chain
    assert dropped(engine, twin.transfer("bank", "firm-1", 1)) == "ledger.wrong_chain"


def test_a_replay_after_a_restart_finds_its_receipt_and_pays_once(
    world: World, data: Path, start: Callable[[Path], NodeEngine]
) -> None:
    """Both what took effect and what was refused are remembered, wherever the node stopped."""
    engine = start(data)
    for raw in world.opening():
        assert engine.submit(raw).result(10).code == ""
    paid, short = world.transfer("bank", "firm-1", 7), world.transfer("bank", "firm-1", 10**15)
    first = [engine.submit(raw).result(10) for raw in (paid, short)]
    assert [receipt.code for receipt in first] == ["", "asset.balance_short"]
    for _ in range(2):
        engine.close()
        engine = start(data)
        root, height = state_root(engine), engine.status().height
        # The bank is rich enough by now: a refused bundle that ran again might take effect.
        assert [engine.submit(raw).result(10) for raw in (paid, short)] == first
        assert (state_root(engine), engine.status().height) == (root, height)
    with engine.snapshot() as snapshot:
        balance = snapshot.find(Balance, TOKEN, "firm-1")
    assert balance is not None
    assert balance.free == 10**12 + 7


def test_a_refused_bundle_does_not_run_once_it_could(engine: NodeEngine, world: World) -> None:
    """Whoever kept a refused payment cannot collect it later."""
    kept = world.transfer("firm-1", "firm-2", 2 * 10**12)
    assert refused(engine, kept) == "asset.balance_short"
    assert engine.submit(world.transfer("bank", "firm-1", 10**12)).result(10).code == ""
    root = state_root(engine)
    assert engine.submit(kept).result(10).code == "asset.balance_short"
    assert state_root(engine) == root


def test_the_same_actions_under_another_salt_are_another_bundle_and_need_signing_again(
    engine: NodeEngine, world: World
) -> None:
    """A recorded transfer cannot be sent twice by salting its actions anew: the body commits to the salted action."""
    honest = world.transfer("bank", "firm-1", 3)
    sent = transaction_codec.decode(honest)
    opened = open_transaction(world.suite, honest)
    action = opened.actions[0]
    salted = encode([hashlib.sha256(b"other").digest()[:16], action.by, action.contract, action.name, action.arguments])
    assert dropped(engine, encode([sent.body, (salted,), sent.signatures])) == "ledger.action_hash"
