"""GS1 keys as EPC URIs, read and written (EPC Tag Data Standard 6 and 8)."""

from typing import Final, NamedTuple

from infoharbor.contractkit.gs1.characters import Gs1Fault, all_digits, decode, encode
from infoharbor.contractkit.gs1.keys import (
    CPI,
    EXTENSION,
    FORMS,
    GCN,
    GDTI,
    GIAI,
    GINC,
    GLN,
    GRAI,
    GSIN,
    GTIN,
    ITIP,
    LOT,
    PARTY,
    PROVIDER,
    RECIPIENT,
    SERIAL,
    SSCC,
    UNIQUE,
    Key,
    check_digit,
    checked,
)


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


def epc_uri(key: Key, prefix_length: int) -> str:
    """The EPC URI of `key`; a link does not tell how long the company prefix is, so the caller does."""
    if not 6 <= prefix_length <= 12:
        raise Gs1Fault("gs1_prefix", "a company prefix of 6 to 12 digits")
    form, last = FORMS[key.ai], dict(key.qualifiers)
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


def _instance_or_pattern(scheme: str, body: str, last: str) -> str:
    return f"urn:epc:id:{scheme}:{body}.{encode(last)}" if last else f"urn:epc:idpat:{scheme}:{body}.*"


def read_epc_uri(uri: str) -> Key | None:
    """The key in a `urn:epc:` URI; None for a scheme that holds none; raises `Gs1Fault` for a broken one."""
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
        return checked(urn.ai, value + last, ())
    if not last or (urn.ai == GLN and last == "0"):
        return checked(urn.ai, value, ()) if pattern or not urn.last or last else _no_last(scheme)
    return checked(urn.ai, value, ((urn.last, last),))


def _no_last(scheme: str) -> Key:
    raise Gs1Fault("gs1_epc_uri", f"{scheme}: a last part that is not empty")
