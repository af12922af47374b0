"""What the ledger refuses to keep: keys and numbers that two readers could take differently."""

from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from infoharbor.contractkit import Action, Record
from infoharbor.contractkit.types import Count
from infoharbor.contracts.governance.actions import WithdrawProposal
from infoharbor.contracts.identity.demo import PLAYERS
from infoharbor.engine.trial import Trial
from infoharbor.kernel.authority import BrokenAuthority
from infoharbor.kernel.records import record_type


def declared(**fields: Any) -> type[Record]:
    """A record class with these fields, its first one the key."""
    names = {"__module__": "tests.pier.records", "__annotations__": fields}
    return type(Record)("Sample", (Record,), names, table="samples", key=next(iter(fields)))


class Inner(Struct):
    number: int


@pytest.mark.parametrize("of", [bytes, bool, str | None, tuple[str, ...]])
def test_a_key_is_text_a_number_or_one_of_a_list(of: Any) -> None:
    with pytest.raises(TypeError, match=r"Sample.id is no key"):
        record_type(declared(id=of))


def test_a_key_is_a_field() -> None:
    made = type(Record)(
        "Sample", (Record,), {"__module__": "tests.pier.records", "__annotations__": {"id": str}}, key="x"
    )
    with pytest.raises(TypeError, match=r"Sample.x is no key"):
        record_type(made)


@pytest.mark.parametrize("of", [int, int | None, tuple[int, ...], tuple[str, int], Inner, Annotated[int, Meta(ge=0)]])
def test_every_number_has_bounds(of: Any) -> None:
    with pytest.raises(TypeError, match="say Integer, Count, Amount or Instant"):
        record_type(declared(id=str, number=of))


@pytest.mark.parametrize("of", [Count, Count | None, tuple[Count, ...], Annotated[int, Meta(gt=0, lt=9)]])
def test_a_number_with_bounds_is_kept(of: Any) -> None:
    assert record_type(declared(id=str, number=of)).schema_hash


def test_an_actions_numbers_have_bounds_too() -> None:
    made = type(Action)("Try", (Action,), {"__module__": "tests.pier.actions", "__annotations__": {"number": int}})
    with pytest.raises(TypeError, match=r"Try.number is an int without bounds"):
        made.__action__.describe()


def test_an_authority_that_gives_no_time_stops_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(PLAYERS)
    monkeypatch.setattr(trial.registry.authority, "authorise", lambda *_: None)
    with pytest.raises(BrokenAuthority, match="None"):
        trial.act(WithdrawProposal("nothing"), by="harbor")
