"""What the desks say is said in words of the reader's language, and stands out only where someone is called for."""

import re

import pytest
from tests.farm.conftest import Farm

from infoharbor.contracts.farm.causes import CloseCause, OpenCause
from infoharbor.contracts.farm.demo import BODY, GROWER, LEAF_LOT, SUPERVISOR
from infoharbor.contracts.farm.records import CauseKind
from infoharbor.edgekit.languages import read_words
from infoharbor.portal.entering import SESSION

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
