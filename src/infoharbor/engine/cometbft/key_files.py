"""Keys as CometBFT's files spell them: JSON, a type's name, and Base64 of the bytes."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infoharbor.crypto.suites import PrivateKey
from infoharbor.engine.cometbft.validators import address_of
from infoharbor.engine.interface import Damaged

SEED_BYTES = 32
FILE_BYTES = 64 * 1024


def public(key: PrivateKey) -> dict[str, str]:
    return {"type": "tendermint/PubKeyEd25519", "value": base64.b64encode(key.public_key).decode()}


def private(key: PrivateKey) -> dict[str, str]:
    """TypeError for a key in a token."""
    return {"type": "tendermint/PrivKeyEd25519", "value": base64.b64encode(key.secret + key.public_key).decode()}


def validator(key: PrivateKey) -> bytes:
    """The file of a validator's key."""
    return encoded({"address": address_of(key.public_key).upper(), "pub_key": public(key), "priv_key": private(key)})


def node_id_of(public_key: bytes) -> str:
    return hashlib.sha256(public_key).digest()[:20].hex()


def read(file: Path) -> dict[str, Any]:
    """The file's members; `Damaged` if it is none."""
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(FILE_BYTES))
        if not isinstance(found, dict):
            raise ValueError("an object")
    except (OSError, ValueError) as fault:
        raise Damaged(f"consensus/config/{file.name}", str(fault)) from None
    return found


def key_in(file: Path, part: str) -> bytes:
    """The bytes of the key that is one of the file's members: a private one's secret half first."""
    try:
        return base64.b64decode(read(file)[part]["value"])
    except (ValueError, KeyError, TypeError) as fault:
        raise Damaged(f"consensus/config/{file.name}", str(fault)) from None


def encoded(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    return json.dumps(value, indent=2).encode()
