"""The formats around attesters are frozen, and a few lines that know the reference page alone read them."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import msgspec
import nacl.bindings
from attester_examples import CHAIN, REFRESH_BY, TIME, examples

from infoharbor.evidence.handover import advance, way_forward_codec
from infoharbor.evidence.trust_file import parse_trust

VECTORS = Path(__file__).parents[1] / "vectors"
FROZEN = json.loads((VECTORS / "formats" / "attesters.json").read_bytes())


def test_todays_code_gives_the_frozen_formats() -> None:
    assert examples() == FROZEN


def test_todays_code_carries_the_frozen_trust_file_forward() -> None:
    way = way_forward_codec.decode(bytes.fromhex(FROZEN["way_forward"]))
    advanced = advance(parse_trust(FROZEN["trust"].encode()), way, now=TIME, refresh_by=REFRESH_BY)
    assert advanced.encode().decode() == FROZEN["advanced"]


def test_the_page_says_how_a_way_forward_is_checked() -> None:
    """Without any of the project's code: hashes, the set in the header, and a quorum's Ed25519 cosignatures."""
    _, handovers, newest = msgspec.msgpack.decode(bytes.fromhex(FROZEN["way_forward"]))
    members = None
    for naming, _ in (*handovers, newest):
        encoded, header, path, note = naming
        form, _, now, coming = msgspec.msgpack.decode(encoded)
        assert form == 1
        assert members is None or now == members
        members = coming or now
        fields = msgspec.msgpack.decode(header)
        assert fields[1] == CHAIN
        assert fields[10] == sha256(b"infoharbor/attesters/1\0" + encoded).digest()
        text, signatures = note.split("\n\n")
        origin, size, root = text.split("\n")
        assert root_of(header, fields[2], int(size), path) == b64decode(root)
        cosigned = [each for each in now if cosignature_holds(origin, each, text, signatures)]
        assert len(cosigned) >= len(now) - (len(now) - 1) // 3


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162 §2.1.3.2."""
    found, last = sha256(b"\0" + leaf).digest(), size - 1
    for sibling in path:
        if index & 1 or index == last:
            found = sha256(b"\1" + sibling + found).digest()
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            found = sha256(b"\1" + found + sibling).digest()
        index, last = index >> 1, last >> 1
    return found


def cosignature_holds(origin: str, attester: list, text: str, signatures: str) -> bool:
    organisation, suite, public_key = attester[:3]
    assert suite == "ed25519"
    name = f"{origin}/{organisation}/attesters"
    identifier = sha256(name.encode() + b"\n\x04" + public_key).digest()[:4]
    for line in signatures.splitlines():
        _, signer, encoded = line.split(" ")
        raw = b64decode(encoded)
        if (signer, raw[:4]) == (name, identifier):
            seconds = int.from_bytes(raw[4:12], "big")
            message = f"cosignature/v1\ntime {seconds}\n{text}\n".encode()
            nacl.bindings.crypto_sign_open(raw[12:] + message, public_key)
            return True
    return False
