"""The way of goods as the portal shows it, and the proof that a reader takes away."""

import json
from io import BytesIO

import httpx
import pytest
import segno
from tests.portal.conftest import Portal, Screens

from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.trust import TRUST_BYTES
from infoharbor.evidence.verify import Unproven, verify
from infoharbor.kernel.encoding import Malformed
from infoharbor.portal.pages.lot import qr

LOT = "/01/09521002002027/10/LB250418-B"
OBJECT = "01~09521002002027~10~LB250418-B"


def taken_away(portal: Portal) -> tuple[bytes, bytes]:
    """The evidence and trust files as a reader downloads them."""
    return portal.get(f"/evidence/{OBJECT}").content, portal.get("/v1/trust").content


def test_a_lot_shows_its_way_in_order_with_what_does_not_fit(screens: Screens) -> None:
    page = screens.open(LOT)
    steps = page.locator(".journey > li")
    times = [text.split(" +")[0] for text in page.locator(".journey .when").all_inner_texts()]
    assert steps.count() == 21
    assert times[0] == "2025-04-05 17:30:00"
    assert times[-1] == "2025-09-20 16:45:00"
    assert "+07:00" in page.locator(".journey .when").last.inner_text()
    wrong = page.locator(".journey > li.wrong")
    assert wrong.count() == 1
    assert "It moved without the unit that it is packed in." in wrong.inner_text()
    assert "https://example.org/certificates/hanoi/import-2025-0917" in page.inner_text("main")


def test_the_qr_code_is_the_page_s_own_address(portal: Portal) -> None:
    html = portal.get(LOT).text
    address = f"{portal.address}{LOT}"
    assert str(qr(address)) in html
    assert segno.make(address, error="m", micro=False).designator.endswith("-M")


def test_the_graph_leads_from_leaf_to_pallet_and_says_the_same_as_a_table(screens: Screens) -> None:
    page = screens.open(f"/trace/{OBJECT}")
    titles = page.locator("svg[role=group] .box.object text:not(.below)").all_text_contents()
    assert {"Lot MC250405", "Lot LB250418", "Unit …0020013"} <= set(titles)
    table = page.locator("table").first.inner_text()
    assert all(title in table for title in titles)
    assert page.locator("svg .box.wrong").count() >= 1
    assert "Tea works, Wuzhou GLN 9521002000108" in page.locator("table").last.inner_text()


def test_a_search_finds_a_lot_by_its_number_alone_and_lists_the_lots_of_a_product(screens: Screens) -> None:
    page = screens.open("/trace", script=False)
    page.fill("#object", "LB250418-B")
    page.click("form.search button")
    assert page.url.endswith(f"/trace/{OBJECT}")
    page.goto("/trace?object=09521001001014")
    assert page.locator("tbody tr td:first-child").all_inner_texts() == ["Lot MC250405", "Lot MC250412"]


@pytest.mark.parametrize("wanted", ["LB250418-C", "hello", "09521001009997"])
def test_a_search_that_finds_nothing_says_what_to_type_and_keeps_what_was_typed(portal: Portal, wanted: str) -> None:
    answer = portal.get(f"/trace?object={wanted}")
    assert answer.status_code == 404
    assert "Type the lot, GTIN or SSCC as the label says it" in answer.text
    assert f'value="{wanted}"' in answer.text


def test_a_number_that_is_no_lots_and_has_a_wrong_check_digit_is_told_the_right_one(portal: Portal) -> None:
    answer = portal.get("/trace?object=95210020020279")
    assert answer.status_code == 422
    assert "95210020020270" in answer.text


def test_what_does_not_fit_and_papers_go_by_their_own_numbers(portal: Portal) -> None:
    assert ">Unit …0010045</a>" in portal.get("/trace").text
    page = portal.get(LOT).text
    assert '<span class="id">ORG-0117</span>' in page
    assert ">tea-2025-0418</a>" in page


