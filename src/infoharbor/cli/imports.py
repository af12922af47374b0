"""`infoharbor import`: sheets of events and other rows, looked at first and then sent to a gateway."""

from pathlib import Path
from typing import Any, Final

import httpx

from infoharbor.cli.command_group import command_group
from infoharbor.cli.output import GATEWAY, AsJson, Failure, GatewayUrl, Token, answer, fails_clearly
from infoharbor.edgekit.sheet_reading import ARCHIVE, SHEET_BYTES
from infoharbor.gateway.exchange import SHEETS
from infoharbor.sdk.asking import TIMEOUT_S, problem_of, read_answer

imports = command_group("import", help="Sheets, CSV or XLSX, into the ledger. 将 CSV 或 XLSX 表格导入账本。")
EVENTS: Final = "trace/events"
OUTCOMES: Final = {
    "conforming": "taken in 收入",
    "nonconforming": "taken in, marked as non-conforming 收入并标记为不合规",
    "known": "there already 已存在",
    "refused": "refused 拒绝",
}


@imports.command(name="list")
@fails_clearly
def list_(*, token: Token = "", url: GatewayUrl = GATEWAY, as_json: AsJson = False) -> None:
    """The sheets that can be imported, with their columns. 列出可导入的表格及其列。"""
    found = read_answer(_asked(url, token, "GET", "/v1/imports"))
    lines = []
    for each in found["items"]:
        lines.append(f"{each['import']}  {each['title']} {each['title_zh']}")
        for column in each["columns"]:
            mark = "*" if column["needed"] else " "
            lines.append(f"  {mark} {column['name']}  {column['title']} {column['title_zh']}  {column['like']}")
    answer(found, as_json=as_json, text="\n".join(lines))


@imports.command
@fails_clearly
def preview(
    file: Path, *, into: str = EVENTS, token: Token = "", url: GatewayUrl = GATEWAY, as_json: AsJson = False
) -> None:
    """Show what would become of each row; nothing is taken in. Exit code 0 only if no row is refused. 预览每一行的处理结果。

    Parameters
    ----------
    file
        The sheet, CSV or XLSX, with column names in its first row. CSV 或 XLSX 表格，首行为列名。
    into
        Which import, as `import list` names it. 导入类型，见 `import list`。
    """
    found = read_answer(_sent(file, into, token, url, preview="true"))
    answer(found, as_json=as_json, text="\n".join(_told(found)))
    if found["counts"]["refused"]:
        raise SystemExit(1)


@imports.command
@fails_clearly
def send(
    file: Path, *, into: str = EVENTS, proceed: bool = False, token: Token = "", url: GatewayUrl = GATEWAY,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Take in a sheet. 导入表格。

    Parameters
    ----------
    file
        The sheet, CSV or XLSX, with column names in its first row. CSV 或 XLSX 表格，首行为列名。
    into
        Which import, as `import list` names it. 导入类型，见 `import list`。
    proceed
        Leave out rows that would be refused, rather than refuse the sheet. 跳过会被拒绝的行，而不是拒绝整张表。
    """
    found = read_answer(_sent(file, into, token, url, **({"proceed": "true"} if proceed else {})))
    where = found.get("capture") or (found.get("receipt") or {}).get("transaction", "")
    answer(found, as_json=as_json, text="\n".join([*_told(found), where]).rstrip())


def _sent(file: Path, into: str, token: str, url: str, **parameters: str) -> httpx.Response:
    with file.open("rb") as opened:
        raw = opened.read(SHEET_BYTES + 1)
    media = SHEETS[raw.startswith(ARCHIVE)]
    sent = _asked(
        url, token, "POST", f"/v1/imports/{into}", params=parameters, content=raw, headers={"Content-Type": media}
    )
    if sent.status_code == 422 and "items" in (form := sent.json()):
        problem = problem_of(sent)
        refused = "; ".join(_line(each) for each in form["items"] if each["outcome"] == "refused")
        raise Failure(problem.code, problem.field, refused)
    return sent


def _asked(url: str, token: str, method: str, path: str, **asked: Any) -> httpx.Response:
    headers = asked.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with httpx.Client(base_url=url, timeout=TIMEOUT_S) as client:
            return client.request(method, path, headers=headers, **asked)
    except httpx.TransportError:
        raise Failure("cli.no_node", "--url", f"a gateway that answers at {url}") from None


def _told(found: dict[str, Any]) -> list[str]:
    lines = [_line(each) for each in found["items"] if "problem" in each or "breaks" in each]
    return lines + [f"{OUTCOMES[each]}: {count}" for each, count in found["counts"].items() if count]


def _line(item: dict[str, Any]) -> str:
    """A row that something is wrong with."""
    said = f"row 行 {item['row']}: {OUTCOMES[item['outcome']]}"
    if "problem" in item:
        problem = item["problem"]
        right = " ".join(dict.fromkeys((problem["expected"], problem["expected_zh"])))
        wanted = f" Expected 应为: {right}" if right else ""
        return f"{said}, {problem['field']}: {problem['title']} {problem['title_zh']}{wanted}"
    return said + "".join(f"; {each['about']}: {each['title']} {each['title_zh']}" for each in item["breaks"])
