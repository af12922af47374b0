"""Attacks through the doors of a running node: reading what is not one's own, and going where no door is."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from harbour import Harbour, events
from node import TOKEN

from infoharbor.contracts.document.actions import IssueDocument
from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.records import Event
from infoharbor.evidence.file import decode_evidence
from infoharbor.kernel.block import receipt_codec
from infoharbor.kernel.records import PUBLIC, record_type

SECRET = "invoice-4711-of-firm-2"
BALANCE = f"asset/balances/{TOKEN}/firm-1"
LD_JSON = {"Content-Type": "application/ld+json"}
EVENT: dict[str, Any] = {
    "@context": [
        "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"tea": "https://example.org/liubao-tea/"},
    ],
    "type": "ObjectEvent",
    "eventTime": "2026-04-08T10:30:00.000+08:00",
    "eventTimeZoneOffset": "+08:00",
    "eventID": "urn:uuid:6f0c2f0a-5f2b-4f0e-9d0b-0c7a1f4e2699",
    "action": "OBSERVE",
    "bizStep": "inspecting",
    "epcList": ["urn:epc:id:sgtin:9521234.000101.4711"],
    "bizTransactionList": [{"type": "inv", "bizTransaction": f"urn:example:{SECRET}"}],
    "tea:picker": {"tea:team": SECRET},
}


# Consortium records


@pytest.fixture(scope="module")
def marked(harbour: Harbour) -> str:
    """A consortium record with a text that no stranger may ever see: where the last of three lies."""
    for number in range(3):
        commitment = bytes([number]) * 32
        issue = IssueDocument(f"secret-{number}", SECRET, "firm-1", ("firm-2",), commitment, 1, "text/plain", 1, 0)
        harbour.local("firm-1").act(issue)
    return "document/documents/firm-1:secret-2"


def height_of(harbour: Harbour, path: str) -> int:
    with harbour.engine.snapshot() as snapshot:
        entry = snapshot.entry(path)
    assert entry is not None
    return entry.height


def pages_of(harbour: Harbour, path: str) -> Iterator[str]:
    """Every address at which a node could tell of records, receipts or blocks."""
    height = height_of(harbour, path)
    yield from (f"/{form}/{path}" for form in ("v1/records", "v1/history", "v1/proofs", "records"))
    yield from ("/", "/organisations", "/organisations/firm-1", "/blocks", "/v1/status", "/v1/contracts", "/contracts")
    yield from ("/contracts/document", "/records/document/documents", "/v1/records/document/documents?limit=1000")
    yield f"/records/document/documents?owner=firm-1&kind={SECRET}"
    yield f"/v1/records/document/documents?kind={SECRET}"
    for near in range(height - 2, height + 1):
        block = harbour.engine.block(near)
        yield from (f"/v1/blocks/{near}", f"/blocks/{near}")
        for raw in block.receipts:
            transaction = receipt_codec.decode(raw).transaction.hex()
            yield from (f"/v1/transactions/{transaction}", f"/transactions/{transaction}")


@pytest.mark.parametrize("organisation", ["", "firm-3"], ids=["anonymous", "another member"])
def test_no_door_tells_a_stranger_of_a_consortium_record(harbour: Harbour, marked: str, organisation: str) -> None:
    told = harbour.get(f"/v1/records/{marked}", "firm-2")
    assert SECRET in told.text, "its reader sees it, so that the text would be found"
    reached = 0
    for page in pages_of(harbour, marked):
        answer = harbour.get(page, organisation, headers={"Accept": "text/html, application/json"})
        assert answer.status_code < 500, page
        if f"kind={SECRET}" not in page:
            assert SECRET not in answer.text, page
        assert "firm-1:secret" not in answer.text, page
        reached += answer.status_code == 200
    assert reached > 10


def test_no_stream_tells_a_stranger_of_a_consortium_record(harbour: Harbour, marked: str) -> None:
    height = height_of(harbour, marked)
    seen = {}
    for organisation in ("", "firm-3", "firm-2"):
        with harbour.asking(organisation) as client:
            seen[organisation] = json.dumps(next(events(client, after=height - 1)))
    assert SECRET in seen["firm-2"]
    assert marked in seen["firm-2"]
    for stranger in ("", "firm-3"):
        assert SECRET not in seen[stranger]
        assert marked not in seen[stranger]


def test_named_queries_of_every_contract_answer_within_what_the_asker_may_read(harbour: Harbour, marked: str) -> None:
    assert marked
    asked = 0
    for (contract, name), query in harbour.ledger.queries.items():
        values = dict.fromkeys(query.parameters, "firm-1") | {
            key: "1" for key, kind in query.parameters.items() if kind.annotation is not str
        }
        for given in (values, dict.fromkeys(values, "firm-1:secret-0"), dict.fromkeys(values, SECRET), {}):
            answer = harbour.get(f"/v1/queries/{contract}/{name}", params=given)
            shown = answer.json().get("answer") if answer.status_code == 200 else None
            assert SECRET not in json.dumps(shown), (contract, name)
            asked += 1
    assert asked >= 4


def test_every_consortium_table_is_empty_to_the_anonymous_unless_it_says_public(harbour: Harbour, marked: str) -> None:
    """A table with readers shows the anonymous only records whose audience is everyone."""
    assert marked
    for place, kind in harbour.engine.chain.registry.tables.items():
        if kind.visible == PUBLIC:
            continue
        for item in harbour.get(f"/v1/records/{place}?limit=1000").json()["items"]:
            assert "public" in item["record"]["audience"], item["path"]


def test_a_page_cursor_hides_the_records_that_it_passed(harbour: Harbour, marked: str) -> None:
    cursor = harbour.get("/v1/records/asset/tokens?limit=1").json()["next"] or harbour.ledger.cursors.seal(marked)
    for shown in (cursor, harbour.ledger.cursors.seal(marked)):
        assert "secret" not in shown
        forged = shown[:-6] + ("A" if shown[-6] != "A" else "B") + shown[-5:]
        answer = harbour.get("/v1/records/document/documents", params={"after": forged})
        assert answer.status_code == 422
        assert answer.json()["code"] == "input.cursor"


def test_evidence_for_one_reader_holds_nothing_of_the_others(harbour: Harbour) -> None:
    """A transfer writes two balances; the payee's proof shows neither the payer's balance nor the payer's receipt,
    only those of what it could read as a whole, such as the bank's minting."""
    harbour.local("firm-1").act(harbour.transfer("firm-2", 11, reference=SECRET))
    path = f"asset/balances/{TOKEN}/firm-2"
    proof = harbour.get(f"/v1/proofs/{path}", "firm-2")
    evidence = decode_evidence(proof.content)
    assert [record.path for record in evidence.records] == [path]
    receipts = [receipt_codec.decode(item.receipt) for item in evidence.receipts]
    assert "firm-1" not in {signer.organisation for receipt in receipts for signer in receipt.signers}
    assert SECRET.encode() not in proof.content
    assert b"firm-1" not in b"".join(version.value for version in evidence.records[0].versions)


