"""The standard's own documents: accepted, refused at their field, hashed as published."""

import os
from pathlib import Path
from typing import Any

import pytest

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.decompose import decompose
from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.exchange.forms import as_written
from infoharbor.contracts.trace.exchange.rebuild import query_document, rebuild
from infoharbor.contracts.trace.exchange.xml_writing import URN, WEB, write_xml

SAMPLES = Path(os.environ["CONFORMANCE_SAMPLES"])
VALID = sorted((SAMPLES / "epcis" / "valid").glob("*.json"))
HASHED = sorted((SAMPLES / "epcis-hash").glob("*.jsonld"))
INVALID = {
    "Combination_of_events_with_missing_mandatory_fields": ["[0].action", "[1].eventTimeZoneOffset"],
    "Combination_of_non_standard_bizStep_and_disposition": ["[0].bizStep", "[1].disposition"],
    "ObjectEvent_with_ilmd_field_without_namespace": ["[0].ilmd.materialType"],
    "ObjectEvent_with_invalid_certificationInfo": ["[0].certificationInfo[0]"],
    "ObjectEvent_with_non_standard_bizStep": ["[0].bizStep"],
    "ObjectEvent_with_non_standard_disposition": ["[0].disposition"],
    "ObjectEvent_with_unknown_field_in_quantityList": ["[0].quantityList[0].weight"],
    "ObjectEvent_without_identifier_list": ["[0].epcList"],
}


def test_the_samples_are_all_there() -> None:
    assert len(VALID) == 19
    assert len(HASHED) == 12
    assert {path.stem for path in (SAMPLES / "epcis" / "invalid").glob("*.json")} == set(INVALID)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_document_is_accepted(path: Path) -> None:
    assert read_document(path.read_bytes()).whole()


@pytest.mark.parametrize("name", sorted(INVALID))
def test_an_invalid_document_is_refused_at_its_field(name: str) -> None:
    found = read_document((SAMPLES / "epcis" / "invalid" / f"{name}.json").read_bytes())
    assert [fault.field for fault in found.faults] == [f"epcisBody.eventList{field}" for field in INVALID[name]]
    assert all(fault.code and fault.expected for fault in found.faults)


@pytest.mark.parametrize("path", HASHED, ids=lambda path: path.stem)
def test_event_hashes_are_those_published(path: Path) -> None:
    hashes = [event.hash() for event in read_document(path.read_bytes()).whole()]
    assert hashes == path.with_suffix(".hashes").read_text().split()


@pytest.mark.parametrize("path", VALID + HASHED, ids=lambda path: path.stem)
def test_what_is_put_together_again_is_valid_and_has_its_hash(path: Path) -> None:
    for event in read_document(path.read_bytes()).whole():
        public, held = decompose(event)
        raw = json_text.write(query_document([rebuild(public, held), rebuild(public)], created=1_780_000_000_000))
        again, alone = read_document(raw).whole()
        assert again.hash() == event.hash()
        assert public.has_private or alone.hash() == public.event_hash == event.hash()


@pytest.mark.parametrize("words", [WEB, URN])
@pytest.mark.parametrize("path", VALID + HASHED, ids=lambda path: path.stem)
def test_in_xml_it_is_accepted_with_its_hash_and_comes_back(path: Path, words: str) -> None:
    for event in read_document(path.read_bytes()).whole():
        public, held = decompose(event)
        document = query_document([rebuild(public, held), rebuild(public)], created=1_780_000_000_000)
        whole, alone = read_document(write_xml(document, words=words)).whole()
        assert whole.hash() == event.hash()
        assert public.has_private or alone.hash() == event.hash()
        (again,) = read_document(json_text.write(query_document([rebuild(*decompose(whole))], created=0))).whole()
        assert again.hash() == event.hash()


@pytest.mark.parametrize("path", HASHED, ids=lambda path: path.stem)
def test_event_hashes_in_xml_are_those_published(path: Path) -> None:
    events = [rebuild(*decompose(event)) for event in read_document(path.read_bytes()).whole()]
    hashes = [event.hash() for event in read_document(write_xml(query_document(events, created=0))).whole()]
    assert hashes == path.with_suffix(".hashes").read_text().split()


@pytest.mark.parametrize("name", sorted(INVALID))
def test_an_invalid_event_is_refused_in_xml_at_the_same_field(name: str) -> None:
    sent = json_text.value((SAMPLES / "epcis" / "invalid" / f"{name}.json").read_bytes())
    events = sent["epcisBody"]["eventList"]
    listed = {f"[{at}]" for at in range(len(events))}
    found = read_document(in_xml(sent["@context"], events))
    fields = [fault.field.removeprefix("epcisBody.queryResults.resultsBody.eventList") for fault in found.faults]
    assert {field.partition(".")[0] for field in fields} <= listed
    assert fields == INVALID_IN_XML.get(name, INVALID[name])


INVALID_IN_XML = {"ObjectEvent_with_invalid_certificationInfo": ["[0].certificationInfo"]}
"""A list is no place of its own in XML, so that the field alone is named."""


def in_xml(context: Any, events: list[dict[str, Any]]) -> bytes:
    """Events as XML, right or wrong."""
    document = query_document([event | {"@context": context} for event in events], created=0, written=as_written)
    return write_xml(document)
