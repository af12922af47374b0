"""China's fully digital e-invoice (数电票) as XML: EInvoice, as far as its fields are public.

It has no due day: that is the contract's. A negative total is a red invoice (红字发票), which is a credit note.
"""

from infoharbor.contractkit.days import date_of
from infoharbor.contractkit.identifiers import is_uscc
from infoharbor.contracts.receivable.exchange.faults import InvoiceFault
from infoharbor.contracts.receivable.exchange.invoice import (
    CheckedInvoice,
    Party,
    amount_in,
    day_in,
    ensure_sum,
    folded,
    identity_of,
)
from infoharbor.contracts.receivable.exchange.xml_text import Element

CURRENCY = "CNY"
USCC_LENGTH = 18


def is_chinese(root: Element) -> bool:
    return root.name == "EInvoice"


def read_chinese(root: Element) -> CheckedInvoice:
    """The invoice, if its sums are right; raises `InvoiceFault`."""
    data, supervision = root.wanted("EInvoiceData"), root.wanted("TaxSupervisionInfo")
    number = supervision.wanted("InvoiceNumber")
    issued_on = day_in(supervision.wanted("IssueTime"))
    seller, buyer = (party_in(data, side) for side in ("Seller", "Buyer"))
    net, tax, total = totals_in(data)
    kind = "invoice" if total > 0 else "credit_note"
    identity = identity_of("CN", field=number.path, seller_number="", series="", number=number.text, year=0)
    of = tuple(folded(each.text) for each in root.below("OriginalInvoiceNumber") if each.text)
    return CheckedInvoice(
        kind, "cn-einvoice", "CN", identity, "", folded(number.text), date_of(issued_on)[0], seller, buyer, CURRENCY,
        abs(net), abs(tax), abs(total), issued_on, None, of,
    )  # fmt: skip


def party_in(data: Element, side: str) -> Party:
    """Who sells or buys; a unified social credit code must have the right check digit."""
    number, name = (data.wanted(f"{side}Information/{side}{field}") for field in ("IdNum", "Name"))
    if len(number.text) == USCC_LENGTH and not is_uscc(number.text):
        raise InvoiceFault("invoice_identity", number.path, "a social credit code with the right check digit")
    return Party(name.text, folded(number.text))


def totals_in(data: Element) -> tuple[int, int, int]:
    basic = data.wanted("BasicInformation")
    net_field, tax_field = basic.wanted("TotalAmWithoutTax"), basic.wanted("TotalTaxAm")
    total_field = basic.wanted("TotalTax-includedAmount")
    net, tax, total = (amount_in(each, CURRENCY) for each in (net_field, tax_field, total_field))
    ensure_sum(total_field, total, net + tax, CURRENCY)
    lines = data.all("IssuItemInformation")
    for said, field, name in ((net, net_field, "Amount"), (tax, tax_field, "ComTaxAm")):
        found = [line.find(name) for line in lines]
        if lines and all(each is not None and each.text for each in found):
            right = sum(amount_in(each, CURRENCY) for each in found if each is not None)
            ensure_sum(field, said, right, CURRENCY, code="invoice_sum" if name == "Amount" else "invoice_tax")
    if total == 0:
        raise InvoiceFault("invoice_amount", total_field.path, "more or less than nothing")
    return net, tax, total
