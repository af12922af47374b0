"""What gets into a block, what is refused at the door, and what a replay is told."""

from concurrent.futures import Future

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import TOKEN, World, milliseconds

from infoharbor.contractkit.signatures import possession_message
from infoharbor.contracts.asset.records import Balance
from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.contracts.identity.keys import RotateKey
from infoharbor.contracts.identity.records import NewKey
from infoharbor.engine.interface import Refused
from infoharbor.engine.mempool import Mempool
from infoharbor.engine.node import NodeEngine
from infoharbor.kernel import limits
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.room import BlockRoom
from infoharbor.kernel.running import DECLARED_FORM
from infoharbor.kernel.transaction import open_transaction, transaction_codec


def refused(future: "Future[Receipt]") -> str:
    with pytest.raises(Refused) as caught:
        future.result(10)
    return caught.value.code


def rotation(world: World, organisation: str) -> bytes:
    """The transaction by which an administrator's key makes room for another."""
    old, new = world.signer(organisation), world.cast.signer(organisation, "second")
    proof = new.key.sign(possession_message(old.user, "ed25519", new.key.public_key))
    action = RotateKey(old.key_id.hex(), NewKey("ed25519", new.key.public_key, proof, 0, 0))
    return world.signed(action, by=organisation)


def test_a_transaction_resolves_with_its_receipt_and_takes_effect(engine: NodeEngine, world: World) -> None:
    receipt = engine.submit(world.transfer("bank", "firm-1", 5)).result(10)
    assert (receipt.code, receipt.height) == ("", engine.status().height)
    with engine.snapshot() as snapshot:
        balance = snapshot.find(Balance, TOKEN, "firm-1")
    assert balance is not None
    assert balance.free == 10**12 + 5
    assert engine.receipt(receipt.transaction) == receipt


def test_a_refusal_by_a_contract_is_a_receipt_and_changes_nothing(engine: NodeEngine, world: World) -> None:
    receipt = engine.submit(world.transfer("bank", "firm-1", 10**15)).result(10)
    assert receipt.code.startswith("asset.")
    assert receipt.writes == ()


def test_no_librarys_wording_gets_into_a_receipt(engine: NodeEngine, world: World) -> None:
    """Receipts are hashed, and another version of the library may say it otherwise."""
    misfit = Transfer(TOKEN, "firm-1", "many", "example")  # type: ignore[arg-type]
    receipt = engine.submit(world.signed(misfit, by="bank")).result(10)
    assert (receipt.code, receipt.expected) == ("ledger.malformed", DECLARED_FORM)


def test_a_replay_gets_the_first_receipt_and_runs_once(engine: NodeEngine, world: World) -> None:
    raw = world.transfer("bank", "firm-1", 5)
    first = engine.submit(raw).result(10)
    height = engine.status().height
    assert engine.submit(raw).result(10) == first
    assert engine.status().height == height


def test_the_same_transaction_sent_twice_at_once_runs_once(engine: NodeEngine, world: World) -> None:
    raw = world.transfer("bank", "firm-1", 5)
    futures = [engine.submit(raw) for _ in range(20)]
    assert len({future.result(10) for future in futures}) == 1


def test_a_replay_after_its_key_is_gone_still_gets_its_receipt(engine: NodeEngine, world: World) -> None:
    raw = rotation(world, "firm-1")
    first = engine.submit(raw).result(10)
    assert first.code == ""
    assert engine.submit(raw).result(10) == first
    assert refused(engine.submit(world.transfer("firm-1", "bank"))) == "identity.key_revoked"


