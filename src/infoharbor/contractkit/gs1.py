"""GS1 identification keys: EPC URIs and Digital Links, read into one normal form and written back.

Pure string rules over ASCII, so that contracts may use them: no regular expressions, no tables that change
with a version of Unicode. Sources: GS1 General Specifications 3 and 7.9 (keys, check digits), EPC Tag Data
Standard 6 and 8 (EPC URIs), GS1 Digital Link: URI Syntax 1.2, 4.11 (the canonical form).
"""

import functools
from typing import Final, NamedTuple

CANONICAL: Final = "https://id.gs1.org"
DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHARACTERS_82: Final = DIGITS + LETTERS + "!\"%&'()*+,-./_:;<=>?"
CHARACTERS_39: Final = DIGITS + LETTERS[:26] + "#-/"
PLAIN: Final = DIGITS + LETTERS + "-._!'()*+,:;="
"""What EPC URIs and Digital Links write as it is; every other character of a key is percent-encoded."""

GTIN, SSCC, GLN, PARTY = "01", "00", "414", "417"
GDTI, GCN, GINC, GSIN = "253", "255", "401", "402"
GRAI, GIAI, ITIP, CPI = "8003", "8004", "8006", "8010"
PROVIDER, RECIPIENT = "8017", "8018"
LOT, SERIAL, VARIANT, UNIQUE, EXTENSION = "10", "21", "22", "235", "254"

READ_MAX: Final = 4_096
"""So many identifiers are remembered as they were read: an event names each of its own several times."""
PERSONAL: Final = (PROVIDER, RECIPIENT)
"""Keys that stand for a person in a service relation: never for a public ledger."""


class Gs1Fault(ValueError):
    """A text that means to be a GS1 key and is none; `expected` says what would be right."""

    def __init__(self, code: str, expected: str) -> None:
        super().__init__(f"{code}: {expected}")
        self.code, self.expected = code, expected


class Key(NamedTuple):
    """One GS1 key: `ai` is its application identifier, `value` its plain text with check digit and, where the
    key has one, the serial part (GDTI, GCN, GRAI); `qualifiers` are pairs of identifier and text."""

    ai: str
    value: str
    qualifiers: tuple[tuple[str, str], ...] = ()


class _Form(NamedTuple):
    """How an application identifier's value is made: `digits`, the last a check digit, then up to `more`."""

    name: str
    digits: int
    more: int = 0
    characters: str = CHARACTERS_82
    qualifiers: tuple[str, ...] = ()


_FORMS: Final = {
    GTIN: _Form("gtin", 14, qualifiers=(VARIANT, LOT, SERIAL, UNIQUE)),
    SSCC: _Form("sscc", 18),
    GLN: _Form("gln", 13, qualifiers=(EXTENSION,)),
    PARTY: _Form("party", 13),
    GDTI: _Form("gdti", 13, 17),
    GCN: _Form("gcn", 13, 12, DIGITS),
    GINC: _Form("ginc", 0, 30),
    GSIN: _Form("gsin", 17),
    GRAI: _Form("grai", 14, 16),
    GIAI: _Form("giai", 0, 30),
    ITIP: _Form("itip", 14, 4, DIGITS, qualifiers=(VARIANT, LOT, SERIAL)),
    CPI: _Form("cpid", 0, 30, CHARACTERS_39, qualifiers=("8011",)),
    PROVIDER: _Form("gsrnp", 18, qualifiers=("8019",)),
    RECIPIENT: _Form("gsrn", 18, qualifiers=("8019",)),
}
_QUALIFIERS: Final = {
    LOT: (20, CHARACTERS_82),
    SERIAL: (20, CHARACTERS_82),
    VARIANT: (20, CHARACTERS_82),
    UNIQUE: (28, CHARACTERS_82),
    EXTENSION: (20, CHARACTERS_82),
    "8011": (12, DIGITS),
    "8019": (10, DIGITS),
}
_SHORT_NAMES: Final = {form.name: ai for ai, form in _FORMS.items()} | {
    "lot": LOT,
    "ser": SERIAL,
    "cpv": VARIANT,
}


class _Urn(NamedTuple):
    """An EPC scheme: its key, how many digits prefix and reference have together (0: free text), whether the
    reference's first digit goes before the prefix, and where the last part goes: a qualifier, or the key."""

    ai: str
    digits: int
    leading: bool = False
    last: str = ""


_JOINED: Final = "joined"
_URNS: Final = {
    "sgtin": _Urn(GTIN, 13, True, SERIAL),
    "lgtin": _Urn(GTIN, 13, True, LOT),
    "upui": _Urn(GTIN, 13, True, UNIQUE),
    "itip": _Urn(ITIP, 13, True, SERIAL),
    "sscc": _Urn(SSCC, 17, True),
    "sgln": _Urn(GLN, 12, False, EXTENSION),
    "pgln": _Urn(PARTY, 12),
    "grai": _Urn(GRAI, 12, False, _JOINED),
    "gdti": _Urn(GDTI, 12, False, _JOINED),
    "sgcn": _Urn(GCN, 12, False, _JOINED),
    "gsin": _Urn(GSIN, 16),
    "gsrn": _Urn(RECIPIENT, 17),
    "gsrnp": _Urn(PROVIDER, 17),
    "giai": _Urn(GIAI, 0),
    "ginc": _Urn(GINC, 0),
    "cpi": _Urn(CPI, 0, False, "8011"),
}
_PATTERNS: Final = ("sgtin", "upui", "itip", "grai", "gdti", "sgcn", "cpi")
OTHER_EPC_SCHEMES: Final = ("gid", "usdod", "adi", "bic", "imovn")
"""EPC schemes that hold no GS1 key and so have no Digital Link."""


