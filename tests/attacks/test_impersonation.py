"""Attacks on whose word it is: acting as the genesis, the calendar, a contract, another member, or beyond a scope."""

import itertools

import pytest
from attempt import dropped, refused
from world import TOKEN, World, milliseconds

from infoharbor.contractkit import Action
from infoharbor.contracts.asset.grants import SpendGrant
from infoharbor.contracts.asset.holds import ExecuteHold, PlaceHold, ReleaseHold
from infoharbor.contracts.asset.records import Balance, Hold, LockStatus, TokenKind
from infoharbor.contracts.asset.tokens import IssueToken, Mint, Transfer
from infoharbor.contracts.governance.actions import ActivateContract, Propose, SetParameter
from infoharbor.contracts.governance.demo import decide
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import EXPORTER, IMPORTER, PLAYERS, new_key
from infoharbor.contracts.identity.keys import AddKey
from infoharbor.contracts.identity.organisations import AdmitOrganisation, SetSeat, SuspendOrganisation
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.contracts.identity.records import Registration, UserKind
from infoharbor.contracts.identity.users import AddUser, DisableUser
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.trial import Trial
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.transaction import Ceilings, SaltedAction, assemble, build_body, signing_bytes

ACTORS = ("ledger:genesis", "ledger:calendar", "contract:asset", "contract:governance", "", "*", "firm-1/", "FIRM-1")


def signed_as(world: World, action: Action, by: tuple[str, ...], *signers: str) -> bytes:
    """A transaction that says it acts for `by`, whatever that is, signed by these members."""
    world.nonce += 1
    salt = world.nonce.to_bytes(16, "big")
    kind = action.__action__
    encoded = [encode(SaltedAction(salt, by, kind.contract, kind.name, encode(action)))]
    keys = {each.key_id: each for each in map(world.signer, signers)}
    body = build_body(
        world.suite, chain=world.chain, keys=list(keys), nonce=salt, expiry=milliseconds() + 60_000,
        ceilings=Ceilings(100, 50, 65_536), actions=encoded,
    )  # fmt: skip
    return assemble(body, encoded, {key: each.key.sign(signing_bytes(body)) for key, each in keys.items()})


def test_nobody_acts_as_genesis_calendar_or_contract(engine: NodeEngine, world: World) -> None:
    """Every move is open to the genesis; from outside there is no organisation of that name, alone or in company."""
    for action, actor in itertools.product(
        (
            GrantRole("firm-1", "money-issuer", "CN", 0, 0, ""),
            SetSeat("firm-1", True),
            SetParameter("governance.majority_percent", 51),
            ActivateContract("asset", 2, bytes(32)),
            Mint(TOKEN, "firm-1", 1, ""),
        ),
        ACTORS,
    ):
        for by in ((actor,), ("firm-1", actor), (actor, "firm-1")):
            assert refused(engine, signed_as(world, action, by, "firm-1")) == "identity.organisation_unknown"


def test_one_member_does_not_act_for_another(engine: NodeEngine, world: World) -> None:
    pay = Transfer(TOKEN, "firm-1", 5, "")
    assert refused(engine, signed_as(world, pay, ("bank",), "firm-1")) == "identity.not_signed"
    assert refused(engine, signed_as(world, pay, ("bank", "firm-1"), "firm-1")) == "identity.not_signed"
    assert refused(engine, signed_as(world, pay, ("bank",), "firm-1", "firm-2")) == "identity.not_signed"


def test_the_first_action_of_a_bundle_lends_no_authority_to_the_second(engine: NodeEngine, world: World) -> None:
    """What the authority answered for one action is remembered for that action alone."""
    assert engine.submit(signed_as(world, Transfer(TOKEN, "firm-1", 5, ""), ("bank",), "bank")).result(10).code == ""
    role = GrantRole("firm-1", "money-issuer", "CN", 0, 0, "")
    assert refused(engine, signed_as(world, role, ("bank",), "bank")) == "ledger.role_missing"
    assert (
        refused(engine, signed_as(world, Transfer(TOKEN, "firm-1", 5, ""), ("bank",), "firm-1"))
        == "identity.not_signed"
    )


def test_who_was_stopped_fills_no_block_with_refusals(engine: NodeEngine, world: World) -> None:
    """A suspended member's bundles, a disabled user's, and those they only sign along, are dropped at the door."""
    second = world.cast.signer("firm-2", "second")
    hire = world.signed(AddUser(second.user, UserKind.PERSON, (), new_key(second), ()), by="firm-2")
    stop = world.signed(DisableUser(second.user), by="firm-2")
    suspend = world.signed(Propose.to(SuspendOrganisation("firm-1"), id="stop", reason=""), by="bank")
    assert [engine.submit(raw).result(10).code for raw in (hire, stop, suspend)] == ["", "", ""]
    assert dropped(engine, world.transfer("firm-1", "bank")) == "identity.organisation_not_active"
    assert dropped(engine, world.transfer("bank", "firm-2", also=("firm-1",))) == "identity.organisation_not_active"
    world.signer = lambda _: second  # type: ignore[method-assign,assignment]
    assert dropped(engine, world.transfer("firm-2", "bank")) == "identity.user_disabled"


