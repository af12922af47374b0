"""What one value in a document may be: texts, URIs, moments, numbers, and lists and objects of them."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from infoharbor.contractkit import gs1
from infoharbor.contracts.trace.exchange import times, vocabulary
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.json_text import scaled
from infoharbor.contracts.trace.exchange.links import Links

Check = Callable[[Any, Links], None]

TEXT_CHARACTERS: Final = 2048
LIST_ITEMS: Final = 2000
QUANTITY_LIMIT: Final = 10**12
QUANTITY_DECIMALS: Final = 6

_URI = re.compile(r'[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>"{}|\\^`\x00-\x20\x7f]+')


class Shape(NamedTuple):
    """An object's fields, which it must have, and whether names of other namespaces may stand beside them."""

    fields: dict[str, Check]
    required: tuple[str, ...] = ()
    extensible: bool = False


def check_object(value: Any, shape: Shape, links: Links) -> None:
    """Refuse `value` unless it has the shape; the fault names the deepest field that is wrong."""
    if type(value) is not dict:
        raise EventFault("epcis_type", "an object")
    for name in shape.required:
        if name not in value:
            raise EventFault("epcis_missing", f"required: {', '.join(shape.required)}", name)
    for name, inner in value.items():
        check = shape.fields.get(name)
        if check is None:
            check_extension_name(name, shape)
            continue
        try:
            check(inner, links)
        except EventFault as fault:
            raise fault.below(name) from None


def check_extension_name(name: str, shape: Shape) -> None:
    """Refuse a name that is neither the standard's nor in a namespace of its own."""
    if not shape.extensible:
        raise EventFault("epcis_unknown_field", f"one of {', '.join(shape.fields)}", name)
    if _URI.fullmatch(name) is None or len(name) > TEXT_CHARACTERS:
        raise EventFault(
            "epcis_unknown_field", "a field of the standard, or a name with a namespace (prefix:name)", name
        )


def text(value: Any, links: Links) -> None:
    """Any text within the limit."""
    if type(value) is not str:
        raise EventFault("epcis_type", "a text")
    if len(value) > TEXT_CHARACTERS:
        raise EventFault("epcis_too_large", f"at most {TEXT_CHARACTERS} characters")


def uri(value: Any, links: Links) -> None:
    """A URI, or a compact one (prefix:name)."""
    if type(value) is not str:
        raise EventFault("epcis_uri", "a URI as text")
    if len(value) > TEXT_CHARACTERS or _URI.fullmatch(value) is None:
        raise EventFault("epcis_uri", f"a URI of at most {TEXT_CHARACTERS} characters")


def identifier(value: Any, links: Links) -> None:
    """A URI; where it is a GS1 key, one whose structure and check digit are right."""
    if type(value) is str and value in links.checked:
        return
    uri(value, links)
    try:
        links.normal(value)
    except gs1.Gs1Fault as fault:
        code = "epcis_check_digit" if fault.code == "gs1_check_digit" else "epcis_identifier"
        raise EventFault(code, fault.expected) from None
    links.checked.add(value)


def uris(value: Any, links: Links) -> None:
    """One URI or a list of them."""
    if type(value) is list:
        list_of(uri)(value, links)
    else:
        uri(value, links)


def moment(value: Any, links: Links) -> None:
    """A date and time with an offset."""
    if type(value) is not str:
        raise EventFault("epcis_time", times.EXPECTED)
    times.milliseconds(value)


def number(value: Any, links: Links) -> None:
    """A JSON number."""
    if type(value) is not int and type(value) is not Decimal:
        raise EventFault("epcis_number", "a number, not a text")


def quantity(value: Any, links: Links) -> None:
    """A number that is not negative and small enough to be kept as a 64-bit integer and a power of ten."""
    number(value, links)
    if not 0 <= value < QUANTITY_LIMIT or -scaled(value)[1] > QUANTITY_DECIMALS:
        raise EventFault("epcis_number", f"from 0 to below {QUANTITY_LIMIT}, at most {QUANTITY_DECIMALS} decimals")


def boolean(value: Any, links: Links) -> None:
    """Either true or false."""
    if type(value) is not bool:
        raise EventFault("epcis_type", "true or false")


def form(pattern: re.Pattern[str], expected: str) -> Check:
    """A text of this form, which `expected` names."""

    def check(value: Any, links: Links) -> None:
        if type(value) is not str or pattern.fullmatch(value) is None:
            raise EventFault("epcis_value", expected)

    return check


def word(words: vocabulary.Vocabulary) -> Check:
    """A word of the vocabulary, or a URI of one's own."""

    def check(value: Any, links: Links) -> None:
        if type(value) is not str:
            raise EventFault("epcis_vocabulary", f"a {words.name} as text")
        if value not in words.words:
            words.check(value)
            uri(value, links)

    return check


def one_of(values: tuple[str, ...], code: str) -> Check:
    """One of these texts; `code` is that of the fault."""

    def check(value: Any, links: Links) -> None:
        if type(value) is not str or value not in values:
            raise EventFault(code, f"one of {', '.join(values)}")

    return check


def list_of(check: Check, *, least: int = 0, unique: bool = False) -> Check:
    """A list of what passes `check`."""

    def check_list(value: Any, links: Links) -> None:
        if type(value) is not list:
            raise EventFault("epcis_type", "a list")
        if not least <= len(value) <= LIST_ITEMS:
            raise EventFault("epcis_value", f"{least} to {LIST_ITEMS} items")
        for index, one in enumerate(value):
            try:
                check(one, links)
            except EventFault as fault:
                raise fault.below(index) from None
        if unique and len(set(value)) != len(value):
            raise EventFault("epcis_duplicate", "each item once")

    return check_list


def shaped(fields: dict[str, Check], *required: str, extensible: bool = False) -> Check:
    """An object of these fields, of which it must have those that are `required`."""
    shape = Shape(fields, required, extensible)

    def check(value: Any, links: Links) -> None:
        check_object(value, shape, links)

    return check
