"""GS1 keys as Digital Links, read and written in the canonical form (GS1 Digital Link: URI Syntax 1.2, 4.11)."""

from typing import Final

from infoharbor.contractkit.gs1.characters import Gs1Fault, all_digits, decode, encode
from infoharbor.contractkit.gs1.keys import FORMS, GTIN, LOT, SERIAL, VARIANT, Form, Key, checked, ensure_check_digit

CANONICAL: Final = "https://id.gs1.org"
_SHORT_NAMES: Final = {form.name: ai for ai, form in FORMS.items()} | {
    "lot": LOT,
    "ser": SERIAL,
    "cpv": VARIANT,
}


def digital_link(key: Key, domain: str = CANONICAL) -> str:
    """The Digital Link of `key` below `domain` (GS1 Digital Link: URI Syntax, 4.11)."""
    link = f"{domain}/{key.ai}/{encode(key.value)}"
    for ai, text in key.qualifiers:
        link += f"/{ai}/{encode(text)}"
    return link


def read_digital_link(uri: str) -> Key | None:
    """The key in a web address; None where its path holds none; raises `Gs1Fault` for a broken one."""
    path = uri.partition("#")[0].partition("?")[0]
    segments = path.split("/")[3:]
    if segments and not segments[-1]:
        segments.pop()
    for start in range(len(segments) - 1):
        ai = _SHORT_NAMES.get(segments[start], segments[start])
        form = FORMS.get(ai)
        if form is not None and _looks_like(form, segments[start + 1]):
            return _key_from(ai, segments[start + 1 :])
    return None


def _looks_like(form: Form, text: str) -> bool:
    """Whether a path segment may be a key's value, so that a wrong one is refused, not taken for a page."""
    if not all_digits(text[:4]) or len(text) < 5:
        return False
    if form.digits == 0:
        return True
    if form.name == "gtin":
        return all_digits(text) and len(text) in (8, 12, 13, 14)
    head = text[: form.digits]
    return len(head) == form.digits and all_digits(head) and (form.more > 0 or len(text) == form.digits)


def _key_from(ai: str, segments: list[str]) -> Key:
    value = decode(segments[0])
    if ai == GTIN:
        value = value.zfill(14)
    digits = FORMS[ai].digits
    if digits:
        ensure_check_digit(value[:digits])
    if len(segments) % 2 == 0:
        raise Gs1Fault("gs1_digital_link", "each application identifier with its value")
    pairs = [(segments[index], segments[index + 1]) for index in range(1, len(segments), 2)]
    qualifiers = tuple((_SHORT_NAMES.get(name, name), decode(text)) for name, text in pairs)
    return checked(ai, value, qualifiers)
