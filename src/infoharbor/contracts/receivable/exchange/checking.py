"""Whether a file is an invoice whose sums, tax, parties and number are right: one answer for command line and HTTP."""

from typing import Any

from infoharbor.contracts.receivable.exchange.china import is_chinese, read_chinese
from infoharbor.contracts.receivable.exchange.faults import InvoiceFault
from infoharbor.contracts.receivable.exchange.invoice import CheckedInvoice
from infoharbor.contracts.receivable.exchange.ubl import is_ubl, read_ubl
from infoharbor.contracts.receivable.exchange.vietnam import is_vietnamese, read_vietnamese
from infoharbor.contracts.receivable.exchange.xml_text import Element, parse

READERS = ((is_ubl, read_ubl), (is_chinese, read_chinese), (is_vietnamese, read_vietnamese))


def check_invoice(raw: bytes) -> CheckedInvoice | InvoiceFault:
    """The invoice in a file, or the first thing that is wrong with it. Nothing is fetched, nothing is kept."""
    try:
        return read_invoice(parse(raw))
    except InvoiceFault as fault:
        return fault


def read_invoice(root: Element) -> CheckedInvoice:
    for fits, read in READERS:
        if fits(root):
            return read(root)
    raise InvoiceFault("invoice_kind", "", "UBL 2.1 Invoice or CreditNote, EInvoice of China, HDon of Viet Nam")


def described(invoice: CheckedInvoice) -> dict[str, Any]:
    """The invoice in JSON's terms."""
    parties = {"seller": invoice.seller._asdict(), "buyer": invoice.buyer._asdict()}
    return invoice._asdict() | parties | {"of": list(invoice.of)}
