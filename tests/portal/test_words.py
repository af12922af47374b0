"""Pages speak in words: fields, parties, codes and statuses are never shown as the ledger writes them."""

import re
from collections.abc import Iterator

import pytest
from msgspec import inspect
from tests.portal.conftest import Portal

from infoharbor.edgekit.json_form import shape_of, without_none
from infoharbor.edgekit.languages import LANGUAGES, Words, read_words
from infoharbor.kernel.authority import RoleOf
from infoharbor.kernel.registry import installed_registry

REGISTRY = installed_registry()
CONTRACTS = sorted(name for name, each in REGISTRY.contracts.items() if each.package.startswith("infoharbor."))
RECALLED = "01~09521001001014~10~MC250405"


def names_in(kind: inspect.Type) -> Iterator[str]:
    """The fields of the structures that a field holds."""
    match without_none(kind):
        case inspect.VarTupleType(item_type=item):
            yield from names_in(item)
        case inspect.StructType(fields=fields):
            for each in fields:
                yield from (each.name, *names_in(each.type))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_field_of_an_action_has_a_word_and_so_have_those_in_it(contract: str) -> None:
    words = Words(REGISTRY)
    tables = [kind.table for kind in REGISTRY.tables.values() if kind.contract == contract]
    missing = [
        f"{action.name}.{name}"
        for action in REGISTRY.actions(contract)
        for field in shape_of(action.of).fields
        for name in (field.name, *names_in(field.type))
        if all(
            key in words.text(contract, "fields", key)
            for key in (f"{holder}.{name}" for holder in (action.name, *tables))
        )
    ]
    assert missing == []


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_table_and_action_is_told_in_chinese(contract: str) -> None:
    words = Words(REGISTRY)
    tables = [kind for kind in REGISTRY.tables.values() if kind.contract == contract]
    told = [words.about(kind).zh for kind in (*tables, *REGISTRY.actions(contract))]
    assert [each for each in told if not re.search("[\u4e00-\u9fff]", each)] == []


def test_what_an_action_does_and_its_fields_take_is_shown_in_the_readers_language(portal: Portal) -> None:
    chinese = portal.get("/contracts/document", language="zh").text
    assert "所有方立即终止授权。" in chinese
    assert "文本，1 至 63 个字符" in chinese
    assert "The owner ends a grant at once." not in chinese
    english = portal.get("/contracts/document", language="en").text
    assert "The owner ends a grant at once." in english
    assert "a text of 1 to 63 characters" in english
    assert "所有方立即终止授权。" in portal.get("/act/document/WithdrawAccess", language="zh").text


def test_every_role_that_a_table_names_has_a_word_in_every_language() -> None:
    parties = [each for kind in REGISTRY.tables.values() for each in kind.readers]
    parties += [each for kind in REGISTRY.tables.values() for move in kind.moves for each in move.parties]
    roles = {each.role for each in parties if isinstance(each, RoleOf)}
    for language in (*LANGUAGES, "vi"):
        assert roles <= set(read_words("infoharbor.portal", language)["roles"])


def test_arguments_are_shown_in_words(portal: Portal) -> None:
    cause = portal.get(f"/records/farm/causes/{RECALLED}/guangxi-certifier%3AR-2026-001").text
    newest = re.findall(r"/transactions/[0-9a-f]{64}", cause)[0]
    shown = portal.get(newest, language="zh").text
    assert "farm.CloseCause" in shown
    assert "未证实" in shown
    assert "暂停或召回" in shown
    assert "not_confirmed" not in shown


@pytest.mark.parametrize("path", ["/reports/farm/reach", "/reports/trace/recall"])
def test_a_report_that_needs_to_be_told_its_object_asks_for_it(portal: Portal, path: str) -> None:
    asked = portal.get(path)
    assert asked.status_code == 200
    assert "<form" in asked.text
    assert "Say first what it is asked about." in asked.text


def test_a_column_that_differs_between_rows_is_shown_though_a_parameter_has_its_name(portal: Portal) -> None:
    assert '<th scope="col">Lot or unit</th>' in portal.get(f"/reports/trace/recall?object={RECALLED}").text


def test_readers_are_named_in_words(portal: Portal) -> None:
    page = portal.get("/contracts/farm", language="zh").text
    assert "持有方所在地的市场监管机构" in page
    assert "role market-supervisor" not in page


def test_a_text_that_may_be_left_out_is_typed_as_a_text(portal: Portal) -> None:
    document = shape_of(REGISTRY.action("farm", "IssueCertificate", 1).of).fields  # type: ignore[union-attr]
    assert any(isinstance(each.type, inspect.UnionType) and each.name == "document" for each in document)
    page = portal.get("/act/farm/IssueCertificate").text
    assert re.search(r'<input id="field-document"', page)
