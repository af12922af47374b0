"""`invoice check`: a right invoice is told, a wrong one refused with the field, in both languages."""

from pathlib import Path

import pytest
from nodes import as_json, infoharbor

import infoharbor.contracts.receivable as receivable

SAMPLES = Path(receivable.__file__).parent / "samples"


@pytest.mark.parametrize(("name", "standard"), [("ubl", "pint-my-1"), ("china", "cn-einvoice"), ("vietnam", "vn-hdon")])
def test_a_right_invoice_is_told(name: str, standard: str, tmp_path: Path) -> None:
    found = as_json("invoice", "check", SAMPLES / f"{name}.xml", cwd=tmp_path)
    assert found["standard"] == standard
    assert found["total"] > found["tax"] > 0


def test_a_total_that_does_not_add_up_is_refused_at_its_field(tmp_path: Path) -> None:
    text = (SAMPLES / "ubl.xml").read_text(encoding="utf-8")
    (tmp_path / "wrong.xml").write_text(text.replace("1069.20", "1069.21"), encoding="utf-8")
    said = infoharbor("invoice", "check", "wrong.xml", cwd=tmp_path, fails=True)
    assert "receivable.invoice_sum (LegalMonetaryTotal/TaxInclusiveAmount)" in said.stderr
    refusal = as_json("invoice", "check", "wrong.xml", cwd=tmp_path, fails=True)
    assert (refusal["code"], refusal["field"]) == ("receivable.invoice_sum", "LegalMonetaryTotal/TaxInclusiveAmount")
    assert refusal["detail"] != refusal["detail_zh"]


def test_what_is_no_invoice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.xml").write_text("<html/>")
    refusal = as_json("invoice", "check", "page.xml", cwd=tmp_path, fails=True)
    assert refusal["code"] == "receivable.invoice_kind"
