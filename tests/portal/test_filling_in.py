"""A member fills in forms over HTTP: what is missing is named, organisations and tokens are offered by name, lists are
rows, and a decision is an action's form in another's."""

import base64
import re
from collections.abc import Iterator

import httpx
import pytest
from tests.portal.conftest import Portal
from tests.portal.test_pages import ensure_whole

from infoharbor.contractkit.encoding import decode_action
from infoharbor.contracts.governance.actions import DECISIONS, Propose
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.kernel.transaction import action_codec

OPERATOR, BANK, WORKS, TRADER = "harbor", "harbor-bank", "liubao-processor", "hanoi-importer"
LOT = "01~09521002002010~10~LB250418"


@pytest.fixture
def clerk(portal: Portal) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=portal.address, timeout=30, headers={"Accept-Language": "en"}) as client:
        yield client


def enter(clerk: httpx.Client, organisation: str) -> None:
    assert clerk.post("/enter", data={"organisation": organisation}).status_code == 303


def prepared(clerk: httpx.Client, action: str, fields: dict[str, str]) -> bytes:
    """The arguments of the action that the form makes."""
    answer = clerk.post(f"/act/{action.replace('.', '/')}", data={"how": "prepare"} | fields)
    assert answer.headers["content-type"] == "application/json", answer.text
    salted = action_codec.decode(base64.b64decode(answer.json()["actions"][0]))
    return bytes(salted.arguments)


def escrow(**more: str) -> dict[str, str]:
    fields = {"id": "e-1", "token": "harbor-bank:demo-vnd", "payee": BANK, "arbiter": "", "amount": "5"}
    return fields | {"until": "2030-01-01T08:00", "falls_to": TRADER, "reference": "", "how": "prepare"} | more


@pytest.mark.parametrize(
    ("field", "word"),
    [("until", "Falls at"), ("amount", "Amount (smallest units)"), ("payee", "Payee"), ("token", "Token")],
)
def test_what_is_missing_is_said_to_be_missing(clerk: httpx.Client, field: str, word: str) -> None:
    enter(clerk, TRADER)
    refused = clerk.post("/act/asset/OpenEscrow", data=escrow(**{field: ""}))
    assert refused.status_code == 422
    assert "input.field_missing" in refused.text
    assert f"<strong>{word}: " in refused.text
    assert re.search(rf'name="{field}" aria-invalid="true" *[^>]*required', refused.text)


def test_a_token_is_chosen_by_its_name(clerk: httpx.Client) -> None:
    enter(clerk, TRADER)
    form = clerk.get("/act/asset/Transfer", headers={"Accept-Language": "zh"}).text
    assert '<option value="harbor-bank:demo-vnd">信港银行（示例） · 越南盾</option>' in form
    assert b"harbor-bank:demo-vnd" in prepared(clerk, "asset.OpenEscrow", escrow())


def test_several_organisations_are_offered_by_name_in_rows(clerk: httpx.Client) -> None:
    enter(clerk, WORKS)
    form = clerk.get("/act/receivable/AskFinancing").text
    assert 'name="financiers[0]"' in form
    assert 'list="known-financiers"' in form
    assert '<option value="harbor-bank">Harbour Bank (example)</option>' in form
    assert form.count('<datalist id="known-financiers">') == 1
    asked = {"receivable": "r", "leaf": "1", "until": "2030-01-01T08:00"}
    assert BANK.encode() in prepared(clerk, "receivable.AskFinancing", asked | {"financiers[1]": BANK})
    assert BANK.encode() in prepared(clerk, "receivable.AskFinancing", asked | {"financiers": f"{TRADER}\n{BANK}"})


def test_who_may_read_is_chosen_among_organisations_and_everyone(clerk: httpx.Client) -> None:
    enter(clerk, WORKS)
    form = clerk.get("/act/trace/SetAudience").text
    assert '<option value="public">' in form
    assert b"public" in prepared(clerk, "trace.SetAudience", {"product": "*", "audience[0]": "public"})


def production(**more: str) -> dict[str, str]:
    fields = {"kind": "make", "happened_at": "2025-05-01T08:00", "inputs[0].lot": "(01)09521002002010(10)LB250418"}
    fields |= {"inputs[0].grams": "500", "inputs[4].lot": LOT, "inputs[4].grams": "7"}
    made = {"lot": f"{LOT}-2", "product": "dark-tea", "grams": "400", "pieces": "2", "moisture": ""}
    return fields | {f"outputs[0].{name}": text for name, text in made.items()} | more


