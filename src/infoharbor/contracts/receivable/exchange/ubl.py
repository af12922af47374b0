"""UBL 2.1 invoices and credit notes: Peppol BIS Billing 3 for Singapore, PINT for Singapore and Malaysia.

Rules are named as EN 16931 names them (BR-CO-…), those of Peppol as PEPPOL-EN16931-R…
"""

from collections.abc import Iterator
from fractions import Fraction

from infoharbor.contractkit.days import date_of
from infoharbor.contractkit.money import decimal_text, minor_digits
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

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"
KINDS = {"Invoice": ("invoice", "InvoiceLine"), "CreditNote": ("credit_note", "CreditNoteLine")}
STANDARDS = {
    "urn:fdc:peppol.eu:2017:poacc:billing:international:sg:3.0": ("peppol-sg-3", "SG"),
    "urn:peppol:pint:billing-1@sg-1": ("pint-sg-1", "SG"),
    "urn:peppol:pint:billing-1@my-1": ("pint-my-1", "MY"),
}
"""What the last part of a CustomizationID says the file follows."""
PARTY_NUMBERS = ("PartyLegalEntity/CompanyID", "PartyTaxScheme/CompanyID", "EndpointID")
LINE_TOLERANCE = Fraction(2, 100)
"""PEPPOL-EN16931-R120 lets a line differ by two hundredths."""
SGD_TOTALS = ("sgdtotal-excl-gst", "sgdtotal-incl-gst")


def is_ubl(root: Element) -> bool:
    return root.namespace.startswith(NAMESPACE)


def read_ubl(root: Element) -> CheckedInvoice:
    """The invoice, if all its sums are right; raises `InvoiceFault`."""
    if root.name not in KINDS:
        raise InvoiceFault("invoice_kind", "", " or ".join(KINDS))
    kind, line_name = KINDS[root.name]
    standard, country = standard_of(root)
    currency = currency_in(root.wanted("DocumentCurrencyCode"))
    number, issued_on = root.wanted("ID"), day_in(root.wanted("IssueDate"))
    seller, buyer = (party_in(root, f"Accounting{side}Party/Party") for side in ("Supplier", "Customer"))
    net, tax, total = totals_in(root, line_name, currency)
    if country == "SG" and standard == "peppol-sg-3" and currency != "SGD":
        ensure_singapore_dollars(root)
    year = date_of(issued_on)[0]
    due = root.find("DueDate") or root.find("PaymentMeans/PaymentDueDate")
    identity = identity_of(country, field="ID", seller_number=seller.number, series="", number=number.text, year=year)
    of = tuple(each.wanted("ID").text for each in root.below("InvoiceDocumentReference") if kind == "credit_note")
    return CheckedInvoice(
        kind, standard, country, identity, "", folded(number.text), year, seller, buyer, currency, net, tax, total,
        issued_on, day_in(due) if due is not None and due.text else None, of,
    )  # fmt: skip


def standard_of(root: Element) -> tuple[str, str]:
    """Which specification the file follows, and the country whose it is."""
    customization = root.wanted("CustomizationID")
    known = STANDARDS.get(customization.text.rpartition("#")[2])
    if known is None:
        raise InvoiceFault("invoice_kind", customization.path, " or ".join(STANDARDS))
    return known


def party_in(root: Element, path: str) -> Party:
    """Who sells or buys; the number is the legal entity's, else the tax number, else the Peppol address."""
    party = root.wanted(path)
    name = party.find("PartyLegalEntity/RegistrationName") or party.wanted("PartyName/Name")
    found = [element for each in PARTY_NUMBERS if (element := party.find(each)) is not None and element.text]
    if not found:
        raise InvoiceFault("invoice_missing", f"{path}/{PARTY_NUMBERS[0]}", "a company or tax number")
    return Party(name.text, folded(found[0].text))


def totals_in(root: Element, line_name: str, currency: str) -> tuple[int, int, int]:
    """Net, tax and total, in minor units, after each was added up again."""
    lines = root.all(line_name)
    if not lines:
        raise InvoiceFault("invoice_missing", line_name, "at least one line")
    for line in lines:
        ensure_line(line, currency)
    sums = root.wanted("LegalMonetaryTotal")

    def amount(name: str) -> int:
        found = sums.find(name)
        return amount_in(found, currency) if found is not None else 0

    line_total = sum(amount_in(line.wanted("LineExtensionAmount"), currency) for line in lines)
    ensure_sum(sums.wanted("LineExtensionAmount"), amount("LineExtensionAmount"), line_total, currency)  # BR-CO-10
    reductions, additions = (sum(amounts(root, charge, currency)) for charge in ("false", "true"))
    for name, right in (("AllowanceTotalAmount", reductions), ("ChargeTotalAmount", additions)):
        ensure_sum(sums.find(name) or sums, amount(name), right, currency)  # BR-CO-11, BR-CO-12
    net = line_total - reductions + additions
    ensure_sum(sums.wanted("TaxExclusiveAmount"), amount("TaxExclusiveAmount"), net, currency)  # BR-CO-13
    tax = tax_in(root, lines, currency)
    ensure_sum(sums.wanted("TaxInclusiveAmount"), amount("TaxInclusiveAmount"), net + tax, currency)  # BR-CO-15
    payable = net + tax - amount("PrepaidAmount") + amount("PayableRoundingAmount")
    ensure_sum(sums.wanted("PayableAmount"), amount("PayableAmount"), payable, currency)  # BR-CO-16
    if net + tax <= 0:
        raise InvoiceFault("invoice_amount", sums.wanted("TaxInclusiveAmount").path, "more than nothing")
    return net, tax, net + tax


