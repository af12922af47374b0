"""Records and actions in JSON: one form, exact, and the way back gives the same."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import inspect

from infoharbor.contracts.asset.tokens import Transfer
from infoharbor.contracts.identity.policies import SetPolicy
from infoharbor.contracts.identity.users import AddUser
from infoharbor.contracts.trace.actions import CaptureEvents
from infoharbor.edgekit.json_form import EXACT, from_iso, from_json, is_instant, iso, shape_of, to_json
from infoharbor.edgekit.json_schema import schema
from infoharbor.edgekit.json_text import parse_json
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.registry import installed_registry

REGISTRY = installed_registry()
STRUCTS = [kind.of for kind in REGISTRY.tables.values()] + [
    kind.of for name in REGISTRY.contracts for kind in REGISTRY.actions(name)
]


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Any value that the type allows."""
    match kind:
        case inspect.UnionType():
            return st.none() | values(next(each for each in kind.types if not isinstance(each, inspect.NoneType)))
        case inspect.IntType():
            least = -(2**63) if kind.ge is None else kind.ge
            return st.integers(least, 2**63 - 1 if kind.le is None else kind.le)
        case inspect.StrType():
            least = kind.min_length or 0
            return st.text(
                st.characters(exclude_categories=["Cs"]), min_size=least, max_size=min(kind.max_length or 9, least + 9)
            )
        case inspect.BytesType():
            least = kind.min_length or 0
            return st.binary(min_size=least, max_size=max(least, min(kind.max_length or 9, least + 9)))
        case inspect.BoolType():
            return st.booleans()
        case inspect.EnumType():
            return st.sampled_from(list(kind.cls))
        case inspect.VarTupleType():
            return st.lists(values(kind.item_type), max_size=3).map(tuple)
        case inspect.TupleType():
            return st.tuples(*map(values, kind.item_types))
        case inspect.StructType():
            return st.tuples(*(values(each.type) for each in kind.fields)).map(lambda fields: kind.cls(*fields))
    raise TypeError(kind)


@settings(max_examples=300)
@given(st.sampled_from(STRUCTS).flatmap(lambda of: values(shape_of(of))))
def test_every_value_of_every_contract_comes_back_from_json(value: msgspec.Struct) -> None:
    text = json.dumps(to_json(value)).encode()
    assert from_json(type(value), parse_json(text, most=10**6)) == value


@settings(max_examples=150)
@given(st.sampled_from(STRUCTS).flatmap(lambda of: values(shape_of(of))))
def test_every_value_fits_its_published_schema_and_holds_no_inexact_number(value: msgspec.Struct) -> None:
    form = to_json(value)
    jsonschema.validate(form, schema(type(value)))
    assert all(abs(number) <= EXACT for number in numbers(form))


def numbers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [each for part in value.values() for each in numbers(part)]
    if isinstance(value, list):
        return [each for part in value for each in numbers(part)]
    return [value] if type(value) is int else []


@given(st.integers(0, 253_402_300_799_999))
def test_a_time_is_iso_8601_outside_and_the_same_milliseconds_inside(milliseconds: int) -> None:
    assert from_iso(iso(milliseconds), "at") == milliseconds


def test_a_time_needs_its_offset_and_is_no_finer_than_a_millisecond() -> None:
    assert from_iso("2026-01-01T08:00:00+08:00", "at") == from_iso("2026-01-01T00:00:00Z", "at")
    for text in ("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00.0001Z", "1969-12-31T23:59:59Z", "now", ""):
        with pytest.raises(Malformed) as caught:
            from_iso(text, "at")
        assert caught.value.field == "at"


@pytest.mark.parametrize(
    ("of", "value", "code", "field"),
    [
        (
            SetPolicy,
            {"rules": [{"action": "*", "needs": ["maker"]}, {"action": "*"}]},
            "input.field_missing",
            "rules[1].needs",
        ),
        (SetPolicy, {"rules": [{"action": "*", "needs": [1]}]}, "input.type", "rules[0].needs[0]"),
        (SetPolicy, {"rules": {}}, "input.type", "rules"),
        (SetPolicy, [], "input.type", "body"),
        (AddUser, {"user": "u-12345678", "kind": "robot"}, "input.choice", "kind"),
        (Transfer, {"token": "t", "to": "ab", "amount": 2**63, "reference": ""}, "input.range", "amount"),
        (Transfer, {"token": "t", "to": "ab", "amount": "-0", "reference": ""}, "input.type", "amount"),
        (Transfer, {"token": "\ud800", "to": "ab", "amount": 1, "reference": ""}, "input.type", "token"),
        (CaptureEvents, {"events": [], "extra": 1}, "input.field_unknown", "extra"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(of: type[msgspec.Struct], value: Any, code: str, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        from_json(of, value)
    assert (caught.value.code, caught.value.field) == (code, field)
    assert caught.value.expected


@given(st.text("0123456789abcdefABCDEF ", max_size=8))
def test_bytes_have_one_spelling(text: str) -> None:
    form = {"sealing_key": text}
    of = REGISTRY.action("identity", "SetSealingKey", 1)
    assert of is not None
    if len(text) % 2 or text.strip("0123456789abcdef"):
        with pytest.raises(Malformed, match="sealing_key"):
            from_json(of.of, form)
    else:
        assert to_json(from_json(of.of, form)) == form


def test_instants_are_told_from_other_integers() -> None:
    fields = {field.name: field.type for field in shape_of(REGISTRY.tables["asset/holds"].of).fields}
    assert is_instant(fields["until"])
    assert not is_instant(fields["left"])
