"""How a test report is issued, opened across the border, replaced and erased, without leaving its owner's hands."""

import hashlib
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from infoharbor.contractkit.commitment import Place, commitment
from infoharbor.contracts.document.actions import (
    EraseDocument,
    GrantAccess,
    IssueDocument,
    RecordAccess,
    RevokeDocument,
    SupersedeDocument,
    WithdrawAccess,
)
from infoharbor.contracts.document.records import COMMITTED_FIELD, RevocationReason
from infoharbor.contracts.identity.policies import SetSealingKey
from infoharbor.edgekit.story import Story, World

CERTIFIER, PROCESSOR, IMPORTER, BANK = "guangxi-certifier", "liubao-processor", "hanoi-importer", "harbor-bank"
DAY = 24 * 60 * 60 * 1000
REPORT = f"{CERTIFIER}:tea-2026-0117"
CORRECTED = f"{CERTIFIER}:tea-2026-0117-a"
CONTENTS = {
    REPORT: "六堡茶检验报告（示例） GB/T 32719.4：水分 11.2 %，合格\nTest report (example): moisture 11.2 %, passed\n",
    CORRECTED: "六堡茶检验报告（更正，示例）：水分 10.8 %，合格\nTest report, corrected (example): moisture 10.8 %, passed\n",
}
Keep = Callable[[str, str, str, bytes], bytes]
"""Given issuer, owner, record path and content: keeps the content, and returns the commitment to it."""

story = Story("document", needs=("identity",))


def committed(world: World, document: str) -> tuple[bytes, int]:
    """The commitment to a document of the story, and its size.

    A running node keeps the content in the vaults; it leaves the way there in `keep_document`. Without one, the
    commitment is computed all the same, under a salt that anyone could guess.
    """
    keep: Keep = world.things.get("keep_document", commit_only)
    content = CONTENTS[document].encode()
    return keep(CERTIFIER, PROCESSOR, f"document/documents/{document}", content), len(content)


def commit_only(issuer: str, owner: str, record: str, content: bytes) -> bytes:
    del issuer
    place = Place(bytes(32), owner, record, COMMITTED_FIELD)
    return commitment(place, hashlib.sha256(record.encode()).digest(), content)


def sealing_key(world: World, organisation: str) -> bytes:
    """The public key that an organisation's vault made; a node leaves those of its vaults in `sealing_keys`."""
    made: dict[str, bytes] = world.things.get("sealing_keys", {})
    secret = world.cast.signer(organisation, "sealing").key.secret
    return made.get(organisation) or X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


@story.step(
    "Liubao Tea Works and Hanoi Imports publish the sealing keys of their vaults.",
    "六堡茶加工厂和河内进口商公布各自保管库的封装公钥。",
)
def publish_sealing_keys(world: World) -> None:
    for organisation in (PROCESSOR, IMPORTER):
        world.act(SetSealingKey(sealing_key(world, organisation)), by=organisation)


@story.step(
    "The Guangxi certifier tests the tea and issues the report to the tea works; the ledger gets 32 bytes of it.",
    "广西认证机构检验茶叶，向加工厂签发检验报告；上账的只有三十二字节的承诺值。",
)
def issue_the_report(world: World) -> None:
    commits, size = committed(world, REPORT)
    number = REPORT.partition(":")[2]
    issue = IssueDocument(
        number, "test-report", PROCESSOR, (IMPORTER,), commits, size, "text/plain", world.now, world.now + 365 * DAY
    )
    world.act(issue, by=CERTIFIER)


@story.step(
    "The tea works lets Hanoi Imports open the report for customs clearance, for thirty days.",
    "加工厂授权河内进口商为清关查阅报告，为期三十天。",
)
def grant(world: World) -> None:
    world.act(GrantAccess(REPORT, IMPORTER, "customs-clearance", world.now + 30 * DAY), by=PROCESSOR)


@story.step(
    "Hanoi Imports asks to open it: the receipt is on the ledger before the tea works' vault hands over the key.",
    "河内进口商申请打开报告：凭据先上账，加工厂的保管库才交出密钥。",
)
def ask(world: World) -> None:
    world.act(RecordAccess(REPORT, "customs-clearance"), by=IMPORTER)


@story.step(
    "The bank may look at it for a loan, but the tea works borrows elsewhere and withdraws the grant.",
    "银行原可为贷款查阅报告，但加工厂另行融资，撤回了授权。",
)
def withdraw(world: World) -> None:
    world.act(GrantAccess(REPORT, BANK, "credit-check", world.now + 30 * DAY), by=PROCESSOR)
    world.act(WithdrawAccess(REPORT, BANK, "credit-check"), by=PROCESSOR)


@story.step(
    "A figure was wrong: the certifier puts a corrected report in its place and revokes the first.",
    "有一项数据有误：认证机构以更正后的报告取代原报告，并撤销原报告。",
)
def correct(world: World) -> None:
    commits, size = committed(world, CORRECTED)
    number = CORRECTED.partition(":")[2]
    supersede = SupersedeDocument(REPORT, number, commits, size, "text/plain", world.now, world.now + 365 * DAY)
    world.act(supersede, by=CERTIFIER)
    world.act(RevokeDocument(REPORT, RevocationReason.ISSUED_IN_ERROR), by=CERTIFIER)


@story.step(
    "The tea works erases the wrong report with its salt; what stays on the ledger opens nothing any more.",
    "加工厂连同盐值删除有误的报告；账本上留下的承诺值从此打不开任何内容。",
)
def erase(world: World) -> None:
    world.act(EraseDocument(REPORT), by=PROCESSOR)
