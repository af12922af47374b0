"""Ledgers of one block in which anything may stand, properly committed and signed: what only the checks behind the hashes see."""

import random
from typing import Any

import msgspec

from infoharbor.crypto.hashes import SHA256
from infoharbor.crypto.suites import ED25519, PrivateKey
from infoharbor.evidence.checkpoint import Checkpoint, origin_of
from infoharbor.evidence.file import FORMAT, Evidence, HeaderProof, ReceiptItem, decode_evidence, encode_evidence
from infoharbor.evidence.note import ED25519 as LOG
from infoharbor.evidence.note import ED25519_COSIGNATURE, VerifierKey, sign_note
from infoharbor.evidence.trust import EMBEDDED, NO_QUORUM, REPLICATED, Group, Log, TrustPolicy, Witness
from infoharbor.kernel import merkle
from infoharbor.kernel.block import receipt_leaf
from infoharbor.kernel.transaction import action_hash, transaction_id

CHAIN = bytes(range(32))
KEY = ED25519.private_key(bytes(31) + b"\1")
ORIGIN = origin_of("odd", CHAIN)
LOG_KEY = VerifierKey(ORIGIN, LOG, KEY.public_key)
BUCKETS = 2**32 * 600_000
NUMBERS = (-1, 0, 1, 2, 127, 128, -32, -33, 2**31, 2**48, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63))
ODD: tuple[Any, ...] = (
    *NUMBERS,
    None,
    True,
    1.0,
    "",
    "text",
    "\ud7ff\U0001f600",
    b"",
    b"\xff",
    [],
    [1],
    [[]],
    {},
    {"a": 1},
)

pack = msgspec.msgpack.encode


def trust() -> bytes:
    policy = TrustPolicy("odd", CHAIN, EMBEDDED, 9, bytes(32), 2**41, (Log(LOG_KEY),), (), (), NO_QUORUM)
    return policy.encode()


Chance = random.Random | None
"""What makes things odd; nothing where all is to be in order."""


def odd_evidence(chance: Chance) -> bytes:
    """Evidence of one transaction, in which about one value is odd, and all that commits to it fits."""
    action: list[Any] = [b"s" * 16, ["firm"], "asset", "Pay", b"\x90"]
    encoded_action = _packed(action, chance)
    expiry = _mostly(chance, 1_800_000_000_000, *NUMBERS, BUCKETS, BUCKETS - 1)
    body = [1, CHAIN, [b"k" * 32], b"n" * 16, expiry, [1, 2, 3], [action_hash(SHA256, encoded_action)]]
    encoded_body = _packed(body, chance)
    has_bucket = 0 <= expiry < BUCKETS
    known = transaction_id(SHA256, encoded_body, expiry) if has_bucket else bytes(32)
    signer = [b"k" * 32, "user", "firm"]
    receipt = [1, known, 0, 0, "", 0, "", "", [signer], ["grant"], [["asset/balances/x", 1]]]
    encoded_receipt = _packed(receipt, chance)
    root = merkle.leaf_hash(receipt_leaf(encoded_receipt, bytes(32)))
    chain = _mostly(chance, CHAIN, bytes(32), CHAIN[:31])
    header = [1, chain, 0, 1_700_000_000_000, 1, bytes(32), 1, root, bytes(32), bytes(32), bytes(32), b""]
    encoded_header = _packed(header, chance)
    proof = HeaderProof(encoded_header, ())
    text = Checkpoint(ORIGIN, 1, merkle.leaf_hash(encoded_header)).encode()
    note = sign_note(text, [LOG_KEY.sign(text, KEY)]).decode()
    shown = (0, encoded_action)
    actions = _mostly(chance, (shown,), ((1, encoded_action),), (shown, shown), ())
    item = ReceiptItem(proof, encoded_receipt, bytes(32), (), _mostly(chance, encoded_body, b""), actions)
    return encode_evidence(Evidence(FORMAT, b"", "sha256", note, proof, (), (), (item,)))


def _mostly(chance: Chance, usual: Any, *others: Any) -> Any:
    return usual if chance is None or chance.randrange(12) else chance.choice(others)