@pytest.fixture
def trial() -> Trial:
    return Trial(PLAYERS)


@pytest.mark.parametrize("name", ["ledger:genesis", "contract:asset", "contract:x", "a/b", "A-b", "-a", "信港", "ab\0"])
def test_no_organisation_is_admitted_under_the_name_of_an_actor(trial: Trial, name: str) -> None:
    signer = trial.cast.signer(name)
    key = new_key(signer)
    admit = AdmitOrganisation(name, "x", "x", "CN", Registration.REGISTRY, "EXAMPLE-1", True, signer.user, key)
    trial.refuses(Propose.to(admit, id="p", reason=""), by="harbor", code="identity.organisation_id", field="id")


def test_no_action_makes_a_move_of_the_calendar(trial: Trial) -> None:
    """A hold returns to its owner when its time comes: the owner does not end it sooner, nor by what is no hold."""
    decide(trial, GrantRole("harbor-bank", "money-issuer", "CN", 0, 0, ""), id="role", reason="")
    trial.act(IssueToken("cny", TokenKind.MONEY, "CNY", 2, "CN", None), by="harbor-bank")
    token, owner, controller = "harbor-bank:cny", EXPORTER.id, IMPORTER.id
    trial.act(Mint(token, owner, 100, ""), by="harbor-bank")
    hold = PlaceHold("hold", token, controller, None, 60, trial.now + 60_000, "")
    trial.act(hold, by=owner)
    for action, by in ((ReleaseHold("hold"), owner), (ExecuteHold("hold", owner, 60), owner)):
        trial.refuses(action, by=by, code="ledger.not_entitled")
    trial.refuses(SpendGrant("hold", owner, 60), by=controller, code="ledger.record_unknown")
    assert trial.get(Hold, "hold").status == LockStatus.LIVE
    balance = trial.get(Balance, token, owner)
    assert (balance.free, balance.held) == (40, 60)


@pytest.fixture
def agent(trial: Trial) -> Trial:
    """The exporter has an agent that may capture events."""
    scanner = trial.cast.signer(EXPORTER.id, "scanner")
    trial.act(AddUser(scanner.user, UserKind.AGENT, (), new_key(scanner), ("trace.CaptureEvents",)), by=EXPORTER.id)
    return trial


def test_an_agent_key_does_not_grow(agent: Trial) -> None:
    """It neither adds keys or users, nor pays, votes or lets others in, whoever it says it is."""
    scanner, second = (agent.cast.signer(EXPORTER.id, name) for name in ("scanner", "second"))
    wider = AddKey(scanner.user, new_key(second, scanner.user), ("trace.SetAudience",))
    hire = AddUser(second.user, UserKind.PERSON, ("administrator",), new_key(second), ())
    for action in (wider, hire, Transfer("harbor-bank:cny", IMPORTER.id, 1, ""), SetSeat(EXPORTER.id, True)):
        agent.refuses(action, by=EXPORTER.id, users=[scanner], code="identity.not_signed", field="by")


@pytest.mark.parametrize(
    "scope",
    [
        ("document.GrantAccess",),
        ("trace.CaptureEvents", "document.GrantAccess"),
        ("asset.GiveGrant",),
        ("identity.AddKey",),
        ("governance.CastVote",),
        ("document.*",),
        ("*",),
    ],
)
def test_no_scope_holds_what_binds_or_lets_others_in(agent: Trial, scope: tuple[str, ...]) -> None:
    second = agent.cast.signer(EXPORTER.id, "second")
    hire = AddUser(second.user, UserKind.AGENT, (), new_key(second), scope)
    agent.refuses(hire, by=EXPORTER.id, code="identity.scope_closed", field="scope")


def test_an_agent_with_another_members_administrator_is_still_an_agent(agent: Trial) -> None:
    """Two signatures do not add up to one that neither could give."""
    scanner, other = agent.cast.signer(EXPORTER.id, "scanner"), agent.cast.signer(IMPORTER.id)
    second = agent.cast.signer(EXPORTER.id, "second")
    hire = AddUser(second.user, UserKind.PERSON, (), new_key(second), ())
    agent.refuses(hire, by=EXPORTER.id, users=[scanner, other], code="identity.not_signed", field="by")


def test_the_executor_remembers_no_authority_that_the_block_took_away(trial: Trial) -> None:
    """A key that acted before is asked about again as soon as any identity changed."""
    second = trial.cast.signer(EXPORTER.id, "second")
    trial.act(AddUser(second.user, UserKind.PERSON, ("administrator",), new_key(second), ()), by=EXPORTER.id)
    trial.act(SetSealingKey(bytes(32)), by=EXPORTER.id, users=[second])
    trial.act(DisableUser(second.user), by=EXPORTER.id)
    trial.refuses(SetSealingKey(bytes([1]) * 32), by=EXPORTER.id, users=[second], code="identity.user_disabled")
