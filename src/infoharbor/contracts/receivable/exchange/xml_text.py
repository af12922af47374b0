"""An invoice file's XML: bounded, and refused as invoices are."""

from typing import Final, Self

from infoharbor.contracts.receivable.exchange.faults import InvoiceFault
from infoharbor.edgekit import xml_text

BYTES_MAX: Final = 5 * 1024 * 1024
DEPTH_MAX: Final = 32
ELEMENTS_MAX: Final = 50_000
TEXT_MAX: Final = 1_000
"""Characters of a text that is read; longer ones, such as attachments, are passed over."""


class Element(xml_text.Element):
    """An element of an invoice file."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """Its own text, without spaces around it; refused as `invoice_text` if it is too long to be read."""
        text = "".join(self.pieces).strip()
        if len(text) > TEXT_MAX:
            raise InvoiceFault("invoice_text", self.path, f"at most {TEXT_MAX} characters")
        return text

    def wanted(self, path: str) -> Self:
        """The element at a path, with a text; refused as `invoice_missing`."""
        found = self.find(path)
        if found is None or not (found.text or found.children):
            raise InvoiceFault("invoice_missing", "/".join(filter(None, (self.path, path))), "a value")
        return found


def parse(raw: bytes) -> Element:
    """The root element of an XML document; refused as `invoice_xml` if it is none, too large, or tells of entities."""
    try:
        return xml_text.parse(raw, xml_text.Limits(BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX), Element)
    except xml_text.XmlFault as fault:
        raise InvoiceFault("invoice_xml", "", fault.expected) from None
