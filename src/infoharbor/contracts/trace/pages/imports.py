"""Sheets that traceability takes in: events, from those who have no EPCIS system, and the prefixes of a registrar."""

from typing import Any, Final

from infoharbor.contracts.trace.actions import AccreditPrefix
from infoharbor.contracts.trace.exchange.rows import AMOUNT, IDENTIFIER, ZONE, event_of
from infoharbor.edgekit.imports import Cell, Cells, importer
from infoharbor.edgekit.json_form import from_iso

PLACE: Final = "a GLN of 13 digits, or a URI of your own"


@importer(
    "events", "Events of goods", "货物事件",
    about_en="One event in each row; several objects in a cell are divided by semicolons. A time has its offset from UTC "
    "in the column beside it.",
    about_zh="每行一个事件；同一单元格中的多个对象用分号隔开。时间的时区偏移写在旁边的列中。",
    columns=(
        Cell("time", "Time", "时间", needed=True, like="2026-04-08 10:30"),
        Cell("zone", "Offset from UTC", "时区偏移", like=ZONE),
        Cell("type", "Kind of event", "事件类型", like="ObjectEvent"),
        Cell("action", "Action", "动作", like="ADD, OBSERVE or DELETE"),
        Cell("step", "Business step", "业务步骤", like="commissioning"),
        Cell("disposition", "Disposition", "状态", like="in_progress"),
        Cell("place", "Place", "地点", like=PLACE),
        Cell("location", "Where it is then", "此后所在地", like=PLACE),
        Cell("objects", "Pieces or units", "单品或物流单元", like=IDENTIFIER),
        Cell("lots", "Lots with quantities", "批次及数量", like=AMOUNT),
        Cell("parent", "Packed in", "所装入的单元", like=IDENTIFIER),
        Cell("inputs", "Put in", "投入", like=AMOUNT),
        Cell("outputs", "Made", "产出", like=AMOUNT),
        Cell("from", "From", "发出地", like=PLACE),
        Cell("to", "To", "目的地", like=PLACE),
        Cell("order", "Order or delivery note", "订单或送货单", like="PO-2026-001"),
        Cell("certificates", "Certificates", "证书", like="https://example.org/certificate/1"),
        Cell("event_id", "Event id", "事件标识", like="urn:uuid:…"),
    ),
)  # fmt: skip
def events(row: Cells) -> dict[str, Any]:
    return event_of(row)


@importer(
    "prefixes", "Accredited prefixes", "已认可的前缀",
    about_en="Company prefixes that a registrar has handed out, one in each row.",
    about_zh="登记机构已分配的厂商识别代码，每行一个。",
    columns=(
        Cell("prefix", "Prefix", "前缀", needed=True, like="6 to 12 digits, or a host"),
        Cell("organisation", "Organisation", "机构", needed=True, like="an organisation's id"),
        Cell("jurisdiction", "Country", "国家或地区", needed=True, like="CN"),
        Cell("valid_from", "Valid from", "有效期起", needed=True, like="2026-01-01T00:00:00+08:00"),
        Cell("until", "Valid until", "有效期止", like="2027-01-01T00:00:00+08:00"),
    ),
)  # fmt: skip
def prefixes(row: Cells) -> AccreditPrefix:
    until = row.text("until")
    return AccreditPrefix(
        row.text("prefix"),
        row.text("organisation"),
        row.text("jurisdiction"),
        from_iso(row.text("valid_from"), "valid_from"),
        from_iso(until, "until") if until else 0,
    )
