"""The key file: one private key of one user, readable by its owner alone, sealed by a passphrase if there is one. Of a key
in a PKCS#11 token it holds only where that is."""

import os
import stat
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from infoharbor.crypto.sealing import SealBroken, decrypt, encrypt
from infoharbor.crypto.suites import SUITES, PrivateKey, TokenPlace

FORMAT = "infoharbor/key/1"
KEY_FILE_BYTES = 64 * 1024
SCRYPT_MEMORY = 2**17
"""Scrypt's N; with r = 8 and p = 1 it takes 128 MiB."""
SCRYPT_MEMORIES = [2**bits for bits in range(14, 21)]
"""What is read: less would be guessed, more would take the machine's memory."""


class KeyFileError(ValueError):
    """A key file that is refused: a stable code, the field, and what would be right."""

    def __init__(self, code: str, field: str, expected: str) -> None:
        super().__init__(f"{code}: {field}: {expected}")
        self.code, self.field, self.expected = code, field, expected


class TokenFault(Exception):
    """A key's token that does not sign now, or does not make a key: a stable code, the field, and what would be right."""

    def __init__(self, code: str, field: str, expected: str) -> None:
        super().__init__(f"{code}: {field}: {expected}")
        self.code, self.field, self.expected = code, field, expected


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A secret under a passphrase: AES-256-GCM (nonce before ciphertext) under scrypt(passphrase, salt, n, 8, 1). In hex."""

    n: int
    salt: str
    ciphertext: str


class KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The file's JSON members; exactly one of `secret`, `sealed` and `pkcs11` is there. Bytes are lower-case hex."""

    infoharbor: str
    suite: str
    public_key: str
    created: Annotated[datetime, msgspec.Meta(tz=True)]
    secret: str | None = None
    sealed: Sealed | None = None
    pkcs11: TokenPlace | None = None


def write_key(path: Path, key: PrivateKey, passphrase: str | None = None) -> None:
    """Write a new file with mode 0600, on the disk when this returns; FileExistsError if there is one already. Of a key in
    a token there is nothing to seal."""
    content = encoded(key, passphrase)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the file's name lies in its folder, which has to reach the disk as well
    finally:
        os.close(folder)


def encoded(key: PrivateKey, passphrase: str | None = None) -> bytes:
    """What stands in the file."""
    created = datetime.now(UTC).replace(microsecond=0)
    content = KeyFile(FORMAT, key.suite.name, key.public_key.hex(), created)
    if isinstance(key.held, TokenPlace):
        content = msgspec.structs.replace(content, pkcs11=key.held)
    elif passphrase is not None:
        content = msgspec.structs.replace(content, sealed=_seal(key, passphrase))
    else:
        content = msgspec.structs.replace(content, secret=key.secret.hex())
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def public_key_in(path: Path) -> bytes:
    """The key's public half, which needs neither passphrase nor token; `KeyFileError` as `read_key`."""
    return _bytes("public_key", _content(path).public_key)


def read_key(path: Path, passphrase: str | None = None) -> PrivateKey:
    """The key in a file; `KeyFileError` if others may read the file, or it is malformed, sealed otherwise, or altered, and
    `TokenFault` if it names a token that does not sign with it."""
    content = _content(path)
    public_key = _bytes("public_key", content.public_key)
    if content.pkcs11 is not None:
        from infoharbor.crypto.token_keys import open_key  # Its library is there only where tokens are used.

        return open_key(content.suite, content.pkcs11, public_key)
    try:
        key = SUITES[content.suite].private_key(_secret(content, public_key, passphrase))
    except ValueError as fault:
        if isinstance(fault, KeyFileError):
            raise
        raise KeyFileError("key.malformed", "secret", str(fault)) from None
    if key.public_key != public_key:
        raise KeyFileError("key.mismatch", "public_key", "the public half of the secret")
    return key


def _content(path: Path) -> KeyFile:
    with path.open("rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise KeyFileError("key.readable_by_others", str(path), "mode 0600: chmod 600")
        raw = file.read(KEY_FILE_BYTES + 1)
    if len(raw) > KEY_FILE_BYTES:
        raise KeyFileError("key.too_large", "file", f"at most {KEY_FILE_BYTES} bytes")
    try:
        content = msgspec.json.decode(raw, type=KeyFile, strict=True)
    except ValueError as fault:
        raise KeyFileError("key.malformed", "file", str(fault)) from None
    if content.infoharbor != FORMAT or content.suite not in SUITES:
        raise KeyFileError("key.format", "suite", f"{FORMAT} and one of {', '.join(SUITES)}")
    if [content.secret, content.sealed, content.pkcs11].count(None) != 2:
        raise KeyFileError("key.malformed", "secret", "exactly one of secret, sealed and pkcs11")
    return content


def _secret(content: KeyFile, public_key: bytes, passphrase: str | None) -> bytes:
    if content.secret is not None:
        return _bytes("secret", content.secret)
    assert content.sealed is not None
    if passphrase is None:
        raise KeyFileError("key.passphrase", "passphrase", "the passphrase that seals this file")
    if content.sealed.n not in SCRYPT_MEMORIES:
        raise KeyFileError("key.malformed", "sealed.n", "a power of two from 2^14 to 2^20")
    salt = _bytes("sealed.salt", content.sealed.salt)
    if not 16 <= len(salt) <= 64:
        raise KeyFileError("key.malformed", "sealed.salt", "16 to 64 bytes")
    ciphertext = _bytes("sealed.ciphertext", content.sealed.ciphertext)
    try:
        return decrypt(_derive(passphrase, salt, content.sealed.n), ciphertext, public_key)
    except SealBroken:
        raise KeyFileError("key.passphrase", "passphrase", "the passphrase that seals this file") from None


def _bytes(field: str, text: str) -> bytes:
    """The bytes of lower-case hex, which `bytes.fromhex` alone would take with spaces and capitals too."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if raw.hex() != text:
        raise KeyFileError("key.malformed", field, "lower-case hex")
    return raw


def _seal(key: PrivateKey, passphrase: str) -> Sealed:
    salt = os.urandom(16)
    ciphertext = encrypt(_derive(passphrase, salt, SCRYPT_MEMORY), key.secret, key.public_key)
    return Sealed(SCRYPT_MEMORY, salt.hex(), ciphertext.hex())


def _derive(passphrase: str, salt: bytes, n: int) -> bytes:
    # Keyboards differ in how they compose a letter such as ế, the passphrase does not.
    composed = unicodedata.normalize("NFC", passphrase)
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(composed.encode())
