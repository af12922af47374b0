"""What is sealed is opened by its key in its context alone, and any change is noticed."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.crypto import sealing
from infoharbor.crypto.sealing import SealBroken, decrypt, encrypt, new_sealing_key, open_sealed, seal

PRIVATE, PUBLIC = new_sealing_key()
KEY = bytes(range(32))


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_what_is_sealed_is_opened(plaintext: bytes, context: bytes) -> None:
    assert open_sealed(PRIVATE, seal(PUBLIC, plaintext, context), context) == plaintext


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_what_is_encrypted_is_decrypted(plaintext: bytes, associated: bytes) -> None:
    assert decrypt(KEY, encrypt(KEY, plaintext, associated), associated) == plaintext


@given(st.binary(max_size=100), st.data())
def test_any_change_breaks_the_seal(plaintext: bytes, data: st.DataObject) -> None:
    sealed, encrypted = seal(PUBLIC, plaintext, b"context"), encrypt(KEY, plaintext, b"context")
    for whole, opens in ((sealed, lambda raw: open_sealed(PRIVATE, raw, b"context")),
                         (encrypted, lambda raw: decrypt(KEY, raw, b"context"))):  # fmt: skip
        changed = bytearray(whole)
        changed[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        for broken in (
            bytes(changed),
            whole[:-1],
            whole + b"\0",
            b"",
            whole[: data.draw(st.integers(0, len(whole) - 1))],
        ):
            with pytest.raises(SealBroken):
                opens(broken)


def test_another_context_or_key_opens_nothing() -> None:
    other, _ = new_sealing_key()
    sealed, encrypted = seal(PUBLIC, b"content", b"here"), encrypt(KEY, b"content", b"here")
    for private, context in ((other, b"here"), (PRIVATE, b"there")):
        with pytest.raises(SealBroken):
            open_sealed(private, sealed, context)
    for key, associated in ((bytes(32), b"here"), (KEY, b"there"), (b"short", b"here")):
        with pytest.raises(SealBroken):
            decrypt(key, encrypted, associated)


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33, 64])
def test_a_key_of_another_length_than_32_bytes_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        encrypt(bytes(length), b"content", b"")
    with pytest.raises(SealBroken):
        decrypt(bytes(length), AESGCM(bytes(16)).encrypt(bytes(12), b"content", b""), b"")


def test_equal_content_is_never_sealed_to_equal_bytes() -> None:
    assert seal(PUBLIC, b"content", b"") != seal(PUBLIC, b"content", b"")
    assert encrypt(KEY, b"content", b"") != encrypt(KEY, b"content", b"")


@pytest.mark.parametrize("public_key", [b"", bytes(31), bytes(33), bytes(32), b"\1" + bytes(31)])
def test_a_public_key_that_hides_nothing_is_refused(public_key: bytes) -> None:
    with pytest.raises(ValueError, match=r"sealing key"):
        seal(public_key, b"content", b"")


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CONTENT_BYTES", 10)
    for sealed in (lambda: encrypt(KEY, bytes(11), b""), lambda: seal(PUBLIC, bytes(11), b"")):
        with pytest.raises(ValueError, match="at most 10 bytes"):
            sealed()
