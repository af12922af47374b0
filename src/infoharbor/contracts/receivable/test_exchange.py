"""Invoice files: what is right is read, what is wrong is refused at its field, what is hostile is not let in."""

import re
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infoharbor.contracts.receivable.exchange.checking import check_invoice
from infoharbor.contracts.receivable.exchange.faults import CODES, InvoiceFault
from infoharbor.contracts.receivable.exchange.invoice import CheckedInvoice
from infoharbor.contracts.receivable.exchange.xml_text import BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, TEXT_MAX

SAMPLES = files("infoharbor.contracts.receivable") / "samples"
UBL, CHINA, VIETNAM = ((SAMPLES / f"{name}.xml").read_text("utf-8") for name in ("ubl", "china", "vietnam"))


def fault(text: str) -> tuple[str, str, str]:
    found = check_invoice(text.encode())
    assert isinstance(found, InvoiceFault), found
    assert found.code in CODES
    return found.code, found.field, found.expected


def refused(text: str) -> tuple[str, str]:
    return fault(text)[:2]


@pytest.mark.parametrize(
    ("text", "identity", "amounts"),
    [
        (UBL, "MY:C00000000000:TEA0001:2026", (99_000, 7_920, 106_920)),
        (CHINA, "CN:26459999000000000017", (55_045_872, 4_954_128, 60_000_000)),
        (VIETNAM, "VN:0100999999:1C26TAA:123", (10_000_000, 1_000_000, 11_000_000)),
    ],
    ids=["ubl", "china", "vietnam"],
)
def test_an_invoice_is_read_with_its_identity_and_sums(text: str, identity: str, amounts: tuple[int, int, int]) -> None:
    found = check_invoice(text.encode())
    assert isinstance(found, CheckedInvoice), found
    assert (found.identity, (found.net, found.tax, found.total)) == (identity, amounts)


AMOUNTS = [
    (text, match.span(1))
    for text, pattern in (
        (UBL, r'currencyID="MYR">([\d.]+)<'),
        (CHINA, r"<(?:TotalAmWithoutTax|TotalTaxAm|TotalTax-includedAmount|Amount|ComTaxAm)>([\d.]+)<"),
        (VIETNAM, r"<(?:TgTCThue|TgTThue|TgTTTBSo)>(\d+)<"),
    )
    for match in re.finditer(pattern, text)
]


@given(st.sampled_from(AMOUNTS), st.integers(1_000, 99_999))
def test_no_amount_can_be_changed_alone(place: tuple[str, tuple[int, int]], more: int) -> None:
    text, (start, end) = place
    whole, point, rest = text[start:end].partition(".")
    assert refused(f"{text[:start]}{int(whole) + more}{point}{rest}{text[end:]}")[0] in ("invoice_sum", "invoice_tax")


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("urn:peppol:pint:billing-1@my-1", "urn:other", "invoice_kind", "CustomizationID"),
        (">TEA-0001<", "><", "invoice_missing", "ID"),
        (">TEA-0001<", ">茶<", "invoice_identity", "ID"),
        ("2026-11-02", "02/11/2026", "invoice_date", "IssueDate"),
        (">MYR<", ">RM<", "invoice_currency", "DocumentCurrencyCode"),
        ('currencyID="MYR">79.20', 'currencyID="SGD">79.20', "invoice_missing", "TaxTotal/TaxAmount"),
        (">1069.20</cbc:Pay", ">1069.205</cbc:Pay", "invoice_amount", "LegalMonetaryTotal/PayableAmount"),
        (">1069.20</cbc:Pay", ">1069.21</cbc:Pay", "invoice_sum", "LegalMonetaryTotal/PayableAmount"),
        (">20<", ">21<", "invoice_sum", "InvoiceLine/LineExtensionAmount"),
        (">2</cbc:Base", ">0</cbc:Base", "invoice_amount", "InvoiceLine/Price/BaseQuantity"),
        (">C00000000000<", "><", "invoice_missing", "AccountingSupplierParty/Party/PartyLegalEntity/CompanyID"),
    ],
)
def test_a_ubl_invoice_is_refused_at_its_field(old: str, new: str, code: str, field: str) -> None:
    assert refused(UBL.replace(old, new, 1)) == (code, field)


