"""What evidence is about is said whatever stands in it: another ledger's rules may let anything be an identifier."""

from types import SimpleNamespace
from typing import Any

import pytest

from infoharbor.edgekit.languages import Words
from infoharbor.evidence.verify import Proven, ProvenRecord
from infoharbor.kernel.registry import installed_registry
from infoharbor.portal.about import About
from infoharbor.portal.wording import texts_in


def proven(*paths: str) -> Proven:
    version: Any = None
    return Proven(bytes(32), 1, 0, [], [ProvenRecord(path, [(version, {})], True) for path in paths], [])


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        ("01~09521001001014~10~MC%2F1", "Lot MC/1 · GTIN 09521001001014"),
        ("01~09521001001014~10~%", "01~09521001001014~10~%"),
        ("01~%zz", "01~%zz"),
        ("urn:x:%1", "urn:x:%1"),
        ("", ""),
        ("~", "~"),
    ],
)
def test_goods_are_named_by_what_is_read_on_them_or_else_by_their_identifier(identifier: str, said: str) -> None:
    registry = installed_registry()
    page: Any = SimpleNamespace(ledger=SimpleNamespace(words=Words(registry), registry=registry), texts=texts_in("en"))
    assert About(page).things(proven(f"trace/objects/{identifier}")) == [said]