def ensure_line(line: Element, currency: str) -> None:
    """A line is quantity times price, less allowances, plus charges (PEPPOL-EN16931-R120)."""
    quantity = line.find("InvoicedQuantity") or line.wanted("CreditedQuantity")
    base = line.find("Price/BaseQuantity")
    per = number_in(base) if base is not None else Fraction(1)
    if base is not None and per <= 0:
        raise InvoiceFault("invoice_amount", base.path, "more than nothing")
    priced = number_in(quantity) * number_in(line.wanted("Price/PriceAmount")) / per
    scale = 10 ** minor_digits(currency)
    changed = sum(amounts(line, "true", currency)) - sum(amounts(line, "false", currency))
    right = priced + Fraction(changed, scale)
    said = line.wanted("LineExtensionAmount")
    if abs(Fraction(amount_in(said, currency), scale) - right) > LINE_TOLERANCE:
        raise InvoiceFault("invoice_sum", said.path, decimal_text(round(right * scale), currency))


def amounts(parent: Element, is_charge: str, currency: str) -> Iterator[int]:
    """The amounts of the allowances (`false`) or charges (`true`) of the document or of a line."""
    for each in parent.all("AllowanceCharge"):
        if each.wanted("ChargeIndicator").text == is_charge:
            yield amount_in(each.wanted("Amount"), currency)


def tax_in(root: Element, lines: list[Element], currency: str) -> int:
    """The tax in the invoice's currency: the sum of its categories, each its rate of what falls under it."""
    for total in root.all("TaxTotal"):
        said = total.wanted("TaxAmount")
        if said.attributes.get("currencyID", currency) != currency:
            continue
        subtotals = total.all("TaxSubtotal")
        for subtotal in subtotals:
            ensure_subtotal(subtotal, root, lines, currency)
        right = sum(amount_in(each.wanted("TaxAmount"), currency) for each in subtotals)
        ensure_sum(said, amount_in(said, currency), right, currency, code="invoice_tax")  # BR-CO-14
        return right
    raise InvoiceFault("invoice_missing", "TaxTotal/TaxAmount", f"the tax in {currency}")


def ensure_subtotal(subtotal: Element, root: Element, lines: list[Element], currency: str) -> None:
    """What falls under a category (BR-S-08) and its tax, within one minor unit (BR-CO-17)."""
    category = subtotal.wanted("TaxCategory")
    key = category_in(category)
    taxable = sum(
        amount_in(line.wanted("LineExtensionAmount"), currency)
        for line in lines
        if category_in(line.wanted("Item/ClassifiedTaxCategory")) == key
    )
    for each in root.all("AllowanceCharge"):
        if category_in(each.wanted("TaxCategory")) == key:
            sign = 1 if each.wanted("ChargeIndicator").text == "true" else -1
            taxable += sign * amount_in(each.wanted("Amount"), currency)
    base, said = subtotal.wanted("TaxableAmount"), subtotal.wanted("TaxAmount")
    ensure_sum(base, amount_in(base, currency), taxable, currency, code="invoice_tax")
    right = Fraction(taxable) * key[1] / 100
    if abs(amount_in(said, currency) - right) > 1:
        raise InvoiceFault("invoice_tax", said.path, decimal_text(round(right), currency))


def category_in(category: Element) -> tuple[str, Fraction]:
    """A tax category's code and rate in per cent; none for what is not taxed."""
    rate = category.find("Percent")
    return category.wanted("ID").text, number_in(rate) if rate is not None else Fraction(0)


def ensure_singapore_dollars(root: Element) -> None:
    """An invoice in another currency gives both totals and the tax in Singapore dollars too."""
    tax_currency = root.find("TaxCurrencyCode")
    if tax_currency is None or tax_currency.text != "SGD":
        raise InvoiceFault("invoice_currency", "TaxCurrencyCode", "SGD")
    seen: set[str] = set()
    for reference in root.all("AdditionalDocumentReference"):
        code = reference.find("DocumentTypeCode")
        if code is None or code.text not in SGD_TOTALS:
            continue
        identifier = reference.wanted("ID")
        if identifier.text != "SGD":
            raise InvoiceFault("invoice_currency", identifier.path, "SGD")
        amount_in(reference.wanted("DocumentDescription"), "SGD")
        if code.text in seen:
            raise InvoiceFault("invoice_repeated", reference.path, f"{code.text} once")
        seen.add(code.text)
    for absent in sorted(set(SGD_TOTALS) - seen):
        raise InvoiceFault("invoice_missing", "AdditionalDocumentReference/DocumentTypeCode", absent)
    in_dollars = [each.wanted("TaxAmount") for each in root.all("TaxTotal")]
    if not any(each.attributes.get("currencyID") == "SGD" for each in in_dollars):
        raise InvoiceFault("invoice_missing", "TaxTotal/TaxAmount", "the tax in SGD")
