"""The transaction's form: one encoding, every limit, and ids that sort by expiry."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.crypto.hashes import SHA256, SM3, HashSuite
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import Codec, Malformed, Wire, encode
from infoharbor.kernel.transaction import (
    Body,
    Ceilings,
    Opened,
    SaltedAction,
    Transaction,
    action_hash,
    assemble,
    build_body,
    open_transaction,
    signing_bytes,
    transaction_id,
)

CEILINGS = Ceilings(10, 10, 1000)
KEYS = [bytes([number]) * 32 for number in range(20)]


def salted(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "salt": bytes(16),
        "by": ("harbor",),
        "contract": "identity",
        "name": "SetPolicy",
        "arguments": b"\x91\x90",
    }
    return encode(SaltedAction(**(fields | changes)))


def made(suite: HashSuite = SHA256, *, bundle: list[bytes] | None = None, **changes: Any) -> bytes:
    """A transaction's bytes; `bundle` holds its encoded actions, `changes` replace fields of its body."""
    bundle = [salted()] if bundle is None else bundle
    hashes = tuple(action_hash(suite, action) for action in bundle)
    body = Body(1, bytes(32), (KEYS[0],), bytes(16), 1_767_225_600_000, CEILINGS, hashes)
    body = msgspec.structs.replace(body, **changes)
    return encode(Transaction(encode(body), tuple(bundle), (b"signature",) * len(body.keys)))


def refused(raw: bytes, suite: HashSuite = SHA256) -> tuple[str, str]:
    with pytest.raises(Malformed) as malformed:
        open_transaction(suite, raw)
    return malformed.value.code, malformed.value.field


# One value, one encoding


class Sample(Wire):
    number: int
    texts: tuple[str, ...]
    data: bytes | None = None


sample = Codec(Sample, limit=1000)


@given(
    st.builds(
        Sample,
        st.integers(-(2**63), 2**64 - 1),
        st.lists(st.text(max_size=5)).map(tuple),
        st.binary(max_size=40),
    )
)
def test_what_is_encoded_decodes_to_itself(value: Sample) -> None:
    raw = encode(value)
    if len(raw) <= 1000:
        assert sample.decode(raw) == value


@given(st.binary(max_size=60))
def test_bytes_that_decode_are_the_one_encoding(raw: bytes) -> None:
    try:
        value = sample.decode(raw)
    except Malformed:
        return
    assert encode(value) == raw


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"\x93\xcc\x01\x90\xc0", "ledger.not_canonical", id="one-byte integer that fits in none"),
        pytest.param(b"\x93\xcd\x00\x01\x90\xc0", "ledger.not_canonical", id="long integer"),
        pytest.param(b"\x93\xd3" + bytes(7) + b"\x01\x90\xc0", "ledger.not_canonical", id="signed long integer"),
        pytest.param(b"\xdc\x00\x03\x01\x90\xc0", "ledger.not_canonical", id="long array header"),
        pytest.param(b"\xdd\x00\x00\x00\x03\x01\x90\xc0", "ledger.not_canonical", id="longer array header"),
        pytest.param(b"\x93\x01\x91\xd9\x01a\xc0", "ledger.not_canonical", id="long text header"),
        pytest.param(b"\x93\x01\x90\xc5\x00\x01a", "ledger.not_canonical", id="long binary header"),
        pytest.param(b"\x92\x01\x90", "ledger.not_canonical", id="left-out field with a default"),
        pytest.param(b"\x91\x01", "ledger.malformed", id="left-out field"),
        pytest.param(b"\x94\x01\x90\xc0\xc0", "ledger.malformed", id="one field too many"),
        pytest.param(b"\x93\x01\x90\xc0\x00", "ledger.malformed", id="trailing byte"),
        pytest.param(b"\x93\xcb\x3f\xf0" + bytes(6) + b"\x90\xc0", "ledger.malformed", id="float for an integer"),
        pytest.param(b"\x93\xc3\x90\xc0", "ledger.malformed", id="boolean for an integer"),
        pytest.param(b"\x93\x01\x91\xa1\xff\xc0", "ledger.malformed", id="text that is not UTF-8"),
        pytest.param(b"\x91" * 900 + b"\xc0", "ledger.malformed", id="nested deeply"),
        pytest.param(b"", "ledger.malformed", id="nothing"),
        pytest.param(bytes(1001), "ledger.too_large", id="beyond the limit"),
    ],
)
def test_another_encoding_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Malformed) as malformed:
        sample.decode(raw)
    assert malformed.value.code == code


@given(st.sampled_from([SHA256, SM3]), st.data())
def test_no_byte_of_a_transaction_can_change_unnoticed(suite: HashSuite, data: st.DataObject) -> None:
    raw = made(suite)
    before = open_transaction(suite, raw)
    place, flip = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(1, 255))
    changed = raw[:place] + bytes([raw[place] ^ flip]) + raw[place + 1 :]
    try:
        after = open_transaction(suite, changed)
    except Malformed:
        return
    assert after.signatures != before.signatures or (after.id, after.message) != (before.id, before.message)


# The form


def test_a_whole_transaction_opens() -> None:
    opened = open_transaction(SHA256, made())
    assert isinstance(opened, Opened)
    assert opened.actions[0].name == "SetPolicy"
    assert opened.message == signing_bytes(encode(opened.body))


