"""Which GS1 key an identifier holds, whichever its form, and what the key tells."""

import functools
from typing import Final

from infoharbor.contractkit.gs1.characters import all_digits
from infoharbor.contractkit.gs1.digital_links import digital_link, read_digital_link
from infoharbor.contractkit.gs1.epc_uris import read_epc_uri
from infoharbor.contractkit.gs1.keys import EXTENSION, GRAI, GTIN, ITIP, LOT, SERIAL, SSCC, UNIQUE, Key

READ_MAX: Final = 4_096
"""So many identifiers are remembered as they were read: an event names each of its own several times."""


@functools.lru_cache(READ_MAX)
def read(uri: str) -> Key | None:
    """The GS1 key in an EPC URI or Digital Link; None for any other URI; raises `Gs1Fault` for a broken one.

    EPC URIs carry no check digit, so it is computed; a Digital Link's must be right.
    """
    if uri.startswith("urn:epc:"):
        return read_epc_uri(uri)
    if uri.startswith(("https://", "http://")):
        return read_digital_link(uri)
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


def _qualifier_of(uri: str, ai: str) -> str:
    key = read(uri)
    return "" if key is None else dict(key.qualifiers).get(ai, "")