@pytest.mark.parametrize("other", ["/01/9521002002027/10/LB250418-B", f"{LOT}/", "/gtin/09521002002027/lot/LB250418-B"])
def test_other_forms_of_a_digital_link_lead_to_the_canonical_one(portal: Portal, other: str) -> None:
    answer = portal.get(other)
    if other.startswith("/gtin"):
        assert answer.status_code == 404  # only the numeric form is printed on labels
    elif other.endswith("/"):
        assert answer.status_code == 200
    else:
        assert answer.status_code == 302
        assert answer.headers["location"] == LOT


def test_the_proof_from_a_lot_s_page_verifies_offline_and_covers_what_the_page_shows(portal: Portal) -> None:
    evidence, trust = taken_away(portal)
    proven = verify(evidence, parse_trust(trust))
    paths = [record.path for record in proven.records]
    assert sum(path.startswith("trace/events/") for path in paths) == 21
    assert sum(path.startswith(f"trace/mentions/{OBJECT}/") for path in paths) >= 5
    assert f"trace/objects/{OBJECT}" in paths
    assert all(record.complete for record in proven.records)
    assert {signer.organisation for each in proven.receipts for signer in each.receipt.signers} >= {
        "wuzhou-tea-cooperative",
        "hanoi-importer",
    }


def test_an_altered_proof_is_refused_offline_and_on_the_page(portal: Portal) -> None:
    evidence, trust = taken_away(portal)
    altered = json.loads(evidence)
    altered["records"].pop()
    forged = json.dumps(altered, separators=(",", ":")).encode()
    with pytest.raises((Unproven, Malformed)):
        verify(forged, parse_trust(trust))
    refused = upload(portal, forged, trust)
    assert refused.status_code == 422
    assert "It proves nothing" in shown(refused)


def upload(portal: Portal, evidence: bytes | None, trust: bytes | None = None) -> httpx.Response:
    files = {name: (name, BytesIO(content)) for name, content in (("evidence", evidence), ("trust", trust)) if content}
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    return httpx.post(f"{portal.address}/verify", files=files, headers=headers, timeout=60)


def test_the_verify_page_says_what_a_file_proves_and_whose_trust_it_rests_on(portal: Portal) -> None:
    evidence, trust = taken_away(portal)
    own, given = upload(portal, evidence), upload(portal, evidence, trust)
    assert own.status_code == given.status_code == 200
    assert "It proves what it says" in shown(own)
    assert "agrees with itself" in shown(own)
    assert "agrees with itself" not in shown(given)
    assert "it alone could rewrite its history" in shown(given)


def test_the_server_takes_every_trust_file_that_the_format_allows(portal: Portal) -> None:
    evidence, trust = taken_away(portal)
    comment = b"##" + b" " * (TRUST_BYTES - len(trust) - 3) + b"\n"
    assert "It proves what it says" in shown(upload(portal, evidence, trust + comment))


def shown(answer: httpx.Response) -> str:
    """The page without what it gives along to its program."""
    return answer.text.partition("<script")[0]


def test_uploads_that_are_no_evidence_are_refused(portal: Portal) -> None:
    assert upload(portal, b"{}").status_code == 422
    assert upload(portal, b"\xff" * 1000).status_code == 422
    assert upload(portal, b"{}", b"x" * (TRUST_BYTES + 1)).status_code == 413
    assert upload(portal, None, b"x").status_code == 422
    answer = httpx.post(f"{portal.address}/verify", content=b"x" * 17_000_000, timeout=60)
    assert answer.status_code == 413


def test_a_reader_uploads_the_downloaded_proof_without_script(portal: Portal, screens: Screens) -> None:
    evidence, _ = taken_away(portal)
    page = screens.open("/verify", language="vi-VN", script=False)
    page.set_input_files("#evidence", {"name": "proof.json", "mimeType": "application/json", "buffer": evidence})
    page.click("#check > button")
    assert "Bằng chứng đúng" in page.inner_text("main")
