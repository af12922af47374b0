"""Events from sheets over HTTP: shown row by row before they count, then captured; the sheet's form changes nothing."""

import csv
import io
from datetime import datetime
from typing import Any

import httpx
import openpyxl
import pytest
from trading import Trader, TradingNode, events_in

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD = ["time", "zone", "type", "action", "step", "place", "objects", "lots", "parent"]
GTIN = "9521001003032"


def row(**cells: str) -> list[str]:
    """A row that is right in every cell but those named."""
    right = {"time": "2026-04-08 10:30", "zone": "+08:00", "action": "OBSERVE", "step": "storing"}
    return [(right | cells).get(name, "") for name in HEAD]


def piece(serial: str, gtin: str = GTIN) -> str:
    return f"(01){gtin.zfill(14)}(21){serial}"


def as_csv(*rows: list[str], encoding: str = "utf-8", head: list[str] = HEAD) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([head, *rows])
    return written.getvalue().encode(encoding)


def as_xlsx(*rows: list[Any], head: list[str] = HEAD) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for each in (head, *rows):
        sheet.append(each)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def send(firm: Trader, raw: bytes, name: str = "trace/events", **parameters: str) -> httpx.Response:
    media = SHEET if raw.startswith(b"PK") else "text/csv"
    return firm.client.post(f"/v1/imports/{name}", content=raw, params=parameters, headers={"Content-Type": media})


def preview(firm: Trader, raw: bytes) -> list[dict[str, Any]]:
    answer = send(firm, raw, preview="true")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def captured(firm: Trader, raw: bytes, **parameters: str) -> dict[str, Any]:
    """The outcome of the capture that an import has begun."""
    answer = send(firm, raw, **parameters)
    assert answer.status_code == 202, answer.text
    return firm.finished(answer.headers["Location"])


def known(firm: Trader, serial: str) -> list[dict[str, Any]]:
    return events_in(firm.get(f"/events?MATCH_epc=https://id.gs1.org/01/{GTIN.zfill(14)}/21/{serial}"))


def test_a_preview_says_of_each_row_what_would_become_of_it(firm: Trader) -> None:
    assert captured(firm, as_csv(row(objects=piece("seen"))))["success"]
    packed = row(type="AggregationEvent", action="ADD", step="packing", objects=piece("in"), parent=piece("box"))
    assert captured(firm, as_csv(packed))["success"]
    items = preview(
        firm,
        as_csv(
            row(objects=piece("fresh")),
            row(objects=piece("seen")),
            row(objects=piece("in"), time="2026-04-08 11:00", step="shipping"),
            row(objects=piece("no-zone"), zone=""),
            row(objects=f"(01){GTIN[:-1]}9(21)1"),
            row(objects=piece("word"), step="dancing"),
            row(objects=piece("late"), time="2126-04-08 11:00"),
        ),
    )
    outcomes = ["conforming", "known", "nonconforming", "refused", "refused", "refused", "refused"]
    assert [each["outcome"] for each in items] == outcomes
    assert [each["row"] for each in items] == [2, 3, 4, 5, 6, 7, 8]
    assert items[2]["breaks"][0]["rule"] == "moved_without_parent"
    assert items[2]["breaks"][0]["title_zh"] != "moved_without_parent"
    found = [(each["problem"]["code"], each["problem"]["field"]) for each in items[3:]]
    assert found == [
        ("input.field_missing", "zone"),
        ("trace.epcis_check_digit", "objects"),
        ("trace.epcis_vocabulary", "step"),
        ("trace.event_from_future", "time"),
    ]
    assert all(each["problem"]["expected_zh"] and each["problem"]["title_zh"] for each in items[3:])


def test_a_preview_leaves_no_trace(firm: Trader, trading: TradingNode) -> None:
    height = trading.engine.status().height
    assert preview(firm, as_csv(row(objects=piece("unseen"))))[0]["outcome"] == "conforming"
    assert trading.engine.status().height == height
    assert known(firm, "unseen") == []


def test_what_would_not_conform_is_kept_and_marked_as_the_preview_said(firm: Trader) -> None:
    ends = [
        row(objects=piece("gone"), action="DELETE", step="destroying"),
        row(objects=piece("gone"), time="2026-04-09 08:00", step="shipping"),
    ]
    assert [each["outcome"] for each in preview(firm, as_csv(*ends))] == ["conforming", "nonconforming"]
    assert captured(firm, as_csv(*ends))["captured"] == 2
    answer = firm.client.get("/v1/queries/trace/nonconforming", params={"organisation": "firm-1"}).json()
    broken = [each for item in answer["answer"]["items"] for each in item["breaks"] if "gone" in each["object"]]
    assert [each["rule"] for each in broken] == ["after_end"]


