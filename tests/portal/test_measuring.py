"""Numbers read in the unit that people measure in: money in its currency, masses in kilograms, parts in per cent."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from msgspec import inspect
from tests.portal.conftest import Portal

from infoharbor.contracts.trace.records import Quantity
from infoharbor.edgekit.json_form import shape_of, without_none
from infoharbor.edgekit.languages import Words
from infoharbor.edgekit.pages import measures_of, references_of
from infoharbor.kernel.registry import installed_registry
from infoharbor.portal.measuring import reading
from infoharbor.portal.wording import texts_in

REGISTRY = installed_registry()
PAGE: Any = SimpleNamespace(
    ledger=SimpleNamespace(
        measures=measures_of(REGISTRY), references=references_of(REGISTRY), registry=REGISTRY, words=Words(REGISTRY)
    ),
    texts=texts_in("en"),
)


def fields_in(kind: inspect.Type, name: str = "") -> Iterator[tuple[str, inspect.Type]]:
    """What a field holds, down to texts and numbers, with the names of their fields."""
    match without_none(kind):
        case inspect.VarTupleType(item_type=item):
            yield from fields_in(item, name)
        case inspect.StructType(fields=fields):
            for each in fields:
                yield from fields_in(each.type, each.name)
        case plain:
            yield name, plain


def test_what_is_measured_is_a_field_that_holds_a_number() -> None:
    for contract, field in measures_of(REGISTRY):
        tables = [kind.of for kind in REGISTRY.tables.values() if kind.contract == contract]
        actions = [kind.of for kind in REGISTRY.actions(contract)]
        found = [kind for of in (*tables, *actions) for name, kind in fields_in(shape_of(of)) if name == field]
        numbers = [isinstance(kind, inspect.IntType) for kind in found]
        assert any(numbers), (contract, field)
        assert all(numbers) or (contract, field) == ("governance", "value"), (contract, field)


@pytest.mark.parametrize(
    ("contract", "field", "value", "beside", "text", "unit"),
    [
        ("receivable", "face", 60_000_000, {"currency": "CNY"}, "600,000.00", "CNY"),
        ("receivable", "face", -5, {"currency": "CNY"}, "-0.05", "CNY"),
        ("receivable", "face", 350_000, {"currency": "VND"}, "350,000", "VND"),
        ("receivable", "face", 350_000, {"currency": "KWD"}, "350.000", "KWD"),
        ("receivable", "annual_cost", 410, {}, "4.1", "%"),
        ("farm", "grams", 820_500, {}, "820.5", "kg"),
        ("farm", "moisture", 1_250, {}, "12.5", "%"),
        ("farm", "grams_per_hectare", 100_000, {}, "100", "kg/ha"),
        ("trace", "made", 820_500_000, {"uom": "KGM"}, "820.5", "kg"),
        ("trace", "made", 400_000_000, {"uom": ""}, "400", texts_in("en")("lot.pieces")),
        ("trace", "mantissa", 2_004, {"uom": "KGM", "exponent": -1}, "200.4", "kg"),
        ("trace", "mantissa", 3, {"uom": "KGM", "exponent": 3}, "3,000", "kg"),
        ("asset", "free", 12_345, {"unit": "KGM", "decimals": 3}, "12.345", "kg"),
        ("governance", "value", 14 * 86_400_000, {"name": "governance.voting_period_ms"}, "1,209,600,000", "ms (14 days)"),
    ],
)  # fmt: skip
def test_a_number_reads_in_the_unit_that_people_measure_in(
    contract: str, field: str, value: int, beside: dict[str, Any], text: str, unit: str
) -> None:
    assert reading(PAGE, contract, field, beside, value) == (text, unit)


def test_an_amount_whose_currency_the_reader_may_not_know_says_that_it_is_in_the_smallest_unit() -> None:
    assert reading(PAGE, "receivable", "amount", {"party": "bank"}, 60_000_000) == ("60,000,000", "minor units")


def test_a_number_that_only_counts_has_no_unit() -> None:
    assert reading(PAGE, "receivable", "leaves", {"currency": "CNY"}, 3) is None


@pytest.mark.parametrize("exponent", [10**9, -(10**9)])
def test_no_power_of_ten_that_a_member_writes_makes_a_page_long(exponent: int) -> None:
    said = Quantity("https://id.gs1.org/01/09521002002010", 5, exponent, "KGM")
    assert reading(PAGE, "trace", "mantissa", {"uom": said.uom, "exponent": said.exponent}, 5) is None


@pytest.mark.parametrize(("language", "word"), [("en", "Face"), ("zh", "面额")])
def test_a_record_shows_money_in_its_currency_and_the_exact_number_beside_it(
    portal: Portal, language: str, word: str
) -> None:
    with httpx.Client(base_url=portal.address, timeout=30, headers={"Accept-Language": language}) as client:
        client.post("/enter", data={"organisation": "harbor-bank"})
        page = client.get("/records/receivable/receivables/liubao-processor:spring-tea-2026").text
        assert re.search(rf'{word}</dt><dd><span class="number" title="60000000">600,000.00 CNY</span>', page)
        # The use of an invoice has no currency of its own: it is the invoice's.
        rows = client.get("/records/receivable/invoice_uses").text
        assert 'title="60000000">600,000.00 CNY</span>' in rows
        form = client.get("/act/receivable/DraftReceivable").text
        assert re.search(rf"{word}.{{1,2}}(最小货币单位|minor units).", form)
