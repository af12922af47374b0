"""The file that a bank takes: it pays what was instructed, to whom the ledger says, and twice the same file once."""

from xml.etree import ElementTree

from infoharbor.contracts.receivable.conftest import BANK, DEBTOR, SECOND, SUPPLIER, pass_on, until
from infoharbor.contracts.receivable.exchange.payment_file import NAMESPACE, Account, payment_file, transfers
from infoharbor.contracts.receivable.holding import SplitLeaf
from infoharbor.contracts.receivable.records import Leaf, Payment, Receivable
from infoharbor.contracts.receivable.settlement import ConfirmPayment, InstructPayment
from infoharbor.engine.trial import Trial

SPACES = {"p": NAMESPACE}


def account_of(organisation: str) -> Account:
    return Account(f"{organisation} & Co <示例>", f"6222-{organisation}", "105611000017")


def instructed(trial: Trial, receivable: str) -> tuple[Receivable, Payment, list[Leaf]]:
    trial.act(SplitLeaf(receivable, 1, (333, 667)), by=SUPPLIER)
    pass_on(trial, receivable, 3)
    until(trial, receivable, "due")
    trial.act(InstructPayment(receivable, 500), by=DEBTOR)
    return trial.get(Receivable, receivable), trial.get(Payment, receivable, 1), trial.all(Leaf)


def test_the_parts_are_pro_rata_and_all_files_together_are_the_faces(held: tuple[Trial, str]) -> None:
    trial, receivable = held
    parts = transfers(*instructed(trial, receivable))
    assert [tuple(part) for part in parts] == [(2, SUPPLIER, 166), (3, SECOND, 333)]
    trial.act(ConfirmPayment(receivable, 1, "B-1"), by=BANK)
    trial.act(InstructPayment(receivable, 500), by=DEBTOR)
    rest = transfers(trial.get(Receivable, receivable), trial.get(Payment, receivable, 2), trial.all(Leaf))
    assert [first.amount + last.amount for first, last in zip(parts, rest, strict=True)] == [333, 667]


def test_the_file_says_whom_the_bank_pays_and_is_the_same_each_time(held: tuple[Trial, str]) -> None:
    found = instructed(*held)
    raw = payment_file(*found, account_of, country="CN")
    assert raw == payment_file(*found, account_of, country="CN")
    message = ElementTree.fromstring(raw)

    def texts(path: str) -> list[str | None]:
        return [element.text for element in message.iterfind(path, SPACES)]

    assert texts(".//p:GrpHdr/p:CtrlSum") == texts(".//p:PmtInf/p:CtrlSum") == ["4.99"]
    assert texts(".//p:InstdAmt") == ["1.66", "3.33"]
    assert texts(".//p:Cdtr/p:Nm") == [account_of(each).name for each in (SUPPLIER, SECOND)]
    assert texts(".//p:EndToEndId") == ["IHn1-1-2", "IHn1-1-3"]
