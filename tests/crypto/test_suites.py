"""Each suite has one rule of verification: honest signatures hold, and every edge case is judged as its vector says."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infoharbor.crypto import sm2
from infoharbor.crypto.hashes import SM3, hash_suite
from infoharbor.crypto.suites import P256_ORDER, SUITES, Suite, key_id, suite

VECTORS = Path(__file__).parents[1] / "vectors" / "crypto"
CASES = [
    pytest.param(file["suite"], case, id=f"{file['suite']}: {case['why']}")
    for path in sorted(VECTORS.glob("*.json"))
    for file in [json.loads(path.read_bytes())]
    for case in file["cases"]
]
suites = st.sampled_from(list(SUITES.values()))
secrets = st.integers(1, 2**252).map(lambda number: number.to_bytes(32, "big"))


@pytest.mark.parametrize(("name", "case"), CASES)
def test_an_edge_case_is_judged_as_its_vector_says(name: str, case: dict[str, Any]) -> None:
    key, message, signature = (bytes.fromhex(case[part]) for part in ("public_key", "message", "signature"))
    assert SUITES[name].verify(key, message, signature) is case["valid"]


def test_every_suite_has_vectors() -> None:
    assert {path.stem for path in VECTORS.glob("*.json")} == set(SUITES)


@given(suites, secrets, st.binary(max_size=200))
def test_what_a_key_signs_it_verifies(suite: Suite, secret: bytes, message: bytes) -> None:
    key = suite.private_key(secret)
    signature = key.sign(message)
    assert (len(key.public_key), len(signature)) == (suite.public_key_length, suite.signature_length)
    assert suite.verify(key.public_key, message, signature)
    assert suite.private_key(secret).public_key == key.public_key


@given(suites, secrets, st.binary(min_size=1, max_size=200), st.data())
@settings(max_examples=60)
def test_a_changed_bit_is_refused(suite: Suite, secret: bytes, message: bytes, data: st.DataObject) -> None:
    key = suite.private_key(secret)
    parts = [key.public_key, message, key.sign(message)]
    which = data.draw(st.integers(0, 2))
    bit = data.draw(st.integers(0, len(parts[which]) * 8 - 1))
    changed = bytearray(parts[which])
    changed[bit // 8] ^= 1 << bit % 8
    parts[which] = bytes(changed)
    assert not suite.verify(*parts)


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_a_change_of_any_byte_of_a_signature_is_refused(suite: Suite) -> None:
    key = suite.private_key(bytes(31) + b"\7")
    signature = key.sign(b"message")
    for place, byte in enumerate(signature):
        changed = signature[:place] + bytes([byte ^ (1 << place % 8)]) + signature[place + 1 :]
        assert not suite.verify(key.public_key, b"message", changed), place


@given(suites, st.binary(max_size=1400), st.binary(max_size=50), st.binary(max_size=2500))
@settings(max_examples=60)
def test_any_bytes_are_judged_and_never_raise(suite: Suite, key: bytes, message: bytes, signature: bytes) -> None:
    assert suite.verify(key, message, signature) is False
    fitting = key.ljust(suite.public_key_length, b"\1")[: suite.public_key_length]
    assert (
        suite.verify(fitting, message, signature.ljust(suite.signature_length, b"\1")[: suite.signature_length])
        is False
    )


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_the_same_signature_is_of_no_other_suite(suite: Suite) -> None:
    key = suite.private_key(bytes(31) + b"\1")
    signature = key.sign(b"message")
    assert not any(
        other.verify(key.public_key, b"message", signature) for other in SUITES.values() if other is not suite
    )


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_key_ids_tell_suites_and_keys_apart(suite: Suite) -> None:
    one, two = suite.private_key(bytes(31) + b"\1"), suite.private_key(bytes(31) + b"\2")
    ids = {key_id(each, key.public_key) for each in SUITES.values() for key in (one, two)}
    assert len(ids) == 2 * len(SUITES)
    assert {len(each) for each in ids} == {32}


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33)])
@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_a_secret_of_another_length_is_refused(suite: Suite, secret: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        suite.private_key(secret)


@pytest.mark.parametrize(("name", "number"), [
    ("p256", 0), ("p256", P256_ORDER), ("p256", 2**256 - 1), ("sm2", 0), ("sm2", sm2.ORDER - 1), ("sm2", sm2.ORDER),
])  # fmt: skip
def test_a_scalar_out_of_range_is_refused(name: str, number: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        SUITES[name].private_key(number.to_bytes(32, "big"))


def test_a_key_does_not_show_its_secret() -> None:
    key = suite("ed25519").generate()
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in f"{key}"


def test_an_unknown_name_is_no_suite() -> None:
    for named in (suite, hash_suite):
        with pytest.raises(ValueError, match="md5"):
            named("md5")


@given(secrets, st.binary(max_size=100), st.booleans())
@settings(max_examples=15)
def test_sm2_agrees_with_the_standards_equations(secret: bytes, message: bytes, honest: bool) -> None:
    key = SUITES["sm2"].private_key(secret)
    signature = key.sign(message)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    s = s if honest else s % (sm2.ORDER - 1) + 1
    judged = SUITES["sm2"].verify(key.public_key, message, signature[:32] + s.to_bytes(32, "big"))
    assert judged is _sm2_by_the_book(key.public_key, message, r, s) is honest


@given(secrets, st.binary(max_size=100))
@settings(max_examples=15)
def test_an_sm2_signature_whose_sum_is_the_infinite_point_is_refused(secret: bytes, message: bytes) -> None:
    key, scalar = SUITES["sm2"].private_key(secret), int.from_bytes(secret, "big")
    digest = sm2.signed_digest(sm2.identity_digest(key.public_key[1:]), message)
    r = int.from_bytes(digest, "big") % sm2.ORDER
    s = -r * scalar * pow(1 + scalar, -1, sm2.ORDER) % sm2.ORDER
    assert not _sm2_by_the_book(key.public_key, message, r, s)
    assert not SUITES["sm2"].verify(key.public_key, message, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def _sm2_by_the_book(public_key: bytes, message: bytes, r: int, s: int) -> bool:
    """GB/T 32918.2 clause 7.1, for r and s within range."""
    curve = b"".join(number.to_bytes(32, "big") for number in (sm2.A, sm2.B, *sm2.GENERATOR))
    z = SM3.digest(len(sm2.SIGNER_ID * 8).to_bytes(2, "big") + sm2.SIGNER_ID + curve + public_key[1:])
    point = (int.from_bytes(public_key[1:33], "big"), int.from_bytes(public_key[33:], "big"))
    sum_point = sm2.add(sm2.multiply(s, sm2.GENERATOR), sm2.multiply((r + s) % sm2.ORDER, point))
    e = int.from_bytes(SM3.digest(z + message), "big")
    return sum_point is not None and (e + sum_point[0]) % sm2.ORDER == r


@pytest.mark.parametrize(("message", "digest"), [
    (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
])  # fmt: skip
def test_sm3_gives_the_examples_of_gb_t_32905(message: bytes, digest: str) -> None:
    assert SM3.digest(message).hex() == digest


@given(st.binary(min_size=1, max_size=100), st.binary(max_size=100))
def test_keyed_hashes_are_hmac(key: bytes, message: bytes) -> None:
    for each in (hash_suite("sha256"), hash_suite("sm3")):
        block = (each.digest(key) if len(key) > 64 else key).ljust(64, b"\0")
        inner = each.digest(bytes(byte ^ 0x36 for byte in block) + message)
        assert each.keyed(key, message) == each.digest(bytes(byte ^ 0x5C for byte in block) + inner)
