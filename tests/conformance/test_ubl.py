"""The standard's own invoices: accepted with their sums, or refused at their field."""

import os
from pathlib import Path

import pytest

from infoharbor.contracts.receivable.exchange.checking import check_invoice
from infoharbor.contracts.receivable.exchange.faults import CODES, InvoiceFault
from infoharbor.contracts.receivable.exchange.invoice import CheckedInvoice

SAMPLES = Path(os.environ["CONFORMANCE_SAMPLES"]) / "ubl"
VALID = {
    "CN-001-basic-credit-note": ("credit_note", 2_320_000, 162_400, 2_482_400),
    "INV-001-full-valid-invoice": ("invoice", 3_391_500, 237_405, 3_628_905),
    "INV-002-allowances-and-charges": ("invoice", 3_086_050, 157_574, 3_243_624),
    "INV-004-zero-rated-gst": ("invoice", 95_500, 0, 95_500),
    "INV-008-bank-transfer": ("invoice", 95_500, 6_685, 102_185),
}
INVALID = {
    "INV-ERROR-001-gst-validation-errors": ("invoice_currency", "AdditionalDocumentReference[4]/ID", "SGD"),
}


def test_the_samples_are_all_there() -> None:
    assert {path.stem for path in (SAMPLES / "valid").glob("*.xml")} == set(VALID)
    assert {path.stem for path in (SAMPLES / "invalid").glob("*.xml")} == set(INVALID)


@pytest.mark.parametrize("name", sorted(VALID))
def test_a_valid_invoice_is_accepted_with_its_sums(name: str) -> None:
    found = check_invoice((SAMPLES / "valid" / f"{name}.xml").read_bytes())
    assert isinstance(found, CheckedInvoice)
    assert (found.kind, found.net, found.tax, found.total) == VALID[name]
    assert found.currency == "SGD"
    assert found.identity.startswith("SG:")


@pytest.mark.parametrize("name", sorted(INVALID))
def test_an_invalid_invoice_is_refused_at_its_field(name: str) -> None:
    found = check_invoice((SAMPLES / "invalid" / f"{name}.xml").read_bytes())
    assert isinstance(found, InvoiceFault)
    assert (found.code, found.field, found.expected) == INVALID[name]
    assert found.code in CODES
