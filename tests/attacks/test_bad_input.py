"""What no client should send and some will: each a named refusal after which every record stands as it stood."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from attempt import dropped, refused, state_root
from harbour import Harbour
from msgspec.structs import replace
from world import TOKEN, World

from infoharbor.contracts.asset.escrows import OpenEscrow
from infoharbor.contracts.asset.grants import GiveGrant, SpendGrant
from infoharbor.contracts.asset.holds import PlaceHold
from infoharbor.contracts.asset.records import Token, TokenKind
from infoharbor.contracts.asset.tokens import IssueToken, Mint, Redeem, Transfer
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import BANK, CERTIFIER_CN, CERTIFIER_VN, EXPORTER, PLAYERS
from infoharbor.contracts.trace.actions import SKEW, AccreditPrefix, CaptureEvents
from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.document import read_document
from infoharbor.contracts.trace.records import CapturedEvent
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.trial import Trial
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import (
    SaltedAction,
    action_hash,
    assemble,
    body_codec,
    build_body,
    signing_bytes,
    transaction_codec,
)

AMOUNTS = (0, -1, -(2**63), 2**63, 2**64 - 1)
FAR = 253_402_300_799_999


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def engine(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeEngine]:
    """One ledger for all: what is refused leaves nothing behind that the next could stumble over."""
    with open_engine(world.create(tmp_path_factory.mktemp("bad") / "data"), workers=0) as running:
        for raw in world.opening():
            assert running.submit(raw).result(10).code == ""
        yield running


@pytest.mark.parametrize("amount", AMOUNTS)
def test_no_amount_is_zero_negative_or_beyond_63_bits(engine: NodeEngine, world: World, amount: int) -> None:
    for action in (
        Transfer(TOKEN, "firm-2", amount, ""),
        Mint(TOKEN, "firm-2", amount, ""),
        Redeem(TOKEN, amount, ""),
        PlaceHold("h", TOKEN, "firm-2", None, amount, FAR, ""),
        GiveGrant("g", TOKEN, "firm-2", amount, FAR),
        SpendGrant("g", "bank", amount),
        OpenEscrow("e", TOKEN, "firm-2", None, amount, FAR, "firm-2", ""),
    ):
        assert refused(engine, world.signed(action, by="bank")) == "ledger.malformed"


def test_the_last_unit_of_63_bits_is_minted_once(engine: NodeEngine, world: World) -> None:
    with engine.snapshot() as snapshot:
        token = snapshot.find(Token, TOKEN)
    assert token is not None
    minted = token.minted
    assert (
        refused(engine, world.signed(Mint(TOKEN, "firm-1", 2**63 - minted, ""), by="bank")) == "asset.supply_overflow"
    )
    assert engine.submit(world.signed(Mint(TOKEN, "firm-1", 2**63 - 1 - minted, ""), by="bank")).result(10).code == ""
    assert refused(engine, world.signed(Mint(TOKEN, "firm-1", 1, ""), by="bank")) == "asset.supply_overflow"
    assert refused(engine, world.transfer("firm-1", "firm-2", 2**63 - 1)) == "asset.balance_short"


def sent(world: World, contract: str, name: str, arguments: bytes) -> bytes:
    """A well signed transaction of one action whose arguments are any bytes."""
    world.nonce += 1
    salt = world.nonce.to_bytes(16, "big")
    action = encode(SaltedAction(salt, ("bank",), contract, name, arguments))
    model = transaction_codec.decode(world.transfer("bank", "firm-1"))
    signer = world.signer("bank")
    body = body_codec.decode(model.body)
    made = build_body(
        world.suite, chain=body.chain, keys=[signer.key_id], nonce=salt, expiry=body.expiry, ceilings=body.ceilings,
        actions=[action],
    )  # fmt: skip
    assert body_codec.decode(made).actions == (action_hash(world.suite, action),)
    return assemble(made, [action], {signer.key_id: signer.key.sign(signing_bytes(made))})


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (encode([TOKEN, "firm-1", 1]), "ledger.malformed"),
        (encode([TOKEN, "firm-1", 1, "", 0]), "ledger.malformed"),
        (encode([TOKEN, "firm-1", "1", ""]), "ledger.malformed"),
        (encode([TOKEN, "firm-1", 1.0, ""]), "ledger.malformed"),
        (encode([TOKEN, "firm-1", True, ""]), "ledger.malformed"),
        (encode([TOKEN, "firm-1", None, ""]), "ledger.malformed"),
        (encode([TOKEN, b"firm-1", 1, ""]), "ledger.malformed"),
        (encode([TOKEN, ["firm-1"], 1, ""]), "ledger.malformed"),
        (encode([TOKEN, "firm-1", 1, "x" * 201]), "ledger.malformed"),
        (encode({"token": TOKEN, "to": "firm-1", "amount": 1, "reference": ""}), "ledger.malformed"),
        (b"\xdc\x00\x04" + encode([TOKEN, "firm-1", 1, ""])[1:], "ledger.not_canonical"),
        (encode([TOKEN, "firm-1", 1, ""]) + b"\0", "ledger.malformed"),
        (b"\x91" * 5_000 + b"\xc0", "ledger.malformed"),
        (b"", "ledger.malformed"),
        (b"\xc1", "ledger.malformed"),
        (b"\xdd\xff\xff\xff\xff", "ledger.malformed"),
    ],
)
def test_arguments_that_are_not_the_actions_own_change_nothing(
    engine: NodeEngine, world: World, arguments: bytes, code: str
) -> None:
    assert refused(engine, sent(world, "asset", "Transfer", arguments)) == code


@pytest.mark.parametrize(
    ("contract", "name"),
    [
        ("asset", "Nothing"),
        ("nothing", "Transfer"),
        ("", ""),
        ("asset", "apply"),
        ("asset/balances", "Transfer"),
        ("a" * 5_000, "x"),
    ],
)
def test_an_action_that_no_active_contract_has_is_refused(
    engine: NodeEngine, world: World, contract: str, name: str
) -> None:
    assert refused(engine, sent(world, contract, name, encode([]))) == "ledger.action_unknown"


@pytest.mark.parametrize("key", ["bank:cny/../x", "银行:cny", "a" * 201, "\n", ""])
def test_a_key_that_no_record_could_have_is_refused(engine: NodeEngine, world: World, key: str) -> None:
    code = refused(engine, world.signed(Transfer(key, "firm-1", 1, ""), by="bank"))
    assert code in ("ledger.record_unknown", "ledger.malformed")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\xc0", b"\x93", b"\x91" * 100_000, b"\xdd\xff\xff\xff\xff" + bytes(100), b"\xc6\xff\xff\xff\xff",
        b"{}", bytes(limits.TRANSACTION_BYTES), bytes(limits.TRANSACTION_BYTES + 1), b"\x93" + b"\xc4\x00" * 3,
        encode(["", [], []]), encode([b"", [b""] * 100_000, []]),
    ],
    ids=lambda raw: f"{raw[:6].hex()} {len(raw)}",
)  # fmt: skip
def test_what_is_no_transaction_stays_outside(engine: NodeEngine, raw: bytes) -> None:
    assert dropped(engine, raw).startswith("ledger.")


# Roles and places


@pytest.fixture(scope="module")
def trial() -> Trial:
    made = Trial(PLAYERS)
    for role, holder, country in (
        ("gs1-registrar", CERTIFIER_CN.id, "CN"),
        ("gs1-registrar", CERTIFIER_VN.id, "VN"),
        ("money-issuer", BANK.id, "CN"),
        ("accreditor:certifier", CERTIFIER_CN.id, "CN"),
    ):
        decide(made, GrantRole(holder, role, country, 0, 0, ""), id=f"{role}-{country}", reason="")
    return made


def test_a_role_of_one_country_is_none_in_another(trial: Trial) -> None:
    foreign = GrantRole(EXPORTER.id, "certifier", "VN", 0, 0, "")
    trial.refuses(foreign, by=CERTIFIER_CN.id, code="ledger.role_missing", field="by")
    prefix = AccreditPrefix("9521234", EXPORTER.id, "VN", 0, 0)
    trial.refuses(prefix, by=CERTIFIER_CN.id, code="ledger.role_missing", field="by")
    token = IssueToken("vnd", TokenKind.MONEY, "VND", 0, "VN", None)
    trial.refuses(token, by=BANK.id, code="asset.issuer_not_accredited", field="by")
    for nowhere in ("cn", "C/", "ZZ", "中国"):
        trial.refuses(replace(prefix, jurisdiction=nowhere), by=CERTIFIER_CN.id, code=_nowhere(nowhere))


def _nowhere(code: str) -> str:
    return "trace.jurisdiction" if not (code.isascii() and code.isalpha() and code.isupper()) else "ledger.role_missing"


def test_a_role_that_ended_or_has_not_begun_is_none(trial: Trial) -> None:
    for index, (begins, ends) in enumerate(((trial.now + 10**9, 0), (0, trial.now + 5))):
        decide(trial, GrantRole(EXPORTER.id, "gs1-registrar", "TH", begins, ends, ""), id=f"period-{index}", reason="")
        trial.advance(10)
        trial.refuses(AccreditPrefix("8851234", EXPORTER.id, "TH", 0, 0), by=EXPORTER.id, code="ledger.role_missing")


# Events over HTTP

EVENT = {
    "type": "ObjectEvent",
    "eventTime": "2026-04-08T10:30:00.000+08:00",
    "eventTimeZoneOffset": "+08:00",
    "action": "OBSERVE",
    "bizStep": "inspecting",
    "epcList": ["urn:epc:id:sgtin:9521234.000101.4711"],
}
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def capture(harbour: Harbour, body: bytes) -> httpx.Response:
    with harbour.asking("firm-3") as client:
        return client.post("/epcis/events", content=body, headers={"Content-Type": "application/ld+json"})


def event(**changes: Any) -> bytes:
    return json_text.write({"@context": [CONTEXT], **EVENT, **changes})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"eventTime": "2999-01-01T00:00:00Z"}, "eventTime"),
        ({"eventTime": "2026-04-08T10:30:00"}, "eventTime"),
        ({"epcList": ["https://id.gs1.org/01/09521234001015/21/1"]}, "epcList"),
        ({"epcList": ["https://id.gs1.org/01/09521234001010/21/1"] * 2}, "epcList"),
        ({"epcList": ["https://id.gs1.org/00/095212340000000014"]}, "epcList"),
        ({"unknownField": 1}, "unknownField"),
        ({"quantityList": [{"epcClass": "urn:epc:class:lgtin:9521234.000101.L1", "quantity": "12"}]}, "quantity"),
        ({"action": "STEAL"}, "action"),
        ({"eventTimeZoneOffset": "8"}, "eventTimeZoneOffset"),
    ],
)
def test_an_event_that_cannot_be_is_refused_at_its_field(harbour: Harbour, changes: dict[str, Any], field: str) -> None:
    """From the future, of no zone, with a wrong check digit, an unknown field or the wrong type."""
    root = state_root(harbour.engine)
    answer = capture(harbour, event(**changes))
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert field in answer.text
    assert state_root(harbour.engine) == root


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda: b"[" * 100_000, id="deep"),
        pytest.param(lambda: b'{"a":' * 30 + b"1" + b"}" * 30, id="rather deep"),
        pytest.param(lambda: event(note="x" * 3_000_000), id="huge"),
        pytest.param(lambda: event()[:-1], id="cut short"),
        pytest.param(lambda: b'{"type":"ObjectEvent","type":"ObjectEvent"}', id="a name twice"),
        pytest.param(lambda: b"\xff\xfe" + event(), id="no UTF-8"),
        pytest.param(lambda: b"NaN", id="no number"),
        pytest.param(lambda: b'{"a":1e999999999}', id="beyond all measure"),
        pytest.param(lambda: b"", id="nothing"),
    ],
)
def test_a_document_that_is_none_is_refused_whole(harbour: Harbour, body: Callable[[], bytes]) -> None:
    root = state_root(harbour.engine)
    answer = capture(harbour, body())
    assert answer.status_code in (400, 413), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert state_root(harbour.engine) == root


def test_an_event_from_the_future_is_refused_by_the_rules_too(trial: Trial) -> None:
    """A client that goes round the gateway meets the same limit in the contract."""
    assert read_document(event()).whole()
    captured = CaptureEvents((_captured(trial.now + SKEW.default + 60_000),))
    trial.refuses(captured, by=EXPORTER.id, code="trace.event_from_future", field="events[0].event_time")


def _captured(time: int) -> Any:
    return CapturedEvent(
        "ab" * 20, "urn:uuid:1", "", "ObjectEvent", "OBSERVE", time, "+08:00", "", "", (), (), "", "", "", None, (),
        (), (), (), (), (), (), "", (), "", "", "", None, False, b"",
    )  # fmt: skip
