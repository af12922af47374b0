"""Who signs: a private key, and the organisation that it signs for."""

import base64
from typing import NamedTuple, Protocol

from infoharbor.crypto.suites import PrivateKey, key_id
from infoharbor.kernel.encoding import tag

READ_TAG = tag("read")
READ_MS = 10 * 60 * 1000
"""How long what a key says of itself to a gateway holds, at most."""


class Signing(Protocol):
    """Anything that signs for an organisation, such as a `Signer`."""

    @property
    def organisation(self) -> str: ...
    @property
    def key(self) -> PrivateKey: ...


class Signer(NamedTuple):
    """A key of a user of `organisation`."""

    organisation: str
    key: PrivateKey


def id_of(signer: Signing) -> bytes:
    """The id of the signer's key: 32 bytes."""
    return key_id(signer.key.suite, signer.key.public_key)


def read_message(chain: bytes, gateway: str, expiry: int) -> bytes:
    """What a key signs to read as its organisation: at the gateway `HOST:PORT` alone, until `expiry` (ms)."""
    return READ_TAG + chain + expiry.to_bytes(8, "big") + gateway.lower().encode()


def read_credential(signer: Signing, chain: bytes, gateway: str, expiry: int) -> str:
    """The `Authorization` header by which a gateway knows the signer's organisation: `Key ID.EXPIRY.SIGNATURE`."""
    signature = signer.key.sign(read_message(chain, gateway, expiry))
    return f"Key {id_of(signer).hex()}.{expiry}.{base64.urlsafe_b64encode(signature).decode()}"
