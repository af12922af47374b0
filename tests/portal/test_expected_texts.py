"""What would be right, on the pages: in the reader's language, also where the browser itself says it."""

import re

import pytest
from tests.portal.conftest import Portal

from infoharbor.cli.expected_texts import has_words
from infoharbor.portal.pages.verifier import JOINED, VALUE, expected_by_program, modules

REFUSED = re.compile(r'(?:\bensure|\bcheck|new Refused)\([^;]*?,\s*(?:"([^"\n]*)"|`([^`]*)`)\)')
LISTED = {"embedded or replicated"}
"""Covered by what the program joins."""


def said_by_program() -> set[str]:
    own = (content.decode() for name, content in modules().items() if not name.startswith("vendor/"))
    found = {plain or made for content in own for plain, made in REFUSED.findall(content)}
    return {VALUE.sub("{}", text) for text in found} - LISTED


def test_the_page_has_the_chinese_of_whatever_the_program_says_would_be_right() -> None:
    said = {text for text in said_by_program() if has_words(text)}
    assert len(said) > 50
    assert sorted(said - expected_by_program().keys()) == []
    assert JOINED in expected_by_program()


@pytest.mark.parametrize(
    ("language", "right"),
    [("en", "a height that exists"), ("zh", "存在的高度"), ("vi", "a height that exists")],
)
def test_a_refusal_is_a_page_that_says_in_the_reader_s_language_what_would_be_right(
    portal: Portal, language: str, right: str
) -> None:
    page = portal.get(f"/blocks/999999?lang={language}")
    assert page.status_code == 404
    assert f"ledger.height_unknown · height · {right}" in page.text
