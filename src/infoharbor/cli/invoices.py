"""`infoharbor invoice`: whether an invoice file is right, before anyone lends against it."""

from pathlib import Path

from infoharbor.cli.command_group import command_group
from infoharbor.cli.output import AsJson, Failure, answer, fails_clearly
from infoharbor.contractkit.days import iso_day
from infoharbor.contractkit.money import decimal_text
from infoharbor.contracts.receivable.exchange.checking import check_invoice, described
from infoharbor.contracts.receivable.exchange.faults import InvoiceFault
from infoharbor.contracts.receivable.exchange.invoice import CheckedInvoice
from infoharbor.contracts.receivable.exchange.xml_text import BYTES_MAX

invoice = command_group("invoice", help="Invoices and credit notes. 发票与贷项通知单。")


@invoice.command
@fails_clearly
def check(file: Path, *, as_json: AsJson = False) -> None:
    """Check sums, tax, parties and numbers of an invoice or credit note; exit code 0 only if all are right. 检查发票。

    UBL 2.1 (Peppol BIS 3 for Singapore, PINT for Singapore and Malaysia), China's 数电票, Viet Nam's e-invoice. The file
    stays where it is: nothing is sent, fetched or kept.
    支持 UBL 2.1（新加坡、马来西亚）、中国数电票、越南电子发票。文件留在原处，不发送、不联网、不留存。

    Parameters
    ----------
    file
        The invoice: XML or JSON, as its seller gave it. 发票文件，由卖方提供。
    """
    with file.open("rb") as opened:
        found = check_invoice(opened.read(BYTES_MAX + 1))
    if isinstance(found, InvoiceFault):
        raise Failure(f"receivable.{found.code}", found.field, found.expected)
    answer(described(found), as_json=as_json, text=_told(found))


def _told(found: CheckedInvoice) -> str:
    total = f"{decimal_text(found.total, found.currency)} {found.currency}"
    due = iso_day(found.due_on) if found.due_on is not None else "not in the file 文件中没有"
    return "\n".join(
        [
            f"right 正确: {found.kind} {found.number} ({found.standard})",
            f"seller 卖方   {found.seller.name}",
            f"buyer 买方    {found.buyer.name}",
            f"total 价税合计 {total}, tax 税额 {decimal_text(found.tax, found.currency)}",
            f"issued 开具   {iso_day(found.issued_on)}, due 到期 {due}",
        ]
    )
