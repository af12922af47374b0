"""A verifier written from the formats page alone accepts our evidence, and nothing that was changed."""

import json
import random
from pathlib import Path

import format_examples as examples
import pytest
from independent_basics import Refused, pack, unpack
from independent_verifier import verify as verify_independently
from tests.formats.mutations import mutations, sealed_again, to_json

from infoharbor.evidence.file import decode_evidence, encode_evidence
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.verify import Malformed, Unproven, verify
from infoharbor.kernel.encoding import encode

VECTORS = Path(__file__).parents[1] / "vectors" / "formats"
FILES = sorted(VECTORS.glob("*.evidence.json"))


@pytest.fixture(params=FILES, ids=lambda path: path.name.partition(".")[0])
def files(request: pytest.FixtureRequest) -> tuple[bytes, bytes]:
    path: Path = request.param
    return path.read_bytes(), path.with_name(path.name.replace(".evidence.json", ".trust")).read_bytes()


def accepts(raw: bytes, trust: bytes) -> bool:
    try:
        verify_independently(raw, trust)
    except Refused:
        return False
    return True


def we_accept(raw: bytes, trust: bytes) -> bool:
    try:
        verify(raw, parse_trust(trust))
    except (Unproven, Malformed):
        return False
    return True


def test_it_imports_nothing_of_ours() -> None:
    for path in Path(__file__).parent.glob("independent_*.py"):
        imports = [line for line in path.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert imports
        assert not [line for line in imports if "infoharbor" in line or "msgspec" in line]


def test_both_prove_the_same(files: tuple[bytes, bytes]) -> None:
    theirs, ours = verify_independently(*files), verify(files[0], parse_trust(files[1]))
    assert (theirs["height"], theirs["time"]) == (ours.height, ours.time)
    assert [(path, complete) for path, _, complete in theirs["records"]] == [
        (each.path, each.complete) for each in ours.records
    ]
    for (_, values, _), each in zip(theirs["records"], ours.records, strict=True):
        assert [value and set(value) for value in values] == [named and set(named) for _, named in each.versions]
    receipts = [(each.receipt.transaction.hex(), each.receipt.code) for each in ours.receipts]
    assert [(transaction, code) for transaction, code, _, _ in theirs["receipts"]] == receipts


def test_one_byte_changed_proves_nothing(files: tuple[bytes, bytes]) -> None:
    raw, trust = files
    chance = random.Random(20261125)
    for _ in range(100):
        changed = bytearray(raw)
        changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        assert not accepts(bytes(changed), trust)


def test_both_refuse_what_is_removed_repeated_swapped_or_replaced(files: tuple[bytes, bytes]) -> None:
    """Whoever changes a file also makes its digest right: so both see the change itself."""
    raw, trust = files
    changes = [to_json(changed) for changed in mutations(json.loads(raw))]
    changes += [resealed for changed in changes if (resealed := sealed_again(changed)) is not None]
    chance = random.Random(20261125)
    for changed in chance.sample(changes, min(len(changes), 300)):
        if changed != raw:
            assert accepts(changed, trust) == we_accept(changed, trust), changed
            assert not accepts(changed, trust) or says_no_more(changed, raw)


def says_no_more(changed: bytes, raw: bytes) -> bool:
    """Whoever has a file may show less of it: leave out a record, older versions, a receipt, an opened action, or an SM2
    line beside its witness's own. And what proves one path absent may prove another absent too."""
    known = {each["path"] for each in json.loads(raw)["records"]}
    others = [each for each in json.loads(changed)["records"] if each["path"] not in known]
    return len(changed) < len(raw) or (others != [] and not any(each["versions"] for each in others))


def test_another_chains_trust_proves_nothing(files: tuple[bytes, bytes]) -> None:
    raw, trust = files
    changed = trust.replace(b"# chain frozen ", b"# chain thawed ").replace(b"frozen/", b"thawed/")
    assert not accepts(raw, changed)


def test_canonical_messagepack_is_read_and_written_alike() -> None:
    for value in examples.VALUES:
        assert pack(value) == encode(value)
        assert unpack(encode(value)) == value


def test_evidence_has_one_encoding(files: tuple[bytes, bytes]) -> None:
    raw, trust = files
    assert encode_evidence(decode_evidence(raw)) == raw
    for changed in (
        raw.replace(b'":', b'": ', 1),
        raw[:-1],
        raw + b"\n",
        raw.replace(b"infoharbor/", b"infoharbor\\/", 1),
    ):
        assert not accepts(changed, trust)
