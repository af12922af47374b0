"""The ways in and out around claims: an invoice is checked, a clerk fills in a form, a supplier leaves with its claims."""

import base64
import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from tests.receivable.conftest import Finance

import infoharbor.contracts.receivable as receivable
from infoharbor.contracts.receivable.demo import AUTUMN_INVOICE, BANK, RIVAL, SUPPLIER
from infoharbor.contracts.receivable.exchange.xml_text import BYTES_MAX
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.verify import verify
from infoharbor.gateway.tokens import issue_token

SAMPLES = Path(receivable.__file__).parent / "samples"
XML = {"Content-Type": "application/xml"}
INVOICE = f"CN:{AUTUMN_INVOICE}"


# POST /v1/invoices/check


@pytest.mark.parametrize("name", ["ubl", "china", "vietnam"])
def test_a_right_invoice_is_told_over_http_as_on_the_command_line(finance: Finance, name: str) -> None:
    with finance.asking() as client:
        answer = client.post("/v1/invoices/check", content=(SAMPLES / f"{name}.xml").read_bytes(), headers=XML)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] > answer.json()["tax"] > 0
    assert answer.json()["seller"]["number"]


def test_a_wrong_invoice_is_refused_at_its_field(finance: Finance) -> None:
    wrong = (SAMPLES / "ubl.xml").read_text(encoding="utf-8").replace("1069.20", "1069.21")
    with finance.asking() as client:
        answer = client.post("/v1/invoices/check", content=wrong.encode(), headers=XML)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "receivable.invoice_sum")
    assert problem["field"] == "LegalMonetaryTotal/TaxInclusiveAmount"
    assert problem["title"] != problem["title_zh"]


