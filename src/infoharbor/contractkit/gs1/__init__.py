"""GS1 identification keys: EPC URIs and Digital Links, read into one normal form and written back.

What rules and pages use, as `gs1.read`, `gs1.GTIN`. Pure string rules over ASCII, so that contracts may use them: no
regular expressions, no tables that change with a version of Unicode.
"""

from infoharbor.contractkit.gs1.characters import CHARACTERS_82, DIGITS, Gs1Fault, all_digits, decode, encode, only
from infoharbor.contractkit.gs1.digital_links import CANONICAL, digital_link
from infoharbor.contractkit.gs1.epc_uris import epc_uri
from infoharbor.contractkit.gs1.identifiers import finest, gtin_of, issued_under, lot_of, normal, read, serial_of
from infoharbor.contractkit.gs1.keys import (
    EXTENSION,
    GDTI,
    GIAI,
    GLN,
    GRAI,
    GTIN,
    ITIP,
    LOT,
    PERSONAL,
    SERIAL,
    SSCC,
    Key,
    check_digit,
)

__all__ = [
    "CANONICAL",
    "CHARACTERS_82",
    "DIGITS",
    "EXTENSION",
    "GDTI",
    "GIAI",
    "GLN",
    "GRAI",
    "GTIN",
    "ITIP",
    "LOT",
    "PERSONAL",
    "SERIAL",
    "SSCC",
    "Gs1Fault",
    "Key",
    "all_digits",
    "check_digit",
    "decode",
    "digital_link",
    "encode",
    "epc_uri",
    "finest",
    "gtin_of",
    "issued_under",
    "lot_of",
    "normal",
    "only",
    "read",
    "serial_of",
]
