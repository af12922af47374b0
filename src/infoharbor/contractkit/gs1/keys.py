"""Which keys GS1 has, how each is made, and whether a text is one.

Sources: GS1 General Specifications 3 (keys) and 7.9 (check digits).
"""

from typing import Final, NamedTuple

from infoharbor.contractkit.gs1.characters import CHARACTERS_39, CHARACTERS_82, DIGITS, Gs1Fault, all_digits, only

GTIN, SSCC, GLN, PARTY = "01", "00", "414", "417"
GDTI, GCN, GINC, GSIN = "253", "255", "401", "402"
GRAI, GIAI, ITIP, CPI = "8003", "8004", "8006", "8010"
PROVIDER, RECIPIENT = "8017", "8018"
LOT, SERIAL, VARIANT, UNIQUE, EXTENSION = "10", "21", "22", "235", "254"
PERSONAL: Final = (PROVIDER, RECIPIENT)
"""Keys that stand for a person in a service relation: never for a public ledger."""


class Key(NamedTuple):
    """One GS1 key: `ai` is its application identifier, `value` its plain text with check digit and, where the
    key has one, the serial part (GDTI, GCN, GRAI); `qualifiers` are pairs of identifier and text."""

    ai: str
    value: str
    qualifiers: tuple[tuple[str, str], ...] = ()


class Form(NamedTuple):
    """How an application identifier's value is made: `digits`, the last a check digit, then up to `more`."""

    name: str
    digits: int
    more: int = 0
    characters: str = CHARACTERS_82
    qualifiers: tuple[str, ...] = ()


FORMS: Final = {
    GTIN: Form("gtin", 14, qualifiers=(VARIANT, LOT, SERIAL, UNIQUE)),
    SSCC: Form("sscc", 18),
    GLN: Form("gln", 13, qualifiers=(EXTENSION,)),
    PARTY: Form("party", 13),
    GDTI: Form("gdti", 13, 17),
    GCN: Form("gcn", 13, 12, DIGITS),
    GINC: Form("ginc", 0, 30),
    GSIN: Form("gsin", 17),
    GRAI: Form("grai", 14, 16),
    GIAI: Form("giai", 0, 30),
    ITIP: Form("itip", 14, 4, DIGITS, qualifiers=(VARIANT, LOT, SERIAL)),
    CPI: Form("cpid", 0, 30, CHARACTERS_39, qualifiers=("8011",)),
    PROVIDER: Form("gsrnp", 18, qualifiers=("8019",)),
    RECIPIENT: Form("gsrn", 18, qualifiers=("8019",)),
}
QUALIFIERS: Final = {
    LOT: (20, CHARACTERS_82),
    SERIAL: (20, CHARACTERS_82),
    VARIANT: (20, CHARACTERS_82),
    UNIQUE: (28, CHARACTERS_82),
    EXTENSION: (20, CHARACTERS_82),
    "8011": (12, DIGITS),
    "8019": (10, DIGITS),
}


def check_digit(digits: str) -> str:
    """The modulo-10 check digit that goes after `digits`: weights 3 and 1 from the right (GenSpecs 7.9)."""
    codes = digits.encode("ascii")
    thrice, once = codes[-1::-2], codes[-2::-2]
    total = 3 * (sum(thrice) - 48 * len(thrice)) + sum(once) - 48 * len(once)
    return DIGITS[-total % 10]


def ensure_check_digit(number: str) -> str:
    """`number` itself if its last digit checks the ones before; raises `Gs1Fault`."""
    if not all_digits(number):
        raise Gs1Fault("gs1_digits", "digits only")
    right = check_digit(number[:-1])
    if number[-1] != right:
        raise Gs1Fault("gs1_check_digit", f"{number[:-1]}{right}")
    return number


def checked(ai: str, value: str, qualifiers: tuple[tuple[str, str], ...]) -> Key:
    """The key of these parts, whose check digit is right already; raises `Gs1Fault`."""
    form = FORMS[ai]
    more = value[form.digits :]
    if more and (len(more) > form.more or not only(more, form.characters)):
        raise Gs1Fault("gs1_characters", f"{form.name}: at most {form.more} characters of GS1's set")
    if ai == ITIP and len(more) != 4:
        raise Gs1Fault("gs1_length", "itip: 18 digits, piece and total after the GTIN")
    position = -1
    for name, text in qualifiers:
        if name not in form.qualifiers or form.qualifiers.index(name) <= position:
            raise Gs1Fault(
                "gs1_digital_link",
                f"{form.name}: qualifiers {', '.join(form.qualifiers) or 'none'}, in this order",
            )
        position = form.qualifiers.index(name)
        longest, characters = QUALIFIERS[name]
        if len(text) > longest or not only(text, characters):
            raise Gs1Fault("gs1_characters", f"({name}): 1 to {longest} characters of GS1's set")
    return Key(ai, value, qualifiers)