def test_what_is_too_large_or_of_another_kind_is_not_read(finance: Finance) -> None:
    with finance.asking() as client:
        large = client.post("/v1/invoices/check", content=b" " * (BYTES_MAX + 1), headers=XML)
        other = client.post("/v1/invoices/check", content=b"{}", headers={"Content-Type": "application/json"})
        bomb = client.post("/v1/invoices/check", content=b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", headers=XML)
    assert (large.status_code, large.json()["code"]) == (413, "input.too_large")
    assert (other.status_code, other.json()["code"]) == (415, "http.media_type")
    assert (bomb.status_code, bomb.json()["code"]) == (422, "receivable.invoice_xml")


# The member's pages


def member(finance: Finance, organisation: str) -> str:
    return issue_token(finance.data, organisation, finance.cast.signer(organisation).user)


def test_a_token_lets_in_by_a_cookie_that_no_script_and_no_other_site_gets(finance: Finance) -> None:
    with finance.asking() as client:
        answer = client.post("/enter", data={"token": member(finance, BANK)})
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "Harbour Bank" in client.get("/desks", headers={"Accept-Language": "en"}).text
        left = client.post("/leave")
        assert left.status_code == 303
        assert "Harbour Bank" not in client.get("/desks", headers={"Accept-Language": "en"}).text


def test_a_wrong_token_and_another_sites_form_are_refused(finance: Finance) -> None:
    with finance.asking() as client:
        assert client.post("/enter", data={"token": "ih_wrong"}).status_code == 401
        assert client.post("/enter", data={"token": ""}).status_code == 422
        theirs = {"Origin": "https://elsewhere.example"}
        for path, data in (
            ("/enter", {"organisation": BANK}),
            ("/leave", {}),
            ("/act/receivable/RecordTaxCheck", {"invoice": INVOICE, "how": "demo"}),
        ):
            assert client.post(path, data=data, headers=theirs).status_code == 403
        assert "member" not in client.cookies


def test_only_a_demo_lets_anyone_in_as_anyone(finance: Finance) -> None:
    seed = finance.data / "demo.seed"
    hidden = seed.rename(finance.data / "hidden.seed")
    try:
        with finance.asking() as client:
            assert BANK not in client.get("/enter").text
            assert client.post("/enter", data={"organisation": BANK}).status_code == 422
            client.post("/enter", data={"token": member(finance, BANK)})
            page = client.get("/act/receivable/RecordTaxCheck").text
            assert 'value="demo"' not in page
            assert 'value="prepare"' in page
    finally:
        hidden.rename(seed)


def test_nobody_in_particular_sees_desks_without_claims_and_acts_nowhere(finance: Finance) -> None:
    with finance.asking() as client:
        assert "autumn-tea" not in client.get("/desks/receivable/supplier").text
        assert "autumn-tea" not in client.get("/reports/receivable/holdings").text
        assert client.post("/act/receivable/RecordTaxCheck", data={"how": "demo"}).status_code == 401
        assert client.get("/desks/receivable/nothing").status_code == 404
        assert client.get("/act/receivable/Nothing").status_code in (404, 422)


def test_the_report_of_a_page_is_the_one_of_the_interface(finance: Finance) -> None:
    with finance.asking() as client:
        client.post("/enter", data={"token": member(finance, SUPPLIER)})
        page = client.get("/reports/receivable/holdings", params={"format": "csv", "holder": SUPPLIER, "lang": "zh"})
    with finance.asking(SUPPLIER) as client:
        given = client.get(
            "/v1/reports/receivable/holdings", params={"format": "csv", "holder": SUPPLIER, "lang": "zh"}
        )
    assert page.content == given.content
    assert len(list(csv.reader(io.StringIO(page.content.decode("utf-8-sig"))))) > 1


def test_a_clerk_enters_a_tax_check_with_its_file_which_stays_in_the_vault(finance: Finance) -> None:
    evidence = b"%PDF what the tax authority gave"
    fields = {"invoice": INVOICE, "result": "valid", "total": "40000000", "how": "demo"}
    with finance.asking() as client:
        client.post("/enter", data={"token": member(finance, RIVAL.id)})
        form = client.get("/act/receivable/RecordTaxCheck", params={"invoice": INVOICE}).text
        assert "inv-veri.chinatax.gov.cn" in form
        assert INVOICE in form
        without = client.post("/act/receivable/RecordTaxCheck", data=fields, files={"commitment": ("", b"")})
        assert without.status_code == 422
        answer = client.post(
            "/act/receivable/RecordTaxCheck", data=fields, files={"commitment": ("check.pdf", evidence)}
        )
        assert answer.status_code == 200, answer.text
        assert "Tax checks <" in answer.text
    with finance.asking(RIVAL.id) as client:
        checks = client.get("/v1/records/receivable/tax_checks", params={"invoice": INVOICE}).json()["items"]
    commitments = [bytes.fromhex(each["record"]["commitment"]) for each in checks]
    assert any(each != bytes(32) for each in commitments)


def test_a_form_prepares_the_exact_bytes_that_the_member_signs(finance: Finance) -> None:
    fields = {"invoice": INVOICE, "result": "valid", "total": "40000000", "how": "prepare"}
    signer = finance.cast.signer(BANK)
    with finance.asking() as client:
        client.post("/enter", data={"token": member(finance, BANK)})
        answer = client.post("/act/receivable/RecordTaxCheck", data=fields, files={"commitment": ("c.pdf", b"seen")})
        assert answer.headers["content-disposition"] == 'attachment; filename="RecordTaxCheck.prepared.json"'
        prepared = answer.json()
    signature = signer.key.sign(base64.b64decode(prepared["to_sign"]))
    signed = {
        "body": prepared["body"],
        "actions": prepared["actions"],
        "signatures": {signer.key_id.hex(): base64.b64encode(signature).decode()},
    }
    with finance.asking(BANK) as client:
        receipt = client.post("/v1/submit", json=signed)
    assert receipt.status_code == 200, receipt.text
    assert receipt.json()["result"] == "committed"


def test_a_refusal_of_the_ledger_is_told_on_the_page(finance: Finance) -> None:
    fields = {"invoice": INVOICE, "result": "valid", "total": "40000000", "how": "demo"}
    with finance.asking() as client:
        client.post("/enter", data={"token": member(finance, SUPPLIER)})
        answer = client.post("/act/receivable/RecordTaxCheck", data=fields, files={"commitment": ("c.pdf", b"seen")})
        assert answer.status_code == 409
        assert "receivable.not_a_financier" in answer.text


def test_a_form_that_was_refused_comes_again_as_it_was_filled_in(finance: Finance) -> None:
    fields = {"invoice": INVOICE, "result": "unknown", "total": "400000.00", "how": "demo", "days": "3"}
    with finance.asking() as client:
        client.post("/enter", data={"token": member(finance, RIVAL.id)})
        answer = client.post("/act/receivable/RecordTaxCheck", data=fields, files={"commitment": ("c.pdf", b"seen")})
    assert answer.status_code == 422
    assert "· total" in answer.text
    for kept in (f'value="{INVOICE}"', 'value="unknown" selected', 'value="400000.00"', 'value="3" selected'):
        assert kept in answer.text, kept


# Leaving


LEAVING = """
import sys
from infoharbor.cli.leave import leave
from infoharbor.cli.output import Failure
from pathlib import Path
data, out = map(Path, sys.argv[1:])
try:
    leave(organisation="nobody", output=out, data=data)
except Failure as failure:
    print(failure.code, out.exists())
leave(organisation="wuzhou-tea-cooperative", output=out, data=data)
"""
"""Beside the running node, in a process of its own, as the command does it."""


def test_a_supplier_leaves_with_claims_that_prove_themselves(finance: Finance, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-c", LEAVING, finance.data, out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["identity.organisation_unknown", "False"]
    trust = parse_trust((out / "trust.txt").read_bytes())
    files = sorted((out / "evidence").iterdir())
    proven = {record.path for file in files for record in verify(file.read_bytes(), trust).records}
    held = finance.report("holdings", by=SUPPLIER)
    assert proven >= {f"receivable/leaves/{row['receivable']}/{row['leaf']}" for row in held}
    assert len(files) == len(held) + len(finance.report("invoices", by=SUPPLIER, seller=SUPPLIER))
    summary = (out / "summary.html").read_text(encoding="utf-8")
    assert all(summary.count(f"evidence/{file.name}") == 4 for file in files)  # linked and named, in both languages
    assert "梧州茶农合作社" in summary
    assert "Wuzhou Tea Growers" in summary
