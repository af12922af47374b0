"""What pages say of values: states that call for someone, and codes of the standards under their names."""

from types import ModuleType, SimpleNamespace

import pytest
from tests.portal.conftest import Portal

from infoharbor.contracts.identity.records import Organisation, OrganisationStatus
from infoharbor.contracts.trace.records import EventStatus
from infoharbor.edgekit import pages
from infoharbor.edgekit.pages import Alarming, alarming_of
from infoharbor.kernel.registry import installed_registry
from infoharbor.portal.codes import NAMES_KEPT, country_name, unit_name
from infoharbor.portal.wording import PUBLIC_LANGUAGES, texts_in


def test_a_contract_says_which_of_its_states_call_for_someone() -> None:
    declared = alarming_of(installed_registry())
    assert ("identity/organisations", "suspended") in declared
    assert ("receivable/receivables", "overdue") in declared
    assert ("trace/events", "recorded") not in declared


def test_a_state_that_no_move_leads_to_is_not_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("pages")
    module.alarming = Alarming({Organisation: (OrganisationStatus.ACTIVE, EventStatus.IN_ERROR)})  # type: ignore[attr-defined]
    monkeypatch.setattr(pages, "pages_of", lambda registry: {"identity": [module]})
    with pytest.raises(ValueError, match="no move leads to in_error"):
        alarming_of(SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "country", "unit"), [("en", "Viet Nam", "kg"), ("zh", "越南", "公斤"), ("vi", "Việt Nam", "kg")]
)
def test_countries_and_units_have_names(language: str, country: str, unit: str) -> None:
    assert country_name("VN", language) == country
    assert unit_name("KGM", texts_in(language)) == unit


def test_what_stands_in_place_of_a_country_is_not_kept_without_end() -> None:
    for number in range(2_000):
        assert country_name(f"no country {number}", "zh") == f"no country {number}"
    assert country_name.cache_info().currsize <= NAMES_KEPT


@pytest.mark.parametrize("language", PUBLIC_LANGUAGES)
def test_a_code_that_nobody_has_a_name_for_is_shown_as_it_is(language: str) -> None:
    assert country_name("XX", language) == "XX"
    assert unit_name("ZZZ", texts_in(language)) == "ZZZ"


@pytest.mark.parametrize(
    "path", ["/organisations", "/organisations/nanning-exporter", "/01/09521002002010/10/LB250418"]
)
def test_pages_name_countries_beside_their_codes(portal: Portal, path: str) -> None:
    for language, name in (("en", "China"), ("zh", "中国")):
        assert f'{name} <span class="id">CN</span>' in portal.get(path, language=language).text
