"""Named queries: declared once, asked with texts, answered within what the asker may read."""

from typing import Any

import pytest
from node import TOKEN, Node

from infoharbor.contracts.asset.records import Balance
from infoharbor.edgekit.pages import queries_of
from infoharbor.edgekit.queries import Query, query
from infoharbor.edgekit.sight import Sight
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import ANONYMOUS, Reader
from infoharbor.kernel.registry import installed_registry


def holdings(read: Sight, token: str, least: int = 1, named: bool = True) -> Any:
    """Who holds how much of a token."""
    found = (each for each in read.scan(Balance, token) if each.free >= least)
    return [{"holder": each.holder, "balance": each} if named else each.free for each in found]


holdings.__module__ = "somewhere.asset.pages"
declared: Query = query("holdings", "Who holds it", "持有人")(holdings).__query__  # type: ignore[attr-defined]


def test_a_query_answers_within_what_the_asker_may_read(node: Node) -> None:
    holders = {}
    for reader in (ANONYMOUS, Reader("firm-1"), Reader("bank")):
        with node.ledger.sight(reader) as sight:
            holders[reader.organisation] = [each["holder"] for each in declared.ask(sight, {"token": TOKEN})]
    assert holders[""] == []
    assert holders["firm-1"] == ["firm-1"]
    assert holders["bank"] == ["firm-1", "firm-2", "firm-3"]


def test_a_query_takes_texts_integers_and_truths(node: Node) -> None:
    with node.ledger.sight(Reader("bank")) as sight:
        free = declared.ask(sight, {"token": TOKEN, "least": "1", "named": "false"})
        assert all(type(each) is int for each in free)
        assert declared.ask(sight, {"token": TOKEN, "least": str(10**17)}) == []


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, "input.field_missing", "token"),
        ({"token": "t", "more": "1"}, "input.field_unknown", "more"),
        ({"token": "t", "least": "x"}, "input.type", "least"),
        ({"token": "t", "named": "yes"}, "input.type", "named"),
        ({"token": "t" * 401}, "input.type", "token"),
    ],
)
def test_a_query_names_the_parameter_that_does_not_fit(
    node: Node, given: dict[str, str], code: str, field: str
) -> None:
    with node.ledger.sight(ANONYMOUS) as sight, pytest.raises(Malformed) as caught:
        declared.ask(sight, given)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_queries_of_the_contracts_are_found() -> None:
    found = queries_of(installed_registry())
    assert all(each.contract == contract and each.name == name for (contract, name), each in found.items())


def test_a_parameter_of_another_kind_is_an_error_of_the_contract() -> None:
    def wrong(read: Sight, at: float) -> None: ...

    with pytest.raises(TypeError, match="at"):
        query("wrong", "", "")(wrong)