def _packed(value: list[Any], chance: Chance) -> bytes:
    """The encoding of the list: at times with something odd in one place, with a place more or less, with a longer header, or
    with bytes left over or missing."""
    if chance is None:
        return pack(value)
    changed = list(value)
    at = chance.randrange(len(changed))
    match chance.randrange(36):
        case 0 | 1:
            changed[at] = chance.choice(ODD)
        case 2:
            del changed[at]
        case 3:
            changed.insert(at, chance.choice(ODD))
        case 4:
            return bytes((0xDC, 0, len(value))) + pack(value)[1:]
        case 5:
            return pack(value) + b"\xc0"
        case 6:
            return pack(value)[:-1]
    return pack(changed)


MEMBERS = tuple(f"member-{number}" for number in range(4))


def _member_key(name: str) -> tuple[VerifierKey, PrivateKey]:
    key = ED25519.private_key(SHA256.digest(name.encode()))
    return VerifierKey(f"{ORIGIN}/{name}", LOG, key.public_key), key


def witnessed_evidence(chance: random.Random) -> tuple[bytes, ...]:
    """Evidence, the trust file that asks for two outside witnesses, and notes under members' origins: enough, or not."""
    keys = [ED25519.private_key(bytes(31) + bytes([number])) for number in (2, 3)]
    witnesses = [
        Witness(f"outside-{number}", VerifierKey(f"outside-{number}", ED25519_COSIGNATURE, key.public_key))
        for number, key in enumerate(keys)
    ]
    logs = (Log(LOG_KEY), *(Log(_member_key(name)[0]) for name in MEMBERS))
    both = Group("both", 2, tuple(witness.name for witness in witnesses))
    policy = TrustPolicy("odd", CHAIN, REPLICATED, 9, bytes(32), 2**41, logs, tuple(witnesses), (both,), "both")
    evidence = odd_evidence(None)
    root = decode_evidence(evidence).checkpoint.split("\n")[2]
    notes = []
    for name in (
        chance.choices(MEMBERS, k=chance.randrange(5)) if chance.randrange(2) else MEMBERS[: chance.randrange(2, 5)]
    ):
        key, private_key = _member_key(name)
        shown = root if chance.randrange(8) else "A" * 43 + "="
        text = f"{key.name}\n1\n{shown}\n"
        signed = [
            witness.key.sign(text, secret, 1_700_000_000_000 if chance.randrange(8) else 0)
            for witness, secret in zip(witnesses, keys, strict=True)
            if chance.randrange(4)
        ]
        notes.append(sign_note(text, [key.sign(text, private_key), *signed]))
    return evidence, policy.encode(), *notes


LINES = (
    "## a remark", "", "\t# engine\tembedded ", "quorum none", "quorum any", "group all any bank", "group none any bank",
    "group g 0 bank", "group g constructor bank", "group g 2 bank customs", "witness none x+y+z", "# sm2 bank x",
    "log +", "log a+b+c", "# pin 0 AAAA", "# pin 01 AAAA", f"# pin 9 {'A' * 43}=", f"# pin {2**63} {'A' * 43}=",
    "# infoharbor-trust/1", "## infoharbor-trust/1", "#engine replicated", "# engine none", "constructor", "# __proto__ 1",
    *(f"# refresh-by {time}" for time in (
        "2027-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2027-01-31 24:00:00Z", "20270131T000000Z", "2027-0131T000000Z",
        "2027-01-31T00:00:00", "1969-12-31T23:59:59Z", "1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00+01:00",
        "2027-01-31T00:00:00.5+08:00", "2027-01-31T00+08", "2027-01-31T00:00:60Z", "0080-01-01T00:00:00Z", "2027-01-31Z",
        "2027-01-31T00:00:00.123456789-23:59", "2027-01-31T00:00:00+24:00", "2027-13-01T00:00:00Z", "２０２７-01-31T00:00Z",
    )),
)  # fmt: skip
"""Lines to stand in a trust file, right or wrong."""


def odd_trust(raw: bytes, chance: random.Random) -> bytes:
    """The trust file with one or two lines removed, repeated, moved, replaced or added, or one character changed."""
    lines = raw.decode().split("\n")
    for _ in range(chance.randrange(1, 3)):
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(7):
            case 0:
                del lines[at]
            case 1:
                lines.insert(other, lines[at])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] = chance.choice(LINES)
            case 4:
                lines.insert(at, chance.choice(LINES))
            case _:
                line = lines[at]
                place = chance.randrange(len(line) + 1)
                lines[at] = (
                    line[:place] + chance.choice("\x00\t #+-0=Aé\x7f\ufeff") + line[place + chance.randrange(2) :]
                )
        lines = lines or [""]
    return "\n".join(lines).encode()