def test_a_sheet_with_a_refused_row_is_refused_whole_unless_told_to_proceed(firm: Trader) -> None:
    sheet = as_csv(row(objects=piece("kept")), row(objects="tea", zone="+08:00"))
    answer = send(firm, sheet)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, "import.refused_rows", "row 3")
    assert answer.json()["counts"]["refused"] == 1
    assert known(firm, "kept") == []
    assert captured(firm, sheet, proceed="true")["captured"] == 1
    assert len(known(firm, "kept")) == 1


def test_what_was_imported_before_is_known_and_not_recorded_again(firm: Trader) -> None:
    sheet = as_csv(row(objects=piece("once")))
    assert captured(firm, sheet)["captured"] == 1
    answer = send(firm, sheet)
    assert (answer.status_code, answer.json()["counts"]["known"]) == (200, 1)
    assert len(known(firm, "once")) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_is_the_same_in_every_encoding_and_with_titles_in_chinese(firm: Trader, encoding: str) -> None:
    head = ["时间", "时区偏移", "业务步骤", "单品或物流单元", "地点"]
    cells = ["2026/4/8 9:05", "UTC+8", "storing", piece(f"c-{encoding}"), "https://liubao.example/茶窖"]
    assert captured(firm, as_csv(cells, head=head, encoding=encoding))["success"]
    (found,) = known(firm, f"c-{encoding}")
    assert (found["eventTime"], found["eventTimeZoneOffset"]) == ("2026-04-08T09:05:00+08:00", "+08:00")
    assert found["readPoint"]["id"] == "https://liubao.example/茶窖"


def test_a_workbook_gives_the_events_that_a_text_gives(firm: Trader) -> None:
    cells: list[Any] = row(objects=piece("book"), lots="(01)09521001003032(10)A 12.5 KGM")
    assert captured(firm, as_csv(cells))["captured"] == 1
    cells[0] = datetime(2026, 4, 8, 10, 30)  # noqa: DTZ001
    assert [each["outcome"] for each in preview(firm, as_xlsx(cells))] == ["known"]
    cells[1] = ""
    assert preview(firm, as_xlsx(cells))[0]["problem"]["field"] == "zone"


def test_bare_gtins_of_13_and_14_digits_are_one_object(firm: Trader) -> None:
    for number in (GTIN, GTIN.zfill(14), f"(01){GTIN.zfill(14)}", f"https://id.gs1.org/01/{GTIN}"):
        assert captured(firm, as_csv(row(lots=f"{number} 3", time=f"2026-04-0{len(number) % 9 + 1} 10:30")))["success"]
    (item,) = firm.client.get("/v1/queries/trace/objects", params={"gtin": GTIN.zfill(14)}).json()["answer"]["items"][
        :1
    ]
    assert item["id"] == f"01~{GTIN.zfill(14)}"


FORMULAS = ["=1+1", '=HYPERLINK("https://example.org")', "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("made", [as_csv, as_xlsx])
def test_a_formula_is_never_a_value(firm: Trader, formula: str, made: Any) -> None:
    (item,) = preview(firm, made(row(objects=formula)))
    assert (item["outcome"], item["problem"]["code"], item["problem"]["field"]) == ("refused", "import.cell", "objects")


@pytest.mark.parametrize(
    ("raw", "code", "status"),
    [
        (b"", "import.empty", 422),
        (b"time,zone\r\n", "import.empty", 422),
        (b"zone,objects\r\n+08:00,x\r\n", "import.column_missing", 422),
        (b"time,zone,colour\r\na,b,c\r\n", "import.column_unknown", 422),
        (b"time,time\r\na,b\r\n", "input.name_twice", 400),
        (b'time,zone\r\n"open', "import.file", 422),
        (b"\xff\xfe\x00\x00\x81", "import.encoding", 422),
        (b"PK\x03\x04nonsense", "import.file", 422),
        (b"time\r\n" + b"x\r\n" * 5001, "import.rows", 422),
        (b"x" * (4 * 1024 * 1024 + 1), "input.too_large", 413),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_that_is_no_sheet_is_refused(firm: Trader, raw: bytes, code: str, status: int) -> None:
    answer = send(firm, raw, preview="true")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["title"] != code


def test_only_who_may_capture_may_ask(firm: Trader, trading: TradingNode) -> None:
    assert send(firm, b"x", "trace/nothing").status_code == 404
    with trading.asking() as client:
        assert send(Trader(client), as_csv(row())).status_code == 401


def test_the_list_of_imports_tells_their_columns(firm: Trader) -> None:
    items = {each["import"]: each for each in firm.client.get("/v1/imports").json()["items"]}
    assert {"trace/events", "trace/prefixes"} <= set(items)
    assert all(column["title"] and column["title_zh"] for each in items.values() for column in each["columns"])


def test_rows_of_another_import_become_actions_all_or_none(firm: Trader) -> None:
    sheet = b"prefix,organisation,jurisdiction,valid_from\r\n9521001,firm-1,CN,2026-01-01T00:00:00+08:00\r\n"
    items = send(firm, sheet, "trace/prefixes", preview="true").json()["items"]
    assert (items[0]["outcome"], items[0]["problem"]["code"]) == ("refused", "ledger.role_missing")
