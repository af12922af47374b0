"""What the desks say is said in words of the reader's language, and stands out only where someone is called for."""

import csv
import io
import re

import pytest
from tests.farm.conftest import Farm

from infoharbor.contractkit.gs1 import normal
from infoharbor.contracts.farm.causes import CloseCause, OpenCause
from infoharbor.contracts.farm.demo import BODY, GROWER, LEAF_LOT, SUPERVISOR, TEA_WORKS
from infoharbor.contracts.farm.records import CauseKind
from infoharbor.edgekit.languages import read_words
from infoharbor.portal.entering import SESSION

WORKS_PLACE = normal(TEA_WORKS)
SAID = {
    "en": {"stops": "pesticide residue", "stock": "Dark tea (dark-tea)", "alerts": "Rule that was broken"},
    "zh": {"stops": "农药残留", "stock": "黑茶 (dark-tea)", "alerts": "所违规则"},
}


def shown(farm: Farm, report: str, language: str, by: str = SUPERVISOR.id) -> str:
    return farm.get(f"/reports/farm/{report}", language=language, cookies={SESSION: farm.token(by)}).text


@pytest.mark.parametrize("language", SAID)
def test_reasons_products_and_rules_are_words_in_the_readers_language(farm: Farm, language: str) -> None:
    assert farm.send(
        OpenCause(f"W-{language}", LEAF_LOT, CauseKind.RECALL, "pesticide_residue", None), by=BODY
    ).is_success
    try:
        for report, said in SAID[language].items():
            page = shown(farm, report, language, by=SUPERVISOR.id)
            assert said in page, report
        assert "pesticide_residue" not in shown(farm, "stops", language)
        sheet = farm.get("/v1/reports/farm/stock?format=csv&lang=" + language, by=SUPERVISOR.id)
        assert SAID[language]["stock"] in sheet.content.decode("utf-8-sig")
    finally:
        farm.send(CloseCause(LEAF_LOT, f"{BODY}:W-{language}", "unfounded"), by=BODY)


def test_programs_are_given_the_code_alone(farm: Farm) -> None:
    rows = farm.get("/v1/reports/farm/stock", by=SUPERVISOR.id).json()["rows"]
    assert "dark-tea" in {row["product"] for row in rows}


def test_a_broken_rule_stands_out_and_a_status_as_it_stands(farm: Farm) -> None:
    page = shown(farm, "alerts", "en")
    rule = read_words("infoharbor.contracts.farm", "en")["rules"]["above_yield"]
    assert re.search(rf'class="badge wrong">{re.escape(rule)}', page)
    assert not re.search(rf'class="badge way">{re.escape(rule)}', page)
    assert 'class="badge begin">made<' in shown(farm, "stock", "en", by=GROWER)
    assert '"badge' not in re.sub(r'class="badge (begin|way|end|wrong)">', "", page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_public_page_says_the_same_words_for_reasons(language: str) -> None:
    assert (
        read_words("infoharbor.portal", language)["reasons"]
        == read_words("infoharbor.contracts.farm", language)["codes"]
    )


@pytest.mark.parametrize("language", ["en", "zh", "vi"])
def test_sheets_and_pages_say_the_same_words_for_units(language: str) -> None:
    codes, units = (
        read_words(f"infoharbor.{package}", language)[part]
        for package, part in (("contracts.trace", "codes"), ("portal", "units"))
    )
    assert {code: units[code] for code in codes if code in units} == {
        code: word for code, word in codes.items() if re.fullmatch("[A-Z][A-Z0-9]{2}", code) and code != "ADD"
    }


@pytest.mark.parametrize(("language", "place"), [("en", "Tea works, Wuzhou"), ("zh", "梧州茶厂")])
def test_a_recalls_last_place_is_named_and_its_uri_stands_beside(farm: Farm, language: str, place: str) -> None:
    """On the page one behind the other; in a sheet one column for each."""
    path = f"/reports/trace/recall?object={LEAF_LOT}"
    page = farm.get(path, language=language, cookies={SESSION: farm.token(GROWER)}).text
    assert f'{place} <span class="id">{WORKS_PLACE}</span>' in page
    sheet = farm.get(f"/v1{path}&format=csv&lang={language}", by=GROWER).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    name, uri = {"en": ("Last place", "Last place (id)"), "zh": ("最后地点", "最后地点（标识）")}[language]
    assert (place, WORKS_PLACE) in {(row[name], row[uri]) for row in rows}
    form = farm.get(f"/v1{path}", by=GROWER).json()["rows"]
    assert WORKS_PLACE in {row["place"] for row in form}


@pytest.mark.parametrize(("language", "unit"), [("en", "kg"), ("zh", "公斤")])
def test_a_chart_says_its_unit_in_the_readers_language(farm: Farm, language: str, unit: str) -> None:
    page = shown(farm, "stock", language)
    titles = re.findall(r"<svg[^>]*>\s*<title>([^<]*)</title>", page)
    assert titles
    assert all(unit in each for each in titles)


def test_places_and_pieces_of_the_tracking_sheet_are_named(farm: Farm) -> None:
    page = farm.get("/reports/trace/fsma", cookies={SESSION: farm.token(SUPERVISOR.id)}).text
    assert 'Warehouse, Nanning <span class="id">https://id.gs1.org/414/' in page
    assert re.search(r'data-title="Quantity"[^>]*><div><span class="number">400</span>', page)
    assert re.search(r'data-title="Unit"[^>]*><div>pieces', page)


def test_a_filter_offers_the_members_where_it_takes_one(farm: Farm) -> None:
    page = farm.get("/reports/farm/stock", cookies={SESSION: farm.token(GROWER)}).text
    assert re.search(r'<input id="filter-holder"[^>]* list="known-members"', page)
    assert f'<option value="{GROWER}">Wuzhou Tea Growers' in page