def test_a_clients_parts_make_a_transaction() -> None:
    body = build_body(
        SHA256,
        chain=bytes(32),
        keys=[KEYS[2], KEYS[1]],
        nonce=bytes(16),
        expiry=0,
        ceilings=CEILINGS,
        actions=[salted()],
    )
    opened = open_transaction(SHA256, assemble(body, [salted()], {KEYS[1]: b"one", KEYS[2]: b"two"}))
    assert opened.body.keys == (KEYS[1], KEYS[2])
    assert opened.signatures == (b"one", b"two")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"format": 2}, "ledger.format", "format"),
        ({"keys": ()}, "ledger.malformed", "keys"),
        ({"keys": tuple(KEYS[:17])}, "ledger.malformed", "keys"),
        ({"keys": (KEYS[1], KEYS[0])}, "ledger.malformed", "keys"),
        ({"keys": (KEYS[1], KEYS[1])}, "ledger.malformed", "keys"),
        ({"keys": (bytes(31),)}, "ledger.malformed", "keys"),
        ({"chain": bytes(31)}, "ledger.malformed", "nonce"),
        ({"nonce": bytes(15)}, "ledger.malformed", "nonce"),
        ({"expiry": -1}, "ledger.malformed", "expiry"),
        ({"expiry": 2**48}, "ledger.malformed", "expiry"),
        ({"ceilings": Ceilings(limits.READS_PER_TRANSACTION + 1, 0, 0)}, "ledger.ceilings", "ceilings"),
        ({"ceilings": Ceilings(0, limits.WRITES_PER_TRANSACTION + 1, 0)}, "ledger.ceilings", "ceilings"),
        (
            {"ceilings": Ceilings(0, 0, limits.WRITTEN_BYTES_PER_TRANSACTION + 1)},
            "ledger.ceilings",
            "ceilings",
        ),
        ({"ceilings": Ceilings(-1, 0, 0)}, "ledger.ceilings", "ceilings"),
        ({"actions": ()}, "ledger.malformed", "actions"),
        ({"actions": (bytes(32),)}, "ledger.action_hash", "actions"),
    ],
)
def test_a_body_out_of_form_is_refused(changes: dict[str, Any], code: str, field: str) -> None:
    assert refused(made(**changes)) == (code, field)


@pytest.mark.parametrize(
    "changes",
    [
        {"salt": bytes(15)},
        {"by": ()},
        {"by": ("a", "a")},
        {"by": tuple(f"organisation-{number}" for number in range(limits.ORGANISATIONS_PER_ACTION + 1))},
    ],
)
def test_an_action_out_of_form_is_refused(changes: dict[str, Any]) -> None:
    assert refused(made(bundle=[salted(**changes)])) == ("ledger.malformed", "actions")


def test_two_actions_with_one_salt_are_refused() -> None:
    # One of them shown would let everyone guess the other.
    bundle = [salted(), salted(name="RotateKey")]
    assert refused(made(bundle=bundle)) == ("ledger.malformed", "actions")


def test_a_bundle_holds_as_many_actions_as_the_limit_and_no_more() -> None:
    most = limits.ACTIONS_PER_TRANSACTION
    bundle = [salted(salt=number.to_bytes(16, "big")) for number in range(most + 1)]
    assert len(open_transaction(SHA256, made(bundle=bundle[:most])).actions) == most
    assert refused(made(bundle=bundle)) == ("ledger.malformed", "actions")
    assert refused(made(bundle=[])) == ("ledger.malformed", "actions")


def test_each_key_has_one_signature() -> None:
    transaction = msgspec.msgpack.decode(made(), type=Transaction)
    for signatures in ((), (b"a", b"b")):
        raw = encode(msgspec.structs.replace(transaction, signatures=signatures))
        assert refused(raw) == ("ledger.signature_count", "signatures")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: bytes(limits.TRANSACTION_BYTES + 1), "transaction"),
        (lambda: made(bundle=[salted(arguments=bytes(limits.ACTION_BYTES))]), "saltedaction"),
    ],
)
def test_nothing_larger_than_its_limit_is_decoded(make: Callable[[], bytes], name: str) -> None:
    assert refused(make()) == ("ledger.too_large", name)


def test_the_body_inside_is_canonical_too() -> None:
    transaction = msgspec.msgpack.decode(made(), type=Transaction)
    longer = b"\xdc\x00\x07" + transaction.body[1:]
    raw = encode(msgspec.structs.replace(transaction, body=longer))
    assert refused(raw) == ("ledger.not_canonical", "body")


# Ids


@given(st.integers(0, 2**40), st.integers(0, 2**40), st.binary(max_size=20))
def test_ids_sort_by_the_bucket_of_their_expiry(first: int, second: int, body: bytes) -> None:
    buckets = first // limits.REPLAY_BUCKET_MS, second // limits.REPLAY_BUCKET_MS
    ids = transaction_id(SHA256, body, first), transaction_id(SHA256, body + b"x", second)
    assert all(len(identifier) == 32 for identifier in ids)
    assert buckets[0] == buckets[1] or (buckets < buckets[::-1]) == (ids < ids[::-1])


def test_the_id_covers_the_body_and_the_suite_but_not_the_signatures() -> None:
    transaction = msgspec.msgpack.decode(made(), type=Transaction)
    resigned = encode(msgspec.structs.replace(transaction, signatures=(b"another",)))
    identifier = open_transaction(SHA256, made()).id
    assert open_transaction(SHA256, resigned).id == identifier
    assert open_transaction(SHA256, made(nonce=bytes([1]) * 16)).id != identifier
    assert open_transaction(SM3, made(SM3)).id != identifier