def test_what_a_sum_should_be_is_told() -> None:
    assert fault(UBL.replace(">1069.20</cbc:TaxInc", ">1069.00</cbc:TaxInc"))[2] == "1069.20"


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("93999999DEM000014A", "93999999DEM000014B", "invoice_identity", "EInvoiceData/SellerInformation/SellerIdNum"),
        (
            ">26459999000000000017</Inv",
            ">2645999900000000001</Inv",
            "invoice_identity",
            "TaxSupervisionInfo/InvoiceNumber",
        ),
        ("2026-11-02 09", "20261102 09", "invoice_date", "TaxSupervisionInfo/IssueTime"),
        (">600000.00<", ">600000.01<", "invoice_sum", "EInvoiceData/BasicInformation/TotalTax-includedAmount"),
        (">49541.28</Com", ">49541.29</Com", "invoice_tax", "EInvoiceData/BasicInformation/TotalTaxAm"),
        (
            "<SellerName>梧州茶农合作社（示例）</SellerName>",
            "",
            "invoice_missing",
            "EInvoiceData/SellerInformation/SellerName",
        ),
    ],
)
def test_a_chinese_invoice_is_refused_at_its_field(old: str, new: str, code: str, field: str) -> None:
    assert refused(CHINA.replace(old, new, 1)) == (code, field)


def test_a_red_invoice_is_a_credit_note() -> None:
    found = check_invoice(re.sub(r">(\d+\.\d\d)<", r">-\1<", CHINA).encode())
    assert isinstance(found, CheckedInvoice)
    assert (found.kind, found.total) == ("credit_note", 60_000_000)


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        (">C26TAA<", ">26TAA<", "invoice_identity", "DLHDon/TTChung/SHDon"),
        (">00000123<", ">12A<", "invoice_identity", "DLHDon/TTChung/SHDon"),
        (">11000000<", ">11000001<", "invoice_sum", "DLHDon/NDHDon/TToan/TgTTTBSo"),
        (">11000000<", ">11000000.5<", "invoice_amount", "DLHDon/NDHDon/TToan/TgTTTBSo"),
        (">10500000<", ">10600000<", "invoice_sum", "DLHDon/NDHDon/TToan/TgTCThue"),
        ("<MST>0100999998</MST>", "", "invoice_missing", "DLHDon/NDHDon/NMua/MST"),
    ],
)
def test_a_vietnamese_invoice_is_refused_at_its_field(old: str, new: str, code: str, field: str) -> None:
    assert refused(VIETNAM.replace(old, new, 1)) == (code, field)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a>",
        "<a/><b/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>",
        "<a>&b;</a>",
        "<a>" * (DEPTH_MAX + 1) + "</a>" * (DEPTH_MAX + 1),
        "<a>" + "<b/>" * ELEMENTS_MAX + "</a>",
        f"<a>{'b' * BYTES_MAX}</a>",
        "<?xml version='1.0' encoding='utf-7'?><a/>",
    ],
    ids=["empty", "cut", "two", "entity", "external", "unknown", "deep", "many", "large", "encoding"],
)
def test_what_is_no_plain_xml_is_not_let_in(text: str) -> None:
    assert refused(text) == ("invoice_xml", "")


def test_a_text_too_long_is_refused_and_an_attachment_passed_over() -> None:
    assert refused(UBL.replace("TEA-0001", "T" * (TEXT_MAX + 1)))[0] == "invoice_text"
    attachment = f"<cac:Attachment>{'QUJD' * TEXT_MAX}</cac:Attachment><cac:AccountingSupplierParty>"
    assert isinstance(check_invoice(UBL.replace("<cac:AccountingSupplierParty>", attachment).encode()), CheckedInvoice)


@given(st.binary(max_size=200))
@example(b"\xff\xfe<\x00a\x00/\x00>\x00")
def test_whatever_comes_in_is_answered(raw: bytes) -> None:
    assert isinstance(check_invoice(raw), InvoiceFault)


@given(st.integers(0, len(UBL)), st.text(max_size=3))
def test_a_damaged_invoice_is_answered(at: int, noise: str) -> None:
    assert check_invoice((UBL[:at] + noise + UBL[at:]).encode("utf-8", "surrogatepass"))
