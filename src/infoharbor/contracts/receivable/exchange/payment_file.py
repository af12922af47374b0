"""A debtor's instruction as the file that its bank takes: ISO 20022 pain.001.001.09, one transfer for each holder."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from infoharbor.contractkit.days import day_at, iso_day, start_of
from infoharbor.contractkit.money import decimal_text
from infoharbor.contracts.receivable.records import Leaf, LeafStatus, Payment, Receivable

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
IDENTIFIER_MAX, NAME_MAX, REMITTANCE_MAX = 35, 140, 140
PAID_OUT = (LeafStatus.SPLIT, LeafStatus.VOIDED, LeafStatus.EARLY, LeafStatus.DESTROYED)


class Account(NamedTuple):
    """Where an organisation is paid; it lies with its bank or in its vault, never on the ledger."""

    name: str
    number: str
    bank_code: str


class Transfer(NamedTuple):
    """What one leaf gets of a payment."""

    leaf: int
    holder: str
    amount: int


def transfers(receivable: Receivable, payment: Payment, leaves: Sequence[Leaf]) -> list[Transfer]:
    """What an instructed payment adds to each leaf's share; what does not divide waits for the last payment.

    A frozen or disputed leaf has its part too: the bank keeps it until court or parties say whose it is.
    """
    after = receivable.replace(paid=receivable.paid + payment.amount)
    owed = [leaf for leaf in leaves if leaf.status not in PAID_OUT]
    parts = [Transfer(leaf.number, leaf.holder, after.share(leaf.face) - receivable.share(leaf.face)) for leaf in owed]
    return [part for part in parts if part.amount]


def payment_file(
    receivable: Receivable,
    payment: Payment,
    leaves: Sequence[Leaf],
    account_of: Callable[[str], Account],
    *,
    country: str,
) -> bytes:
    """The pain.001 message for a payment that is instructed and not yet answered; `account_of` gives each organisation's
    account, `country` is the debtor's.

    The message's id and every end-to-end id are the same however often the file is made, so that a bank that gets it
    twice pays once."""
    parts = transfers(receivable, payment, leaves)
    total = decimal_text(sum(part.amount for part in parts), receivable.currency)
    name = reference(receivable.id, payment.number)
    root = ElementTree.Element("Document", xmlns=NAMESPACE)
    message = ElementTree.SubElement(root, "CstmrCdtTrfInitn")
    debtor = account_of(receivable.debtor)
    day = day_at(payment.instructed_at, country)
    minutes, milliseconds = divmod(payment.instructed_at - start_of(day, country), 60_000)
    created = f"{iso_day(day)}T{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}"
    header = [("MsgId", name), ("CreDtTm", created), ("NbOfTxs", str(len(parts))), ("CtrlSum", total)]
    group = add(message, "GrpHdr", *header)
    add(group, "InitgPty", ("Nm", debtor.name[:NAME_MAX]))
    batch = add(
        message, "PmtInf", ("PmtInfId", name), ("PmtMtd", "TRF"), ("NbOfTxs", str(len(parts))), ("CtrlSum", total)
    )
    add(add(batch, "ReqdExctnDt"), "Dt").text = iso_day(day)
    add(batch, "Dbtr", ("Nm", debtor.name[:NAME_MAX]))
    add_account(batch, "Dbtr", debtor)
    for part in parts:
        add_transfer(batch, receivable, part, account_of(part.holder), f"{name}-{part.leaf}")
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def reference(receivable: str, payment: int) -> str:
    """An id of at most 35 characters, with room for a leaf's number: the receivable's own number comes last in its id."""
    number = "".join(each for each in receivable.partition(":")[2] if each.isascii() and each.isalnum())
    return f"IH{number[-16:]}-{payment}"


def add_transfer(
    batch: ElementTree.Element, receivable: Receivable, part: Transfer, account: Account, name: str
) -> None:
    transfer = add(batch, "CdtTrfTxInf")
    add(transfer, "PmtId", ("EndToEndId", name[:IDENTIFIER_MAX]))
    amount = add(add(transfer, "Amt"), "InstdAmt")
    amount.set("Ccy", receivable.currency)
    amount.text = decimal_text(part.amount, receivable.currency)
    add(add(add(transfer, "CdtrAgt"), "FinInstnId"), "ClrSysMmbId", ("MmbId", account.bank_code))
    add(transfer, "Cdtr", ("Nm", account.name[:NAME_MAX]))
    add_account_number(transfer, "CdtrAcct", account.number)
    add(transfer, "RmtInf", ("Ustrd", f"{receivable.id} / {part.leaf}"[:REMITTANCE_MAX]))


def add_account(parent: ElementTree.Element, side: str, account: Account) -> None:
    add_account_number(parent, f"{side}Acct", account.number)
    add(add(add(parent, f"{side}Agt"), "FinInstnId"), "ClrSysMmbId", ("MmbId", account.bank_code))


def add_account_number(parent: ElementTree.Element, name: str, number: str) -> None:
    add(add(add(parent, name), "Id"), "Othr", ("Id", number))


def add(parent: ElementTree.Element, name: str, *texts: tuple[str, str]) -> ElementTree.Element:
    """A child element, itself with children that hold these texts."""
    made = ElementTree.SubElement(parent, name)
    for child, text in texts:
        ElementTree.SubElement(made, child).text = text
    return made
