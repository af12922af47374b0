"""Viet Nam's e-invoice as XML: HDon/DLHDon, as far as its fields are public (Decree 123/2020/NĐ-CP and its formats)."""

from fractions import Fraction

from infoharbor.contractkit.days import date_of
from infoharbor.contractkit.money import minor_digits
from infoharbor.contracts.receivable.exchange.faults import InvoiceFault
from infoharbor.contracts.receivable.exchange.invoice import (
    CheckedInvoice,
    Party,
    amount_in,
    currency_in,
    day_in,
    ensure_sum,
    folded,
    identity_of,
    number_in,
)
from infoharbor.contracts.receivable.exchange.xml_text import Element

DISCOUNT, REMARK = "3", "4"
"""Kinds of line (TChat): a discount counts against the others, a remark counts nothing."""


def is_vietnamese(root: Element) -> bool:
    return root.name == "HDon"


def read_vietnamese(root: Element) -> CheckedInvoice:
    """The invoice, if its sums are right; raises `InvoiceFault`."""
    data = root.wanted("DLHDon")
    general, content = data.wanted("TTChung"), data.wanted("NDHDon")
    currency_field = general.find("DVTTe")
    currency = currency_in(currency_field) if currency_field is not None else "VND"
    series = general.wanted("KHMSHDon").text + general.wanted("KHHDon").text
    number, issued_on = general.wanted("SHDon"), day_in(general.wanted("NLap"))
    seller, buyer = (party_in(content, side) for side in ("NBan", "NMua"))
    net, tax, total = totals_in(content, currency)
    year = date_of(issued_on)[0]
    identity = identity_of(
        "VN", field=number.path, seller_number=seller.number, series=series, number=number.text, year=year
    )
    of = tuple(each.text for each in general.below("SHDCLQuan") if each.text)
    return CheckedInvoice(
        "invoice", "vn-hdon", "VN", identity, folded(series), folded(number.text), year, seller, buyer, currency,
        net, tax, total, issued_on, None, of,
    )  # fmt: skip


def party_in(content: Element, side: str) -> Party:
    name, number = content.wanted(f"{side}/Ten"), content.wanted(f"{side}/MST")
    return Party(name.text, folded(number.text))


def totals_in(content: Element, currency: str) -> tuple[int, int, int]:
    sums = content.wanted("TToan")
    total_field = sums.wanted("TgTTTBSo")
    net_field = sums.wanted("TgTCThue")
    net, total = amount_in(net_field, currency), amount_in(total_field, currency)
    tax_field = sums.find("TgTThue")
    tax = amount_in(tax_field, currency) if tax_field is not None else 0
    fees = sum(amount_in(each, currency) for each in sums.below("TPhi"))
    ensure_sum(total_field, total, net + tax + fees, currency)
    lines = [line for line in content.below("HHDVu") if line.find("ThTien") is not None]
    if lines:
        right = sum((signed(line) for line in lines), Fraction(0)) * 10 ** minor_digits(currency)
        if abs(right - net) > len(lines):
            ensure_sum(net_field, net, round(right), currency)
    if total <= 0:
        raise InvoiceFault("invoice_amount", total_field.path, "more than nothing")
    return net, total - net, total


def signed(line: Element) -> Fraction:
    """What a line adds to the net sum. Lines carry more digits than sums do, each rounded by itself."""
    kind = line.find("TChat")
    if kind is not None and kind.text == REMARK:
        return Fraction(0)
    amount = number_in(line.wanted("ThTien"))
    return -abs(amount) if kind is not None and kind.text == DISCOUNT else amount