def only(text: str, characters: str) -> bool:
    """Whether `text` is not empty and made of `characters` alone."""
    return bool(text) and not text.strip(characters)


def all_digits(text: str) -> bool:
    """Whether `text` is one or more ASCII digits."""
    return only(text, DIGITS)


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


@functools.lru_cache(READ_MAX)
def read(uri: str) -> Key | None:
    """The GS1 key in an EPC URI or Digital Link; None for any other URI; raises `Gs1Fault` for a broken one.

    EPC URIs carry no check digit, so it is computed; a Digital Link's must be right.
    """
    if uri.startswith("urn:epc:"):
        return _read_urn(uri)
    if uri.startswith(("https://", "http://")):
        return _read_link(uri)
    return None


def normal(uri: str) -> str:
    """The canonical Digital Link of a GS1 key with qualifiers; other URIs as they are; raises `Gs1Fault`."""
    key = read(uri)
    return uri if key is None else digital_link(key)


def finest(key: Key) -> Key:
    """`key` at its finest level alone, as the CBV event hash wants it: no lot beside a serial number."""
    if not key.qualifiers:
        return key
    last = key.qualifiers[-1]
    allowed = last[0] in (LOT, SERIAL, UNIQUE, EXTENSION, "8011")
    return key._replace(qualifiers=(last,) if allowed else ())


def digital_link(key: Key, domain: str = CANONICAL) -> str:
    """The Digital Link of `key` below `domain` (GS1 Digital Link: URI Syntax, 4.11)."""
    link = f"{domain}/{key.ai}/{encode(key.value)}"
    for ai, text in key.qualifiers:
        link += f"/{ai}/{encode(text)}"
    return link


def epc_uri(key: Key, prefix_length: int) -> str:
    """The EPC URI of `key`; a link does not tell how long the company prefix is, so the caller does."""
    if not 6 <= prefix_length <= 12:
        raise Gs1Fault("gs1_prefix", "a company prefix of 6 to 12 digits")
    form, last = _FORMS[key.ai], dict(key.qualifiers)
    if form.digits == 0:
        body = f"{key.value[:prefix_length]}.{encode(key.value[prefix_length:])}"
        if key.ai == CPI:
            return _instance_or_pattern("cpi", body, last.get("8011", ""))
        return f"urn:epc:id:{form.name}:{body}"
    number, more = key.value[: form.digits - 1], key.value[form.digits :]
    if key.ai in (GTIN, SSCC, ITIP):
        body = f"{number[1 : 1 + prefix_length]}.{number[0]}{number[1 + prefix_length :]}"
    elif key.ai == GRAI:
        body = f"{number[1 : 1 + prefix_length]}.{number[1 + prefix_length :]}"
    else:
        body = f"{number[:prefix_length]}.{number[prefix_length:]}"
    if key.ai == GTIN:
        if SERIAL not in last and LOT in last:
            return f"urn:epc:class:lgtin:{body}.{encode(last[LOT])}"
        if UNIQUE in last:
            return f"urn:epc:id:upui:{body}.{encode(last[UNIQUE])}"
        return _instance_or_pattern("sgtin", body, last.get(SERIAL, ""))
    if key.ai == ITIP:
        return _instance_or_pattern("itip", f"{body}.{more[:2]}.{more[2:]}", last.get(SERIAL, ""))
    if key.ai == GLN:
        return f"urn:epc:id:sgln:{body}.{encode(last.get(EXTENSION, '0'))}"
    if key.ai in (GRAI, GDTI, GCN):
        return _instance_or_pattern({GRAI: "grai", GDTI: "gdti", GCN: "sgcn"}[key.ai], body, more)
    return f"urn:epc:id:{'pgln' if key.ai == PARTY else form.name}:{body}"


def gtin_of(uri: str) -> str:
    """The 14-digit GTIN in an identifier, or an empty text."""
    key = read(uri)
    return key.value[:14] if key is not None and key.ai in (GTIN, ITIP) else ""


def lot_of(uri: str) -> str:
    """The batch or lot in an identifier, or an empty text."""
    return _qualifier_of(uri, LOT)


def serial_of(uri: str) -> str:
    """The serial number in an identifier, or an empty text."""
    return _qualifier_of(uri, SERIAL)


def issued_under(uri: str, company_prefix: str) -> bool:
    """Whether the key was formed under `company_prefix` (6 to 12 digits). A GTIN-8 has none: False."""
    key = read(uri)
    if key is None or not 6 <= len(company_prefix) <= 12 or not all_digits(company_prefix):
        return False
    if key.ai == GTIN and key.value.startswith("000000"):
        return False
    start = 1 if key.ai in (GTIN, SSCC, ITIP, GRAI) else 0
    return key.value.startswith(company_prefix, start)


