"""An invoice as it was read and checked, whatever file it came in; and how its single values are read."""

import unicodedata
from fractions import Fraction
from typing import NamedTuple

from infoharbor.contractkit import Refusal
from infoharbor.contractkit.days import parse_day
from infoharbor.contractkit.money import decimal_text, is_currency, minor_units
from infoharbor.contracts.receivable.exchange.faults import InvoiceFault
from infoharbor.contracts.receivable.exchange.xml_text import Element
from infoharbor.contracts.receivable.identities import identify

DIGITS_MAX = 30


class Party(NamedTuple):
    """A seller or buyer; `number` is the tax or company number that the file gives."""

    name: str
    number: str


class CheckedInvoice(NamedTuple):
    """An invoice or credit note whose sums are right. Amounts are positive minor units; `identity` is what the registry
    knows it by; `due_on` is None where the file has none; `of` are the invoices that a credit note names."""

    kind: str
    standard: str
    country: str
    identity: str
    series: str
    number: str
    year: int
    seller: Party
    buyer: Party
    currency: str
    net: int
    tax: int
    total: int
    issued_on: int
    due_on: int | None
    of: tuple[str, ...]


def folded(text: str) -> str:
    """Full-width letters and digits as ASCII has them, so that one number has one spelling."""
    return unicodedata.normalize("NFKC", text).strip()


def currency_in(element: Element) -> str:
    """An ISO 4217 code; refused as `invoice_currency`."""
    if not is_currency(element.text):
        raise InvoiceFault("invoice_currency", element.path, "a currency code of ISO 4217")
    return element.text


def amount_in(element: Element, currency: str) -> int:
    """Minor units of an amount, which is in this currency if it names one; refused as `invoice_amount`."""
    named = element.attributes.get("currencyID", currency)
    if named != currency:
        raise InvoiceFault("invoice_currency", f"{element.path}/@currencyID", currency)
    try:
        return minor_units(element.text, currency)
    except Refusal as refusal:
        raise InvoiceFault("invoice_amount", element.path, refusal.expected) from None


def number_in(element: Element) -> Fraction:
    """A decimal number, exactly; refused as `invoice_amount`."""
    whole, point, fraction = element.text.removeprefix("-").partition(".")
    digits = whole + fraction
    if not (
        whole and digits.isascii() and digits.isdigit() and bool(point) == bool(fraction) and len(digits) <= DIGITS_MAX
    ):
        raise InvoiceFault("invoice_amount", element.path, f"a decimal number of at most {DIGITS_MAX} digits")
    return Fraction(element.text)


def day_in(element: Element) -> int:
    """The day of an ISO date, or of a time that begins with one; refused as `invoice_date`."""
    try:
        return parse_day(element.text[:10])
    except Refusal as refusal:
        raise InvoiceFault("invoice_date", element.path, refusal.expected) from None


def ensure_sum(element: Element, said: int, right: int, currency: str, *, code: str = "invoice_sum") -> None:
    """Refuse an amount that is not what the others add up to."""
    if said != right:
        raise InvoiceFault(code, element.path, decimal_text(right, currency))


def identity_of(country: str, *, field: str, seller_number: str, series: str, number: str, year: int) -> str:
    """What the registry knows the invoice by; refused as `invoice_identity`."""
    try:
        return identify(
            country, seller_number=folded(seller_number), series=folded(series), number=folded(number), year=year
        )
    except Refusal as refusal:
        raise InvoiceFault("invoice_identity", field, refusal.expected) from None
