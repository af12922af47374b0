"""Identifiers as a client asks for them, Digital Links or URNs: the hash stays, and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.conftest import CARTON, captured
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.forms import as_written, with_links, with_urns

LINK = gs1.normal(CARTON)


@given(
    st.sampled_from([CARTON, LINK, "https://shop.example/01/19521234003035/21/1001", "https://liubao.example/cellar/3"])
)
def test_identifiers_are_written_as_asked_and_the_hash_stays(uri: str) -> None:
    one = captured(epcList=[uri], readPoint={"id": "urn:epc:id:sgln:9521234.00020.0"})
    fields = one.fields
    as_links, as_urns = with_links(fields), with_urns(fields, lambda link: 7)
    assert as_written(fields) is fields
    assert as_links["epcList"] == [gs1.normal(uri)]
    assert as_urns["epcList"] == [uri if "liubao" in uri else CARTON]
    assert as_urns["readPoint"] == {"id": "urn:epc:id:sgln:9521234.00020.0"}
    assert {captured(**each).hash() for each in (fields, as_links, as_urns)} == {one.hash()}


def test_nobody_guesses_how_long_a_company_prefix_is() -> None:
    with pytest.raises(EventFault) as refused:
        with_urns(captured(epcList=[LINK]).fields, lambda link: None)
    assert (refused.value.code, refused.value.field) == ("epcis_prefix_length", "GS1-EPC-Format")
    assert LINK in refused.value.expected


def test_one_thing_named_in_two_notations_stays_named_twice() -> None:
    assert with_links(captured(epcList=[CARTON, LINK]).fields)["epcList"] == [CARTON, LINK]