# Refusals as an oracle


def test_nobody_but_the_signer_learns_what_would_have_been_right(harbour: Harbour) -> None:
    """A balance is probed with transfers that are too large; only its owner may learn the limit that is named."""
    raw = harbour.raw(harbour.transfer("firm-2", 10**15), by="firm-1")
    receipt = harbour.engine.submit(raw).result(10)
    limit = receipt.expected.split()[-1]
    assert receipt.code == "asset.balance_short"
    assert int(limit) > 0
    headers = {"Content-Type": "application/msgpack"}
    for organisation, told in (("firm-1", True), ("bank", False), ("firm-2", False), ("", False)):
        with harbour.asking(organisation) as client:
            sent = client.post("/v1/transactions", content=raw, headers=headers)
        texts = [sent.text]
        for page in (
            f"/v1/transactions/{receipt.transaction.hex()}",
            f"/transactions/{receipt.transaction.hex()}",
            f"/v1/blocks/{receipt.height}",
            f"/blocks/{receipt.height}",
        ):
            texts.append(harbour.get(page, organisation, headers={"Accept": "text/html, */*"}).text)
        with harbour.asking(organisation) as client:
            texts.append(json.dumps(next(events(client, after=receipt.height - 1))))
        assert any(limit in text for text in texts) == told, organisation


# The vault


@pytest.fixture(scope="module")
def captured(harbour: Harbour) -> str:
    """The id of an event of firm-3 whose invoice and extension stay in its vault."""
    with harbour.asking("firm-3") as client:
        answer = client.post("/epcis/events", content=json_text.write(EVENT), headers=LD_JSON)
    assert answer.status_code == 201, answer.text
    assert SECRET in answer.text
    found: str = EVENT["eventID"]
    return found


