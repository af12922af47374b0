"""A time that has to be given is told to be missing before any rule runs; one that may be left out stands as zero."""

from typing import Any

import msgspec
import pytest

from infoharbor.contractkit.encoding import encode_action
from infoharbor.contractkit.types import Instant, Moment
from infoharbor.contracts.asset.grants import GiveGrant
from infoharbor.edgekit.json_form import from_json
from infoharbor.edgekit.json_schema import schema
from infoharbor.kernel.encoding import Malformed


class Times(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    given: Moment
    open: Instant


def times(given: Any = "2026-01-01T08:00:00+08:00", **more: Any) -> dict[str, Any]:
    return {"given": given, "open": None} | more


def test_only_a_time_that_may_be_left_out_can_be_none() -> None:
    assert from_json(Times, times()).open == 0
    with pytest.raises(Malformed) as refused:
        from_json(Times, times(None))
    assert (refused.value.code, refused.value.field) == ("input.field_missing", "given")
    assert [each["type"] for each in schema(Times)["properties"].values()] == ["string", ["string", "null"]]


def test_what_stands_for_none_is_no_time_that_was_given() -> None:
    with pytest.raises(Malformed) as refused:
        from_json(Times, times("1970-01-01T00:00:00Z"))
    assert (refused.value.code, refused.value.field) == ("input.range", "given")
    decode = GiveGrant.__action__.decode
    assert decode(encode_action(GiveGrant("g", "bank:cny", "bank", 5, 1))).until == 1
    with pytest.raises(Malformed):
        decode(encode_action(GiveGrant("g", "bank:cny", "bank", 5, 0)))