def encode(text: str) -> str:
    """`text` percent-encoded as EPC URIs and Digital Links write it, hexadecimal in capitals."""
    if not text.strip(PLAIN):
        return text
    return "".join(one if one in PLAIN else f"%{ord(one):02X}" for one in text)


def decode(text: str) -> str:
    """The plain text of a percent-encoded ASCII part; raises `Gs1Fault`."""
    if "%" not in text:
        return text
    first, *rest = text.split("%")
    plain = [first]
    for part in rest:
        if len(part) < 2 or not only(part[:2], DIGITS + "ABCDEFabcdef"):
            raise Gs1Fault("gs1_encoding", "% and two hexadecimal digits")
        plain.append(chr(int(part[:2], 16)) + part[2:])
    return "".join(plain)


def _qualifier_of(uri: str, ai: str) -> str:
    key = read(uri)
    return "" if key is None else dict(key.qualifiers).get(ai, "")


def _instance_or_pattern(scheme: str, body: str, last: str) -> str:
    return f"urn:epc:id:{scheme}:{body}.{encode(last)}" if last else f"urn:epc:idpat:{scheme}:{body}.*"


def _read_urn(uri: str) -> Key | None:
    parts = uri.split(":", 4)
    if len(parts) != 5:
        raise Gs1Fault("gs1_epc_uri", "urn:epc:id:, urn:epc:class: or urn:epc:idpat: and a scheme")
    kind, scheme, rest = parts[2], parts[3], parts[4]
    if kind == "id" and scheme in OTHER_EPC_SCHEMES and rest:
        return None
    urn = _URNS.get(scheme)
    wanted = "class" if scheme == "lgtin" else "id"
    pattern = kind == "idpat" and scheme in _PATTERNS and rest.endswith(".*")
    if urn is None or not (kind == wanted or pattern):
        raise Gs1Fault("gs1_epc_uri", "an EPC scheme of the Tag Data Standard")
    fields = rest.split(".", 2 if urn.last else 1) if scheme != "itip" else rest.split(".", 4)
    if len(fields) != (5 if scheme == "itip" else 3 if urn.last else 2):
        raise Gs1Fault(
            "gs1_epc_uri", f"{scheme}: a company prefix, a reference" + (", a last part" if urn.last else "")
        )
    prefix, reference = fields[0], fields[1]
    if not 6 <= len(prefix) <= 12 or not all_digits(prefix):
        raise Gs1Fault("gs1_prefix", "a company prefix of 6 to 12 digits")
    last = "" if pattern or not urn.last else decode(fields[-1])
    if urn.digits == 0:
        value = prefix + decode(reference)
    else:
        body = prefix + reference
        if len(body) != urn.digits or not all_digits(body):
            raise Gs1Fault("gs1_length", f"{scheme}: {urn.digits} digits in company prefix and reference together")
        if urn.leading:
            body = reference[0] + prefix + reference[1:]
        if urn.ai == GRAI:
            body = "0" + body
        value = body + check_digit(body)
    if scheme == "itip":
        value += fields[2] + fields[3]
    if urn.last == _JOINED:
        return _checked(urn.ai, value + last, ())
    if not last or (urn.ai == GLN and last == "0"):
        return _checked(urn.ai, value, ()) if pattern or not urn.last or last else _no_last(scheme)
    return _checked(urn.ai, value, ((urn.last, last),))


def _no_last(scheme: str) -> Key:
    raise Gs1Fault("gs1_epc_uri", f"{scheme}: a last part that is not empty")


def _read_link(uri: str) -> Key | None:
    path = uri.partition("#")[0].partition("?")[0]
    segments = path.split("/")[3:]
    if segments and not segments[-1]:
        segments.pop()
    for start in range(len(segments) - 1):
        ai = _SHORT_NAMES.get(segments[start], segments[start])
        form = _FORMS.get(ai)
        if form is not None and _looks_like(form, segments[start + 1]):
            return _key_from(ai, segments[start + 1 :])
    return None


def _looks_like(form: _Form, text: str) -> bool:
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
    digits = _FORMS[ai].digits
    if digits:
        ensure_check_digit(value[:digits])
    if len(segments) % 2 == 0:
        raise Gs1Fault("gs1_digital_link", "each application identifier with its value")
    pairs = [(segments[index], segments[index + 1]) for index in range(1, len(segments), 2)]
    qualifiers = tuple((_SHORT_NAMES.get(name, name), decode(text)) for name, text in pairs)
    return _checked(ai, value, qualifiers)


def _checked(ai: str, value: str, qualifiers: tuple[tuple[str, str], ...]) -> Key:
    form = _FORMS[ai]
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
        longest, characters = _QUALIFIERS[name]
        if len(text) > longest or not only(text, characters):
            raise Gs1Fault("gs1_characters", f"({name}): 1 to {longest} characters of GS1's set")
    return Key(ai, value, qualifiers)
