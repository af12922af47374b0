"""What no event, capture, audience or prefix can be is refused, and the field named."""

import pytest

from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.trace.actions import EVENTS_PER_ACTION, AccreditPrefix, CaptureEvents, SetAudience
from infoharbor.contracts.trace.conftest import (
    EARLY,
    LINK,
    ONE,
    PALLET,
    PREFIX,
    REGISTRAR,
    TEA,
    packed,
    said,
    send,
    shipped,
    unpacked,
)
from infoharbor.contracts.trace.records import CapturedEvent, ErrorDeclaration, Quantity
from infoharbor.engine.trial import START, Trial


def test_the_future_is_refused_beyond_the_clock_skew(trial: Trial) -> None:
    ahead = START - EARLY + 400_000
    future = CaptureEvents((shipped(1, ahead, ONE),))
    trial.refuses(future, by=TEA, code="trace.event_from_future", field="events[0].event_time")
    send(trial, shipped(2, ahead - 200_000, ONE))
    declared = ErrorDeclaration(trial.now + 400_000, "", ())
    later = CaptureEvents((said(3, 0, epcs=(ONE,), error_declaration=declared),))
    trial.refuses(later, by=TEA, code="trace.event_from_future", field="events[0].error_declaration")


@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("digest", said(1, 0, digest="A" * 40)),
        ("digest", said(1, 0, digest="ab")),
        ("event_type", said(1, 0, "QuantityEvent")),
        ("event_action", said(1, 0, action="REPLACE")),
        ("event_action", said(1, 0, "TransformationEvent", "ADD")),
        ("commitment", said(1, 0, commitment=b"short")),
        ("commitment", said(1, 0, has_private=True)),
        ("objects_count", said(1, 0, epcs=tuple(f"urn:example:{each}" for each in range(1001)))),
        ("identifier", said(1, 0, epcs=(f"{LINK}/01/09521001003033/21/1",))),
        ("identifier", said(1, 0, parent_id="urn:epc:id:sscc:9521001.0000000001")),
        ("identifier", said(1, 0, quantities=(Quantity("urn:epc:id:none", 1, 0, ""),))),
    ],
)
def test_what_no_fact_can_be_is_refused(trial: Trial, code: str, event: CapturedEvent) -> None:
    trial.refuses(CaptureEvents((event,)), by=TEA, code=f"trace.{code}")


def test_one_wrong_event_leaves_none_of_its_capture(trial: Trial) -> None:
    both = CaptureEvents((shipped(1, 0, ONE), said(2, 0, digest="-")))
    trial.refuses(both, by=TEA, code="trace.digest", field="events[1].digest")


def test_a_capture_has_one_to_five_hundred_events(trial: Trial) -> None:
    trial.refuses(CaptureEvents(()), by=TEA, code="trace.events_count", field="events")
    many = tuple(shipped(number, 0, ONE) for number in range(EVENTS_PER_ACTION + 1))
    trial.refuses(CaptureEvents(many), by=TEA, code="trace.events_count", field="events")


def test_unpacking_more_than_fits_wants_names(trial: Trial) -> None:
    for start in range(0, 1_500, 500):
        children = tuple(f"urn:example:{each}" for each in range(start, start + 500))
        send(trial, packed(start, 0, PALLET, *children))
    trial.refuses(CaptureEvents((unpacked("all", 1, PALLET),)), by=TEA, code="trace.objects_count", field="parent_id")


def test_an_audience_names_products_and_members(trial: Trial) -> None:
    trial.refuses(SetAudience("9521001003032", ()), by=TEA, code="trace.product", field="product")
    trial.refuses(SetAudience("09521001003033", ()), by=TEA, code="trace.product", field="product")
    trial.refuses(SetAudience("*", ("nobody",)), by=TEA, code="ledger.record_unknown", field="audience")
    many = tuple(f"o-{number}" for number in range(51))
    trial.refuses(SetAudience("*", many), by=TEA, code="trace.audience_size", field="audience")


def test_prefixes_are_accredited_by_the_registrar_of_the_country(trial: Trial) -> None:
    def refused(
        code: str, field: str, prefix: str = "9521008", country: str = "CN", until: int = 0, by: str = REGISTRAR
    ) -> None:
        action = AccreditPrefix(prefix, TEA, country, 5, until)
        trial.refuses(action, by=by, code=code, field=field)

    refused("ledger.role_missing", "by", by=TEA)
    refused("ledger.role_missing", "by", country="VN")
    refused("trace.jurisdiction", "jurisdiction", country="cn")
    refused("trace.prefix", "prefix", prefix="12345")
    refused("trace.prefix", "prefix", prefix="Example.org")
    refused("trace.prefix", "prefix", prefix="example.org/a")
    refused("trace.period", "until", until=4)
    trial.refuses(
        AccreditPrefix("9521008", "nobody", "CN", 0, 0),
        by=REGISTRAR,
        code="ledger.record_unknown",
        field="organisation",
    )
    trial.decide(GrantRole(REGISTRAR, "gs1-registrar", "VN", 0, 0, ""))
    refused("trace.prefix_elsewhere", "prefix", prefix=PREFIX, country="VN")