def test_a_list_of_structures_is_rows_of_fields_and_empty_rows_do_not_count(clerk: httpx.Client) -> None:
    enter(clerk, WORKS)
    arguments = prepared(clerk, "farm.RecordProduction", production())
    assert arguments.count(LOT.encode()) == 3
    missing = clerk.post("/act/farm/RecordProduction", data=production(**{"inputs[4].grams": ""}))
    assert missing.status_code == 422
    assert "inputs[1].grams" in missing.text


def test_rows_are_added_and_taken_away_without_a_script(clerk: httpx.Client) -> None:
    enter(clerk, WORKS)
    more = clerk.post("/act/farm/RecordProduction", data=production(how="rows")).text
    assert 'name="inputs[3].lot"' in more
    assert 'name="inputs[4].lot"' not in more
    assert f'name="inputs[1].lot" value="{LOT}"' in re.sub(" +", " ", more)
    less = clerk.post("/act/farm/RecordProduction", data=production(without="inputs[0]")).text
    assert f'name="inputs[0].lot" value="{LOT}"' in re.sub(" +", " ", less)
    assert 'name="inputs[3].lot"' not in less


def test_only_an_event_in_the_ledgers_own_form_is_written_as_json(portal: Portal, clerk: httpx.Client) -> None:
    enter(clerk, OPERATOR)
    asks = []
    for contract, known in portal.engine.chain.registry.contracts.items():
        for kind in portal.engine.chain.registry.actions(contract):
            form = clerk.get(f"/act/{contract}/{kind.name}")
            assert form.status_code == 200, known
            ensure_whole(form.text)
            asks += [f"{contract}.{kind.name}"] * ("as JSON" in form.text)
    assert asks == ["trace.CaptureEvents"]


def test_a_decision_is_chosen_and_filled_in_like_any_action(clerk: httpx.Client) -> None:
    enter(clerk, OPERATOR)
    form = clerk.get("/act/governance/Propose").text
    assert '<option value="identity.GrantRole">' in form
    assert 'name="decision' not in form
    fields = {"id": "p-1", "action": "identity.GrantRole", "reason": "", "how": "rows"}
    assert 'name="decision.jurisdiction"' in clerk.post("/act/governance/Propose", data=fields).text
    filled = {
        "organisation": BANK,
        "role": "court",
        "jurisdiction": "CN",
        "valid_from": "",
        "until": "",
        "reference": "7",
    }
    fields |= {f"decision.{name}": text for name, text in filled.items()}
    proposed = Propose.__action__.decode(prepared(clerk, "governance.Propose", fields | {"how": "prepare"}))
    decision = decode_action(DECISIONS["identity.GrantRole"], proposed.decision)
    assert decision == GrantRole(BANK, "court", "CN", 0, 0, "7")


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"action": ""}, "input.field_missing"), ({"action": "asset.Mint"}, "input.choice"),
     ({"decision.jurisdiction": "China"}, "input.length"), ({"decision.jurisdiction": "ZZ"}, "identity.country")],
)  # fmt: skip
def test_a_decision_that_is_none_is_refused_in_its_field(
    clerk: httpx.Client, changed: dict[str, str], code: str
) -> None:
    enter(clerk, OPERATOR)
    fields = {"id": "p-1", "action": "identity.WithdrawRole", "reason": "", "how": "prepare"}
    filled = {"organisation": BANK, "role": "court", "jurisdiction": "CN", "reference": ""}
    fields |= {f"decision.{name}": text for name, text in filled.items()}
    refused = clerk.post("/act/governance/Propose", data=fields | changed)
    assert refused.status_code == 422
    assert code in refused.text


def test_a_country_that_there_is_not_is_refused_in_its_field_before_anything_is_signed(clerk: httpx.Client) -> None:
    enter(clerk, BANK)
    fields = {"symbol": "DEMO-XX", "kind": "money", "unit": "CNY", "decimals": "2", "jurisdiction": "ZZ"}
    for how in ("prepare", "demo"):
        refused = clerk.post("/act/asset/IssueToken", data={"how": how, "eligible_role": "", **fields})
        assert refused.status_code == 422
        assert "identity.country · jurisdiction · a country&#39;s two letters in ISO 3166-1, such as CN" in refused.text
        assert re.search(r'name="jurisdiction"[^>]* aria-invalid="true"', refused.text)


@pytest.mark.parametrize(("language", "lead"), [("en", "choose it, fill in its fields"), ("zh", "填写其内容")])
def test_the_form_of_a_proposal_says_what_it_asks_for(clerk: httpx.Client, language: str, lead: str) -> None:
    enter(clerk, OPERATOR)
    form = clerk.get("/act/governance/Propose", headers={"Accept-Language": language}).text
    assert lead in form
    assert "encoded" not in form
    assert "编码" not in form
