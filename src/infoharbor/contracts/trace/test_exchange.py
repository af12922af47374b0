"""EPCIS in and out: what is accepted and made public, and that hashes stay the same."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.conftest import CARTON, SAMPLES, STORIES, TEA_NAMES, captured, document, event
from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.exchange.decompose import WITHHELD, Decomposed, decompose
from infoharbor.contracts.trace.exchange.document import Event, read_document
from infoharbor.contracts.trace.exchange.event_hash import canonical_string
from infoharbor.contracts.trace.exchange.rebuild import query_document, rebuild

MASTER_DATA = "urn:epcglobal:cbv:mda:"


def story_parts(name: str, *public: str) -> list[tuple[Event, Decomposed]]:
    """The events of a sample document, each with its two parts."""
    events = read_document((SAMPLES / f"{name}.json").read_bytes()).whole()
    return [(one, decompose(one, public_namespaces=frozenset(public))) for one in events]


# Properties


@given(st.decimals(min_value=0, max_value=10**12 - 1, places=6))
def test_a_quantity_comes_back_exactly(quantity: Decimal) -> None:
    read = json_text.value(str(quantity).encode())
    assert json_text.unscaled(*json_text.scaled(read)) == quantity


@given(st.integers(-(10**13), 10**13))
def test_a_moment_comes_back_from_its_text(moment: int) -> None:
    assert times.milliseconds(times.utc(moment)) == moment


@given(st.lists(st.sampled_from([f"{CARTON}{one}" for one in range(9)]), min_size=1, unique=True), st.randoms())
def test_the_order_of_fields_and_items_does_not_change_the_hash(epcs: list[str], random: Any) -> None:
    shuffled = random.sample(epcs, len(epcs))
    fields = event(epcList=epcs, bizStep="shipping", **{"tea:a": "1", "tea:b": "2"})
    other = dict(random.sample(sorted((fields | {"epcList": shuffled}).items()), len(fields)))
    first, second = read_document(document(fields, other)).whole()
    assert first.hash() == second.hash()


# Our own documents


@pytest.mark.parametrize("name", STORIES)
def test_a_sample_is_valid_and_keeps_its_hashes(name: str) -> None:
    hashes = [one.hash() for one, _ in story_parts(name)]
    assert hashes == (SAMPLES / f"{name}.hashes").read_text().split()


def test_the_samples_show_all_five_event_types() -> None:
    kinds = {one.type for name in STORIES for one, _ in story_parts(name)}
    assert len(kinds) == 5


@pytest.mark.parametrize("public", [(), (TEA_NAMES, MASTER_DATA)])
@pytest.mark.parametrize("name", STORIES)
def test_an_event_put_together_again_is_valid_and_has_its_hash(name: str, public: tuple[str, ...]) -> None:
    for one, parts in story_parts(name, *public):
        whole = rebuild(parts.public, parts.held, record_time=1_780_000_000_000)
        shown = rebuild(parts.public, record_time=1_780_000_000_000)
        raw = json_text.write(query_document([whole, shown], created=1_780_000_000_000))
        again, alone = read_document(raw).whole()
        assert again.hash() == one.hash()
        assert parts.public.has_private or alone.hash() == one.hash()


@given(text=st.text(max_size=40) | st.sampled_from(["5", "[1]", '"a"', "[[[[", '{"a": 1e999}']))
def test_what_a_member_wrote_past_every_gateway_breaks_no_reader(text: str) -> None:
    _, parts = story_parts(STORIES[0])[0]
    hostile = msgspec.structs.replace(parts.public, sensors=text, ilmd=text, extensions=text)
    json_text.write(rebuild(hostile))


@pytest.mark.parametrize("name", STORIES)
def test_neither_hash_nor_extension_goes_public_with_a_private_event(name: str) -> None:
    for one, parts in story_parts(name):
        if parts.public.has_private:
            assert parts.public.event_hash == ""
            shown = json_text.write(rebuild(parts.public)).decode()
            assert one.hash() not in shown
            assert not any(secret in shown for secret in (TEA_NAMES, "PO-889", "INV-2601", "CANGWU", "23.95"))


def test_voted_namespaces_make_master_data_public() -> None:
    (_, parts), _ = story_parts("processing", MASTER_DATA)
    assert not parts.public.has_private
    assert json.loads(parts.public.ilmd)["{urn:epcglobal:cbv:mda}lotNumber"] == "LB2026-0415"


def test_the_exact_bytes_of_an_event_stay_with_its_owner() -> None:
    raw = (SAMPLES / "harvest.json").read_bytes()
    ((_, parts),) = story_parts("harvest")
    assert parts.held.original in raw
    assert json.loads(parts.held.original)["tea:picker"]["tea:people"] == 14


def test_quantities_are_integers_and_a_power_of_ten() -> None:
    ((_, parts),) = story_parts("harvest")
    (quantity,) = parts.public.quantities
    assert (quantity.mantissa, quantity.exponent, quantity.uom) == (12505, -1, "KGM")


# What must not be public


def test_a_person_is_withheld() -> None:
    parts = decompose(captured(epcList=["urn:epc:id:gsrn:9521234.0000010253", CARTON]))
    assert parts.public.epcs == (WITHHELD, gs1.normal(CARTON))
    assert parts.public.has_private


def test_an_exact_position_is_withheld() -> None:
    parts = decompose(captured(readPoint={"id": "geo:23.9512,111.2467"}))
    assert parts.public.read_point == WITHHELD
    assert parts.public.has_private


def test_an_event_id_that_is_a_hash_is_withheld_with_private_parts() -> None:
    name = "ni:///sha-256;" + "ab" * 32 + "?ver=CBV2.0"
    assert decompose(captured(eventID=name)).public.event_id == name
    hidden = decompose(captured(eventID=name, **{"tea:price": 88}))
    assert hidden.public.event_id == ""
    assert hidden.held.event_id == name


# The hash, rule by rule


def line(**changes: Any) -> str:
    one = captured(**changes)
    return canonical_string(one.fields, one.names, one.links)


def test_hash_writes_times_in_utc_rounded_half_up() -> None:
    assert "eventTime=2026-06-11T23:15:00.124Z" in line(eventTime="2026-06-12T07:15:00.1235+08:00")


def test_hash_leaves_out_ids_and_corrections() -> None:
    left_out = {
        "eventID": "urn:uuid:6f0c2f0a-5f2b-4f0e-9d0b-0c7a1f4e2601",
        "recordTime": "2026-06-12T07:15:00Z",
        "certificationInfo": "https://example.org/c",
        "errorDeclaration": {"declarationTime": "2026-06-12T07:15:00Z"},
    }
    assert line(**left_out) == line()


def test_hash_keeps_the_order_of_the_standard_inside_sensor_metadata() -> None:
    metadata = {"deviceID": "urn:epc:id:giai:9521234.L7", "time": "2026-06-12T07:15:00Z"}
    text = line(sensorElementList=[{"sensorMetadata": metadata, "sensorReport": [{"type": "Mass", "value": 2.50}]}])
    assert text.endswith(
        "sensorElementsensorMetadatatime=2026-06-12T07:15:00.000Z"
        "deviceID=https://id.gs1.org/8004/9521234L7sensorReporttype=https://ref.gs1.org/voc/Massvalue=2.5"
    )


def test_hash_puts_extensions_of_fields_before_those_of_the_event() -> None:
    text = line(
        readPoint={"id": "https://example.org/p", "tea:gate": "2"},
        **{"tea:a": "x", "tea:list": ["b", "23.0"]},
    )
    assert text.endswith(
        f"readPointid=https://example.org/preadPoint{{{TEA_NAMES}}}gate=2{{{TEA_NAMES}}}a=x"
        f"{{{TEA_NAMES}}}list=23{{{TEA_NAMES}}}list=b"
    )


def test_hash_is_the_same_for_both_notations_of_a_key() -> None:
    assert line(epcList=[gs1.normal(CARTON) + "?17=270101"]) == line()
