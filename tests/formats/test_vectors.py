"""Formats are frozen: today's code gives the vectors, reads them, and replays the frozen histories to the same hashes."""

import json
from pathlib import Path
from typing import Any

import format_examples as examples
import pytest
from frozen_contract.records import Note

from infoharbor.evidence.checkpoint import Checkpoint
from infoharbor.evidence.note import VerifierKey, open_note
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.verify import verify
from infoharbor.kernel.block import genesis_codec, header_codec, receipt_codec
from infoharbor.kernel.encoding import Codec, Malformed, encode
from infoharbor.kernel.leaf import Leaf
from infoharbor.kernel.records import record_type
from infoharbor.kernel.transaction import action_codec, open_transaction

VECTORS = Path(__file__).parents[1] / "vectors"
EVIDENCE = sorted((VECTORS / "formats").glob("*.evidence.json"))


def read(path: str) -> Any:
    return json.loads((VECTORS / path).read_bytes())


@pytest.fixture(scope="module", params=["sha256", "sm3"])
def suite(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def ledger(suite: str) -> Any:
    return examples.replay(read(f"history/{suite}.json"))


def test_replay_of_the_frozen_history_gives_the_same_headers_receipts_and_leaves(suite: str, ledger: Any) -> None:
    history = read(f"history/{suite}.json")
    founding, *blocks = ledger.outcomes
    assert founding.header_bytes.hex() == history["header"]
    assert [raw.hex() for raw in founding.receipts] == history["receipts"]
    for outcome, frozen in zip(blocks, history["blocks"], strict=True):
        assert [raw.hex() for raw in outcome.receipts] == frozen["receipts"]
        written = [[write.path, write.entry.version, write.entry.leaf_hash.hex()] for write in outcome.writes]
        assert written == frozen["writes"]
        assert outcome.header_bytes.hex() == frozen["header"]


def test_the_frozen_history_has_every_trace_that_a_block_can_leave(ledger: Any) -> None:
    receipts = [receipt for outcome in ledger.outcomes for receipt in outcome.results]
    assert {receipt.code for receipt in receipts} >= {"", "frozen_contract.text_too_long", "ledger.move_undeclared"}
    assert any(receipt.relied for receipt in receipts)
    assert any(len(receipt.signers) == 2 for receipt in receipts)
    assert any(receipt.writes and not receipt.signers and receipt.height for receipt in receipts)
    assert ledger.view.entry(examples.ERASED).value == b""
    assert ledger.view.entry(examples.LAPSED).version == 2


def test_todays_code_gives_the_frozen_formats(suite: str, ledger: Any) -> None:
    assert examples.of_ledger(ledger) == read(f"formats/{suite}.json")


def test_todays_code_gives_the_frozen_formats_of_all_chains() -> None:
    assert examples.common() == read("formats/common.json")


def test_todays_code_decodes_the_frozen_formats(suite: str, ledger: Any) -> None:
    frozen = read(f"formats/{suite}.json")
    decoders = {"receipts": receipt_codec, "headers": header_codec, "leaves": Codec(Leaf, limit=2**20)}
    for name, codec in decoders.items():
        for each in frozen[name]:
            assert examples.plain(codec.decode(bytes.fromhex(each["encoded"]))) == each["fields"]
    assert (
        examples.plain(genesis_codec.decode(bytes.fromhex(frozen["genesis"]["encoded"]))) == frozen["genesis"]["fields"]
    )
    for each in frozen["transactions"]:
        opened = open_transaction(ledger.chain.suite, bytes.fromhex(each["encoded"]))
        assert opened.id.hex() == each["id"]
        for action in each["actions"]:
            assert examples.plain(action_codec.decode(bytes.fromhex(action["encoded"]))) == action["fields"]


def test_the_frozen_checkpoint_opens_with_its_key(suite: str, ledger: Any) -> None:
    frozen = read(f"formats/{suite}.json")["checkpoint"]
    text, signatures = open_note(frozen["note"], [VerifierKey.parse(frozen["vkey"])], strict=True)
    assert Checkpoint.parse(text) == ledger.checkpoint
    assert len(signatures) == 1


@pytest.mark.parametrize("path", EVIDENCE, ids=lambda path: path.name)
def test_frozen_evidence_is_still_proved(path: Path) -> None:
    trust = path.with_name(path.name.replace(".evidence.json", ".trust"))
    policy = parse_trust(trust.read_bytes())
    assert verify(path.read_bytes(), policy).records
    assert policy.encode() == trust.read_bytes()


def test_evidence_made_today_is_the_frozen_one(suite: str, ledger: Any) -> None:
    for name, (evidence, trust) in examples.evidence(ledger).items():
        if name != "cosigned":  # whose ML-DSA and SM2 signatures are randomised
            assert evidence == (VECTORS / "formats" / f"{suite}-{name}.evidence.json").read_bytes()
        assert trust == (VECTORS / "formats" / f"{suite}-{name}.trust").read_bytes()


@pytest.mark.parametrize("raw", [
    "cc01", "cd00ff", "ce0000ffff", "cf00000000ffffffff", "d0ff", "d1ff80", "d001", "d27fffffff", "d90161",
    "da000161", "c5000100", "c600000001ff", "dc000101", "dd0000000101", "cb3ff0000000000000", "80", "c7010000", "0000",
])  # fmt: skip
def test_every_other_encoding_of_a_value_is_refused(raw: str) -> None:
    for kind in (int, str, bytes, list):
        with pytest.raises(Malformed):
            Codec(kind, limit=100).decode(bytes.fromhex(raw))


def test_a_schema_describes_every_kind_of_field() -> None:
    kind = record_type(Note)
    described = json.loads(kind.schema)
    assert described["fields"][7] == ["places", {"list": {"struct": [["latitude", "int"], ["longitude", "int"]]}}]
    assert encode(described["key"]) == encode(["owner", "id"])
