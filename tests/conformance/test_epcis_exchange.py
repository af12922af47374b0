"""The standard's own documents: accepted, refused at their field, hashed as published."""

import os
from pathlib import Path

import pytest

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.decompose import decompose
from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.exchange.rebuild import query_document, rebuild

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
