"""What is typed into a form becomes the arguments that are meant."""

from typing import Any

import pytest

from infoharbor.kernel.encoding import Malformed
from infoharbor.portal.forms import Input
from infoharbor.portal.typed import argument

LABEL = "(01)09521001001014(10)MC-1"
KEY = "01~09521001001014~10~MC-1"


@pytest.mark.parametrize(
    ("kind", "typed", "meant"),
    [
        ("text", LABEL, KEY),
        ("optional", LABEL, KEY),
        ("optional", "", None),
        ("lines", f"{LABEL}\n\n other ", [KEY, "other"]),
        ("text", f"see {LABEL}", f"see {LABEL}"),
        ("text", "(a remark)", "(a remark)"),
    ],
)
def test_a_label_stands_for_the_key_of_its_thing(kind: str, typed: str, meant: Any) -> None:
    assert argument(Input("lot", "Lot", kind, value=typed, needed=False)) == meant


@pytest.mark.parametrize("kind", ["text", "optional", "lines"])
def test_a_label_that_was_misread_is_refused_in_its_field(kind: str) -> None:
    with pytest.raises(Malformed) as refused:
        argument(Input("lot", "Lot", kind, value=LABEL.replace("1014", "1015")))
    assert (refused.value.code, refused.value.field) == ("trace.identifier", "lot")