def test_a_key_revoked_in_an_earlier_block_drops_what_waits(
    engine: NodeEngine, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Mempool.take
    monkeypatch.setattr(Mempool, "take", lambda mempool: take(mempool, BlockRoom((2, *([10**12] * 5)))))
    waits = world.transfer("firm-1", "bank")
    rotated, dropped = engine.submit(rotation(world, "firm-1")), engine.submit(waits)
    assert rotated.result(10).code == ""
    assert refused(dropped) == "identity.key_revoked"
    assert engine.receipt(open_transaction(world.suite, waits).id) is None


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"chain": bytes(32)}, "ledger.wrong_chain"),
        ({"expiry": milliseconds() - 10_000}, "ledger.expired"),
        ({"expiry": milliseconds() + limits.EXPIRY_MS + 3_600_000}, "ledger.expiry_too_far"),
        (
            {"expiry": milliseconds() + limits.JOINT_EXPIRY_MS + 3_600_000, "also": ("bank",)},
            "ledger.expiry_too_far",
        ),
    ],
)
def test_refused_at_the_door(engine: NodeEngine, world: World, options: dict[str, object], code: str) -> None:
    assert refused(engine.submit(world.transfer("firm-1", "firm-2", 1, **options))) == code


def test_a_bundle_of_several_organisations_may_wait_longer(engine: NodeEngine, world: World) -> None:
    expiry = milliseconds() + limits.EXPIRY_MS + 3_600_000
    raw = world.transfer("firm-1", "firm-2", 1, expiry=expiry, also=("bank",))
    assert engine.submit(raw).result(10).code == ""


def test_a_transaction_beyond_the_limit_is_refused_unread(engine: NodeEngine) -> None:
    assert refused(engine.submit(bytes(limits.TRANSACTION_BYTES + 1))) == "ledger.too_large"


def test_an_unknown_key_is_refused(engine: NodeEngine, world: World) -> None:
    stranger = world.cast.signer("firm-1", "stranger")
    world.signer = lambda _: stranger  # type: ignore[method-assign,assignment]
    assert refused(engine.submit(world.transfer("firm-1", "firm-2"))) == "identity.key_unknown"


def test_stripping_a_signature_leaves_no_mark(engine: NodeEngine, world: World) -> None:
    """A crippled copy is dropped, and the honest bundle runs after it."""
    raw = world.transfer("firm-1", "firm-2", 1, also=("bank",))
    sent = transaction_codec.decode(raw)
    stripped = encode([sent.body, sent.actions, sent.signatures[:1]])
    swapped = encode([sent.body, sent.actions, sent.signatures[::-1]])
    added = encode([sent.body, sent.actions, (*sent.signatures, sent.signatures[0])])
    assert refused(engine.submit(stripped)) == "ledger.signature_count"
    assert refused(engine.submit(added)) == "ledger.signature_count"
    assert refused(engine.submit(swapped)) == "ledger.signature_invalid"
    assert engine.submit(raw).result(10).code == ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choice=st.data())
def test_no_altered_byte_gets_in(engine: NodeEngine, world: World, choice: st.DataObject) -> None:
    raw = bytearray(world.transfer("firm-1", "firm-2"))
    at = choice.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= choice.draw(st.integers(1, 255))
    height = engine.status().height
    refused(engine.submit(bytes(raw)))
    assert engine.status().height == height


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=400))
def test_no_noise_gets_in(engine: NodeEngine, raw: bytes) -> None:
    assert refused(engine.submit(raw)).startswith("ledger.")


def test_actions_of_one_bundle_are_all_or_nothing(engine: NodeEngine, world: World) -> None:
    raw = world.signed(Transfer(TOKEN, "firm-1", 5, ""), Transfer(TOKEN, "firm-1", 10**15, ""), by="bank")
    assert engine.submit(raw).result(10).action == 1
    with engine.snapshot() as snapshot:
        balance = snapshot.find(Balance, TOKEN, "firm-1")
    assert balance is not None
    assert balance.free == 10**12


def test_a_closed_engine_refuses(engine: NodeEngine, world: World) -> None:
    engine.close()
    assert refused(engine.submit(world.transfer("bank", "firm-1"))) == "node.closed"
