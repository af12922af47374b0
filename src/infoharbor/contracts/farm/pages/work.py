"""What has to be answered: rules that lots broke, by who answers for them and until when."""

from collections.abc import Iterator

from infoharbor.contracts.farm.pages.units import LOT
from infoharbor.contracts.farm.pledges import Pledge
from infoharbor.contracts.farm.records import Alert, AlertStatus
from infoharbor.contracts.trace.pages import label_of
from infoharbor.edgekit.indexes import Index
from infoharbor.edgekit.reports import Column, Kind, Row, report
from infoharbor.edgekit.sight import Sight

COLUMNS = (
    Column("deadline", Kind.INSTANT, "To be answered by", "答复期限"),
    LOT,
    Column("rule", Kind.WORD, "Rule that was broken", "所违规则"),
    Column("owner", Kind.ORGANISATION, "Who has to answer", "责任方"),
    Column("concerned", Kind.ORGANISATION, "Others concerned", "其他相关方"),
    Column("raised_at", Kind.INSTANT, "Raised at", "提出时间"),
    Column("status", Kind.WORD, "Status", "状态"),
)
UNANSWERED = {AlertStatus.OPEN, AlertStatus.OVERDUE}
to_be_collected = Index(Pledge, ("recipient", "status", "issued_at"))
"""A phone is told which pledges came with the goods."""


@report(
    "work", "Work list", "待办事项",
    about_en="Records that contradict what is known are kept, and marked; whoever is named here says what was done about it.",
    about_zh="与已知事实不符的记录照样保留并标记；由责任方说明处理结果。",
    columns=COLUMNS,
)  # fmt: skip
def work(read: Sight, owner: str = "") -> Iterator[Row]:
    asked = {"status": UNANSWERED} | ({"owner": owner} if owner else {})
    for each in read.select(Alert, asked, order_by="deadline", limit=10_000):
        yield row(each)


@report(
    "alerts", "All alerts", "全部不合规事项",
    about_en="Answered ones too, with what was done; a mark stays on its lot until the supervisor strikes it off.",
    about_zh="含已答复事项及处理结果；批次上的标记在监管部门核销前一直保留。",
    columns=(*COLUMNS, Column("closing_code", Kind.WORD, "What was done", "处理结果")),
)  # fmt: skip
def alerts(read: Sight, owner: str = "") -> Iterator[Row]:
    for each in read.select(Alert, {"owner": owner} if owner else {}, order_by="-raised_at", limit=10_000):
        yield (*row(each), each.closing_code)


def row(alert: Alert) -> Row:
    who = (alert.owner, alert.concerned or None)
    return (alert.deadline, label_of(alert.lot), alert.rule, *who, alert.raised_at, alert.status)
