"""Sheets for authorities out of the story: critical tracking events with their key data, and what a recall reaches."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoharbor.contracts.identity.demo import story as identity
from infoharbor.contracts.trace.demo import story
from infoharbor.contracts.trace.pages.reports import CODED, COOLING, HARVESTING, SHIPPING, fsma, recall
from infoharbor.edgekit.languages import Words
from infoharbor.edgekit.reports import Report
from infoharbor.edgekit.sheets import Speech, csv_file
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.trial import Trial
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import ANONYMOUS


@pytest.fixture(scope="module")
def told() -> Trial:
    return Trial().tell(identity, story)


def ask(told: Trial, run: Any, **given: str) -> list[dict[str, Any]]:
    report: Report = run.__report__
    sight = Sight(told.view, lambda _: iter(()), told.registry, told.now, ANONYMOUS)
    rows: list[dict[str, Any]] = report.ask(sight, given).form()["rows"]
    return rows


def sheet(told: Trial, run: Any, language: str, **given: str) -> str:
    report: Report = run.__report__
    sight = Sight(told.view, lambda _: iter(()), told.registry, told.now, ANONYMOUS)
    words = Words(told.registry)
    speech = Speech(language, words, lambda one: words.text("trace", "title"))
    return csv_file(report.ask(sight, given), speech).decode("utf-8-sig")


def test_a_lot_has_its_code_from_where_it_is_given_and_not_before(told: Trial) -> None:
    rows = ask(told, fsma)
    assert {row["kind"] for row in rows} >= {HARVESTING, "transformation", "initial_packing", SHIPPING, "receiving"}
    for row in rows:
        assert row["time"]
        assert not (row["kind"] in (HARVESTING, COOLING) and row["lot_code"])
        assert bool(row["lot_code"]) == bool(row["source"])
    coded = [row for row in rows if row["kind"] in CODED and row["place"]]
    assert coded
    assert all(row["lot_code"] for row in coded)


def test_both_sides_of_a_shipment_name_each_other(told: Trial) -> None:
    rows = ask(told, fsma)
    sent = {(row["object"], row["next_place"], row["place"]) for row in rows if row["kind"] == SHIPPING}
    got = {(row["object"], row["place"], row["previous_place"]) for row in rows if row["kind"] == "receiving"}
    assert sent & got


def test_the_sheet_is_narrowed_by_product_and_days(told: Trial) -> None:
    rows = ask(told, fsma)
    days = sorted({row["time"][:10] for row in rows})
    first = ask(told, fsma, until=days[0])
    assert {row["time"][:10] for row in first} == {days[0]}
    assert len(first) + sum(row["time"][:10] > days[0] for row in rows) == len(rows)
    assert ask(told, fsma, since=days[-1], until=days[-1])
    product = next(row["product"] for row in rows if row["product"])
    assert {row["product"] for row in ask(told, fsma, product=product.lstrip("0"))} == {product}
    with pytest.raises(Malformed) as refused:
        ask(told, fsma, since="spring")
    assert refused.value.field == "since"


def test_a_sheet_tells_what_it_was_narrowed_by_in_the_order_of_its_form(told: Trial) -> None:
    report: Report = fsma.__report__  # type: ignore[attr-defined]
    sight = Sight(told.view, lambda _: iter(()), told.registry, told.now, ANONYMOUS)
    given = {"until": "2025-09-12", "since": "2025-08-25"}
    assert list(report.ask(sight, given).given.items()) == list(given.items())[::-1]


def test_a_recall_reaches_all_that_was_made_of_a_lot(told: Trial) -> None:
    harvested = next(row["object"] for row in ask(told, fsma) if row["kind"] == HARVESTING)
    rows = ask(told, recall, object=harvested)
    assert (rows[0]["object"], rows[0]["step"]) == (harvested, None)
    assert len({row["object"] for row in rows}) == len(rows) > 3
    assert all(row["whole"] and row["last_seen"] and row["captured_by"] for row in rows)
    nothing = {row["object"] for row in ask(told, recall, object=rows[-1]["uri"])}
    assert nothing < {row["object"] for row in rows}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sheet_speaks_both_languages(told: Trial, language: str) -> None:
    text = sheet(told, fsma, language)
    assert ("Harvesting" in text) == (language == "en")
    assert ("采收" in text) == (language == "zh")


@pytest.mark.parametrize(("language", "units"), [("en", {"kg", "pieces", ""}), ("zh", {"公斤", "件", ""})])
def test_units_are_words_to_people_and_codes_to_programs(told: Trial, language: str, units: set[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(sheet(told, fsma, language))))
    assert {row["Unit" if language == "en" else "单位"] for row in rows} == units
    amounts = {row["Quantity" if language == "en" else "数量"] for row in rows}
    assert amounts >= {"820.5", "400"}
    assert {row["unit"] for row in ask(told, fsma)} == {"KGM", "H87", ""}


@pytest.mark.parametrize(
    ("language", "titles", "step", "disposition"),
    [
        ("en", ("Business step", "Disposition"), "sold in a shop", "sold"),
        ("zh", ("业务步骤", "状态"), "零售", "已售"),
    ],
)
def test_a_recalls_sheet_says_steps_in_words_and_has_their_codes_beside(
    told: Trial, language: str, titles: tuple[str, str], step: str, disposition: str
) -> None:
    harvested = next(row["object"] for row in ask(told, fsma) if row["kind"] == HARVESTING)
    rows = list(csv.DictReader(io.StringIO(sheet(told, recall, language, object=harvested))))
    coded = ("{} (code)", "{} (code)") if language == "en" else ("{}（代码）", "{}（代码）")
    codes = [code.format(title) for code, title in zip(coded, titles, strict=True)]
    found = {tuple(row[each] for each in (*titles, *codes)) for row in rows}
    assert (step, disposition, "retail_selling", "retail_sold") in found
    assert all(said != code for row in found for said, code in zip(row[:2], row[2:], strict=True) if code)


@given(data=st.data())
def test_a_narrowed_sheet_has_the_rows_of_the_whole_one_that_fit(told: Trial, data: st.DataObject) -> None:
    whole = ask(told, fsma)
    asked = {
        "product": data.draw(st.sampled_from(sorted({row["product"] for row in whole} | {"", "99999999999999"}))),
        "captured_by": data.draw(st.sampled_from(sorted({row["captured_by"] for row in whole} | {"", "nobody"}))),
        "since": data.draw(st.sampled_from(sorted({row["time"][:10] for row in whole} | {""}))),
        "until": data.draw(st.sampled_from(sorted({row["time"][:10] for row in whole} | {""}))),
    }
    fitting = [
        row
        for row in whole
        if asked["product"] in ("", row["product"])
        and asked["captured_by"] in ("", row["captured_by"])
        and asked["since"] <= row["time"][:10] <= (asked["until"] or "9")
    ]
    assert ask(told, fsma, **{name: value for name, value in asked.items() if value}) == fitting