def test_what_is_in_a_vault_is_read_by_its_owner_alone(harbour: Harbour, captured: str) -> None:
    """Through EPCIS, records, proofs, pages or the stream: the invoice and the extension stay with firm-3."""
    place = quote(captured, safe="")
    assert SECRET in harbour.get(f"/epcis/events/{place}", "firm-3").text
    with harbour.engine.snapshot() as snapshot:
        path, entry = next(iter(snapshot.scan("trace/events/firm-3/")))
    assert SECRET.encode() not in entry.value
    height = harbour.engine.status().height
    for organisation in ("", "firm-1", "firm-2", "bank"):
        for page in (
            f"/epcis/events/{place}", "/epcis/events", "/epcis/capture", f"/v1/records/{path}", f"/v1/history/{path}",
            f"/v1/proofs/{path}", f"/v1/blocks/{height}", f"/records/{path}",
        ):  # fmt: skip
            answer = harbour.get(page, organisation)
            assert answer.status_code < 500, page
            assert SECRET not in answer.text, (page, organisation)


def test_the_hash_of_an_event_with_hidden_parts_is_not_on_the_ledger(harbour: Harbour, captured: str) -> None:
    """From the hash of all parts and the parts that are shown, a short extension could be guessed."""
    assert captured
    with harbour.engine.snapshot() as snapshot:
        kept = [record_type(Event).decode(entry.value) for _, entry in snapshot.scan("trace/events/firm-3/")]
    hidden = [(event.event_hash, len(event.commitment)) for event in kept if event.has_private]
    assert set(hidden) == {("", 32)}


def test_a_capture_job_is_its_organisations_alone(harbour: Harbour) -> None:
    document = {
        "@context": EVENT["@context"], "type": "EPCISDocument", "schemaVersion": "2.0",
        "creationDate": "2026-04-08T18:00:00Z",
        "epcisBody": {"eventList": [{key: value for key, value in EVENT.items() if key not in ("@context", "eventID")}]},
    }  # fmt: skip
    with harbour.asking("firm-3") as client:
        answer = client.post("/epcis/capture", content=json_text.write(document), headers=LD_JSON)
    assert answer.status_code == 202, answer.text
    job = answer.headers["location"]
    assert harbour.get(job, "firm-3").status_code == 200
    assert harbour.get(job, "firm-1").status_code == 404
    assert harbour.get(job).status_code == 401


# Where no door is


TRAVERSALS = (
    "/log/tile/0/../../../../../../etc/passwd",
    "/log/tile/0/..%2f..%2f..%2fetc/passwd",
    "/log/tile/%2e%2e/%2e%2e/genesis",
    "/log/tile/entries/../../tokens.sqlite",
    "/log/tile/0/000.p/../../x",
    "/log/tile/0/000%00",
    "/log/tile//000",
    "/log/tile/-1/000",
    "/log/tile/0/x000/000",
    "/log/tile/0/" + "x999/" * 60 + "999",
    "/log/tile/0/٠٠٠",
    "/log//etc/passwd",
    "/log/genesis",
    "/portal/..%2f..%2fwords/portal.css/../../../engine.py",
    "/portal/../../pyproject.toml",
    "/epcis/events/..%2f..%2ftokens.sqlite",
    "/epcis/capture/..%2f..%2fepcis_jobs.sqlite",
    "/v1/records/../../tokens.sqlite",
    "/v1/proofs/../../../vaults/firm-3/key",
    "/v1/history/document/documents/..%2f..%2f..%2fkeys",
)


@pytest.mark.parametrize("target", TRAVERSALS)
def test_no_path_leads_out_of_a_door(harbour: Harbour, target: str) -> None:
    """Sent byte for byte: a client library would tidy the dots away."""
    host, port = harbour.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        request = f"GET {target} HTTP/1.1\r\nHost: {harbour.address}\r\nConnection: close\r\n\r\n"
        line.sendall(request.encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    status = int(answer.split(b" ", 2)[1])
    assert status in (400, 404, 422), answer[:300]
    for secret in (b"root:", b"SQLite format", b"PRIVATE", b"[project]"):
        assert secret not in answer
