"""A bank issues demonstration money; an importer pays an exporter by escrow against the title to tea."""

from infoharbor.contractkit.encoding import encode_action
from infoharbor.contracts.asset.escrows import OpenEscrow, ReleaseEscrow
from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.titles import IssueTitle, TransferTitle
from infoharbor.contracts.asset.tokens import IssueToken, Mint, Redeem
from infoharbor.contracts.governance.actions import CastVote, Propose
from infoharbor.contracts.governance.records import Proposal, ProposalStatus
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.edgekit.story import Story, World

BANK, EXPORTER, IMPORTER, CARRIER = "harbor-bank", "nanning-exporter", "hanoi-importer", "pingxiang-carrier"
MONTH = 30 * 24 * 60 * 60 * 1000
PRICE = 350_000_000
"""In đồng, which have no smaller unit."""

story = Story("asset", needs=("identity",))


def accredit(world: World, organisation: str, role: str, jurisdiction: str) -> None:
    """The members vote a role to an organisation."""
    decision = encode_action(GrantRole(organisation, role, jurisdiction, 0, 0, "demonstration"))
    proposal = f"{role}-{organisation}-{jurisdiction.lower()}"
    world.act(Propose(proposal, "identity.GrantRole", decision, f"{organisation}: {role}"), by="harbor")
    for voter in world.get(Proposal, proposal).voters:
        if voter != "harbor" and world.get(Proposal, proposal).status == ProposalStatus.OPEN:
            world.act(CastVote(proposal, True), by=voter)


@story.step(
    "The members accredit Harbour Bank to issue money tokens in China and Viet Nam.",
    "各成员表决，授予信港银行在中国和越南发行货币通证的资格。",
)
def accredit_the_bank(world: World) -> None:
    accredit(world, BANK, "money-issuer", "CN")
    accredit(world, BANK, "money-issuer", "VN")


@story.step(
    "The bank issues demonstration yuan, counted in fen, and demonstration đồng.",
    "银行发行演示用人民币通证（以分计）和演示用越南盾通证。",
)
def issue_money(world: World) -> None:
    world.act(IssueToken("demo-cny", TokenKind.MONEY, "CNY", 2, "CN", None), by=BANK)
    world.act(IssueToken("demo-vnd", TokenKind.MONEY, "VND", 0, "VN", None), by=BANK)
    world.things["cny"], world.things["vnd"] = f"{BANK}:demo-cny", f"{BANK}:demo-vnd"


@story.step(
    "Hanoi Imports pays in and gets 900 million đồng as tokens; Nanning Exports gets 200,000 yuan.",
    "河内进口商存入款项，取得九亿越南盾通证；南宁出口商取得二十万元人民币通证。",
)
def pay_in(world: World) -> None:
    world.act(Mint(world.things["vnd"], IMPORTER, 900_000_000, "deposit 1"), by=BANK)
    world.act(Mint(world.things["cny"], EXPORTER, 20_000_000, "deposit 2"), by=BANK)


@story.step(
    "Hanoi Imports locks the price in escrow; if nobody settles it within thirty days, it returns.",
    "河内进口商把茶款存入托管；三十天内无人结清，款项自动退回。",
)
def lock_the_price(world: World) -> None:
    world.act(
        OpenEscrow(
            "escrow-liubao-0001", world.things["vnd"], EXPORTER, "hanoi-certifier", PRICE, world.now + MONTH,
            IMPORTER, "Liubao tea, 200 cartons",
        ),
        by=IMPORTER,
    )  # fmt: skip


@story.step(
    "The carrier takes over the tea and issues its title to Nanning Exports.",
    "承运人接收茶叶，向南宁出口商签发货权凭证。",
)
def issue_the_title(world: World) -> None:
    commitment = bytes.fromhex("6c6975" + "00" * 29)
    world.act(IssueTitle("consignment", "liubao-0001", EXPORTER, "CN", False, commitment), by=CARRIER)
    world.things["title"] = f"{CARRIER}:consignment:liubao-0001"


@story.step(
    "In one bundle the title goes to Hanoi and the price to Nanning: both happen, or neither.",
    "货权转给河内、货款付给南宁，同在一个交易包中：要么都成，要么都不成。",
)
def deliver_against_payment(world: World) -> None:
    deliver = TransferTitle(world.things["title"], IMPORTER)
    world.act(deliver, ReleaseEscrow("escrow-liubao-0001"), by=(EXPORTER, IMPORTER))


@story.step(
    "Nanning Exports redeems half of what it was paid at the bank.",
    "南宁出口商向银行赎回一半货款。",
)
def redeem(world: World) -> None:
    world.act(Redeem(world.things["vnd"], PRICE // 2, "payout 1"), by=EXPORTER)
