"""How members decide, told: seats, a parameter, a code table, and a proposal that fails."""

from infoharbor.contractkit import Action
from infoharbor.contracts.governance.actions import (
    CastVote,
    Propose,
    SetCodes,
    SetParameter,
    WithdrawProposal,
)
from infoharbor.contracts.governance.records import CodeEntry, Proposal, ProposalStatus
from infoharbor.contracts.identity.organisations import SetSeat
from infoharbor.edgekit.story import Story, World

OPERATOR, BANK, CERTIFIER = "harbor", "harbor-bank", "hanoi-certifier"
DAY = 24 * 60 * 60 * 1000

story = Story("governance", needs=("identity",))


def decide(world: World, decision: Action, *, id: str, reason: str, by: str = OPERATOR) -> None:
    """Propose a decision and let those who have a seat vote yes until it is adopted."""
    world.act(Propose.to(decision, id=id, reason=reason), by=by)
    for voter in world.get(Proposal, id).voters:
        if voter != by and world.get(Proposal, id).status == ProposalStatus.OPEN:
            world.act(CastVote(id, True), by=voter)


@story.step(
    "The operator gives away its sole power: the bank and the Hanoi certifier get a seat each.",
    "运营中心让出独断之权：信港银行和河内认证机构各得一席。",
)
def share_power(world: World) -> None:
    decide(world, SetSeat(BANK, True), id="seat-bank", reason="the first seat beside the operator's")
    decide(world, SetSeat(CERTIFIER, True), id="seat-certifier", reason="a seat in Viet Nam")


@story.step(
    "The three shorten the voting period to fourteen days.",
    "三家表决，将投票期限缩短为十四天。",
)
def shorten_voting(world: World) -> None:
    change = SetParameter("governance.voting_period_ms", 14 * DAY)
    decide(world, change, id="voting-period", reason="thirty days are too long", by=BANK)


@story.step(
    "They agree on a holiday that both countries keep, so that every deadline reckons with it.",
    "各方商定一个两国共同的节日，所有期限都按此计算。",
)
def agree_on_holiday(world: World) -> None:
    day = CodeEntry("demo-holidays", "2026-02-17", "closed", "春节", "Lunar New Year; Tết", 0, 0)
    decide(world, SetCodes((day,)), id="holiday", reason="both customs offices are closed", by=CERTIFIER)


@story.step(
    "The bank proposes that all must agree in future; the other two refuse, and the proposal fails.",
    "银行提议今后须全体一致同意，另外两家反对，提案被否决。",
)
def refuse_unanimity(world: World) -> None:
    change = SetParameter("governance.majority_twelfths", 12)
    world.act(Propose.to(change, id="unanimity", reason="nobody should be outvoted"), by=BANK)
    world.act(CastVote("unanimity", False), by=CERTIFIER)
    world.act(CastVote("unanimity", False), by=OPERATOR)


@story.step(
    "The certifier proposes a shorter period still, thinks better of it and withdraws.",
    "河内认证机构提议再缩短期限，随后改变主意，撤回提案。",
)
def withdraw(world: World) -> None:
    change = SetParameter("governance.voting_period_ms", DAY)
    world.act(Propose.to(change, id="one-day", reason="a day is enough"), by=CERTIFIER)
    world.act(WithdrawProposal("one-day"), by=CERTIFIER)
