"""A form that several organisations sign: it waits for the others where they find it, and no clerk needs a file."""

import secrets
from collections.abc import Iterator

import httpx
import pytest
from tests.receivable.conftest import Finance, Members

from infoharbor.contractkit.days import day_at
from infoharbor.contracts.identity.policies import SetPolicy
from infoharbor.contracts.identity.records import NewKey, PolicyRule, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.contracts.receivable.demo import BANK, DEBTOR, EVIDENCE, RIVAL, SUPPLIER
from infoharbor.contracts.receivable.invoices import TaxResult
from infoharbor.contracts.receivable.registering import RecordTaxCheck, RegisterInvoice
from infoharbor.gateway.tokens import issue_token
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer

FORM = "/act/receivable/FactorInvoice"


@pytest.fixture
def invoice(finance: Finance) -> str:
    """A fresh invoice with a tax check, of which nothing is used."""
    number = str(secrets.randbelow(10**20)).zfill(20)
    today = day_at(now_ms(), "CN")
    finance.act(
        RegisterInvoice("CN", SUPPLIER, "", number, 2026, SUPPLIER, DEBTOR, "CNY", 1_000, today, EVIDENCE), by=SUPPLIER
    )
    finance.act(RecordTaxCheck(f"CN:{number}", TaxResult.VALID, 1_000, EVIDENCE), by=BANK)
    return f"CN:{number}"


@pytest.fixture
def no_demo(finance: Finance) -> Iterator[None]:
    """The same node as on a real ledger: it keeps nobody's keys."""
    seed = finance.data / "demo.seed"
    hidden = seed.rename(finance.data / "hidden.seed")
    yield
    hidden.rename(seed)


def entered(finance: Finance, organisation: str) -> httpx.Client:
    token = issue_token(finance.data, organisation, finance.cast.signer(organisation).user)
    return httpx.Client(base_url=finance.url, cookies={"member": token}, timeout=30, headers={"Accept-Language": "en"})


def filled(invoice: str, others: str = BANK, **more: str) -> dict[str, str]:
    fields = {
        "invoice": invoice,
        "financier": BANK,
        "amount": "700",
        "reference": "HB-7",
        "days": "14",
        "how": "prepare",
    }
    return fields | {"with": others} | more


def financed(finance: Finance, invoice: str) -> str:
    factored: str = finance.record(f"receivable/invoices/{invoice}", by=SUPPLIER)["factored"]
    return factored


def test_a_clerk_fills_in_a_form_and_the_other_organisations_clerk_signs_it_in_the_browser(
    finance: Finance, members: Members, invoice: str
) -> None:
    page = members.open(SUPPLIER, f"{FORM}?invoice={invoice}&financier={BANK}&with={BANK}")
    page.fill("#field-amount", "700")
    page.fill("#field-reference", "HB-7")
    page.click("button[value=demo]")
    page.wait_for_url("**/pending/*")
    assert "1 of 2" in members.open(SUPPLIER, "/pending").inner_text("main")
    assert financed(finance, invoice) == "0"
    theirs = members.open(BANK, "/desks")
    theirs.get_by_role("link", name="Waits for signatures").click()
    theirs.locator("section.card h2 a").first.click()
    assert invoice in theirs.inner_text("main")
    theirs.click("form[action$='/sign'] button")
    theirs.wait_for_load_state()
    assert "committed" in theirs.inner_text("h1")
    assert financed(finance, invoice) == "700"


@pytest.mark.usefixtures("no_demo")
def test_where_no_keys_are_kept_it_waits_unsigned_for_the_keys_of_all(finance: Finance, invoice: str) -> None:
    with entered(finance, SUPPLIER) as clerk:
        answer = clerk.post(FORM, data=filled(invoice))
        assert answer.status_code == 303
        path = answer.headers["location"]
        shown = clerk.get(path).text
    identifier = path.rpartition("/")[2]
    assert f"infoharbor pending sign {identifier}" in shown
    assert shown.count("not yet") == 2
    with entered(finance, RIVAL.id) as stranger:
        assert stranger.get(path).status_code == 404
    for organisation in (BANK, SUPPLIER):
        assert financed(finance, invoice) == "0"
        signer = Signer(organisation, finance.cast.signer(organisation).key)
        with Client(finance.url, signer=signer) as client:
            client.pending.sign(identifier, signer)
    assert financed(finance, invoice) == "700"


@pytest.mark.parametrize(
    ("others", "more", "code", "field"),
    [
        ("nobody", {}, "identity.organisation_unknown", "with"),
        (f"{BANK} u-nobody", {}, "client.no_signer", "with"),
        ("a b c", {}, "input.length", "with"),
        ("\n".join([BANK] * 16), {}, "input.length", "with"),
        (BANK, {"days": "31"}, "input.choice", "days"),
        (BANK, {"amount": "x"}, "input.type", "amount"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(
    finance: Finance, invoice: str, others: str, more: dict[str, str], code: str, field: str
) -> None:
    with entered(finance, SUPPLIER) as clerk:
        answer = clerk.post(FORM, data=filled(invoice, others, **more))
        assert f"{code} · {field}" in answer.text
        assert 400 <= answer.status_code < 500


def test_nobody_puts_anything_before_others_without_a_token_or_from_another_site(
    finance: Finance, invoice: str
) -> None:
    with finance.asking() as anyone:
        assert anyone.post(FORM, data=filled(invoice)).status_code == 401
    with entered(finance, SUPPLIER) as clerk:
        theirs = {"Origin": "https://elsewhere.example"}
        assert clerk.post(FORM, data=filled(invoice), headers=theirs).status_code == 403


def test_a_policy_of_two_people_asks_two_people_and_a_named_user_alone_is_asked(finance: Finance, invoice: str) -> None:
    checker = finance.cast.signer(BANK, "checker")
    key = NewKey(checker.key.suite.name, checker.key.public_key, checker.possession, 0, 0)
    finance.act(AddUser(checker.user, UserKind.PERSON, ("checker",), key, ()), by=BANK)
    rules = (PolicyRule("receivable.FactorInvoice", ("", "checker")),)
    finance.act(SetPolicy(rules), by=BANK)
    try:
        with entered(finance, SUPPLIER) as clerk:
            path = clerk.post(FORM, data=filled(invoice)).headers["location"]
            with finance.asking(BANK) as bank:
                signers = bank.get(f"/v1{path}").json()["signers"]
            users = {each["user"] for each in signers if each["organisation"] == BANK}
            assert users == {checker.user, finance.cast.signer(BANK).user}
            finance.act(SetPolicy(()), by=BANK)
            path = clerk.post(FORM, data=filled(invoice)).headers["location"]
            with finance.asking(BANK) as bank:
                signers = bank.get(f"/v1{path}").json()["signers"]
            users = {each["user"] for each in signers if each["organisation"] == BANK}
            assert users == {finance.cast.signer(BANK).user}, "anybody may: an administrator is asked"
            finance.act(SetPolicy(rules), by=BANK)
            alone = clerk.post(FORM, data=filled(invoice, f"{BANK} {checker.user}"))
            assert "identity.policy" in alone.text
    finally:
        finance.act(SetPolicy(()), by=BANK)
