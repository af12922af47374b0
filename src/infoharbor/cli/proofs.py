"""`infoharbor submit`, `show`, `prove`: put something on the ledger, look at it, and take its proof along."""

from pathlib import Path
from typing import Annotated, Any

import httpx
from cyclopts import Parameter

from infoharbor.cli import pending
from infoharbor.cli.files import start_of
from infoharbor.cli.output import DEFAULT_DATA, GATEWAY, AsJson, Data, Failure, Token, answer, errors, fails_clearly
from infoharbor.cli.witnessing import agreed, notes_at, size_in, write_notes
from infoharbor.edgekit.json_form import iso, to_json
from infoharbor.engine.interface import HeightGone
from infoharbor.engine.reader import Reader, open_reader
from infoharbor.evidence.file import decode_evidence
from infoharbor.evidence.making import make_evidence
from infoharbor.kernel.block import header_codec
from infoharbor.kernel.limits import TRANSACTION_BYTES

Output = Annotated[Path, Parameter(name=["--output", "-o"])]


@fails_clearly
def submit(file: Path, *, url: str = GATEWAY, token: Token = "", as_json: AsJson = False) -> None:
    """Send a signed transaction to a node and wait until it is committed. 提交已签名的交易并等待入账。

    Parameters
    ----------
    file
        The transaction's exact bytes, as the SDK makes them; or the JSON that `POST /v1/prepare` gave with the
        signatures. Where some are missing, the bundle waits at the gateway for the other organisations.
    url
        The gateway's address.
    """
    if start_of(file, 0) == b"{":
        pending.submit_document(file, url, token, as_json=as_json)
        return
    raw = start_of(file, TRANSACTION_BYTES)
    if len(raw) > TRANSACTION_BYTES:
        raise Failure("ledger.too_large", str(file), f"at most {TRANSACTION_BYTES} bytes")
    try:
        reply = httpx.post(
            f"{url}/v1/transactions", content=raw, headers={"Content-Type": "application/octet-stream"}, timeout=30
        )
    except httpx.HTTPError as fault:
        raise Failure("cli.no_node", "url", f"a gateway that answers at {url} ({fault})") from None
    content = _content(reply)
    if reply.is_error:
        code = str(content.get("code", "cli.no_gateway"))
        raise Failure(code, str(content.get("field", "")), str(content.get("expected", "")))
    answer(
        content,
        as_json=as_json,
        text=f"committed 已入账: block 区块 {content.get('height')}, {content.get('transaction')}",
    )


def _content(reply: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; empty for an answer that a gateway would not give."""
    try:
        found = reply.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@fails_clearly
def show(path: str, *, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Show a record as it stands, by CONTRACT/TABLE/KEY. 按“合约/表/键”显示一条记录。"""
    reader = open_reader(data)
    try:
        with reader.snapshot() as snapshot:
            kind, entry = reader.chain.registry.table(path), snapshot.entry(path)
            if kind is None or entry is None:
                raise Failure("ledger.record_unknown", path, "CONTRACT/TABLE/KEY of a record")
            record = to_json(kind.decode(entry.value)) if entry.value else None
            written = iso(header_codec.decode(reader.header(entry.height)).time)
    finally:
        reader.close()
    described = {
        "path": path, "version": entry.version, "height": entry.height, "time": written,
        "transaction": entry.transaction.hex(), "record": record,
    }  # fmt: skip
    lines = [f"{path}", f"version 版本 {entry.version}, block 区块 {entry.height}, {written}", ""]
    lines += [f"{name:24} {value}" for name, value in record.items()] if record is not None else ["deleted 已删除"]
    answer(described, as_json=as_json, text="\n".join(lines))


@fails_clearly
def prove(
    path: str,
    *more: str,
    output: Output,
    data: Data = DEFAULT_DATA,
    history: bool = True,
    witnessed: tuple[str, ...] = (),
) -> None:
    """Write the evidence of records, present or absent, to a file that anyone can verify offline. 导出可离线验证的存证文件。

    Where blocks from before are not kept, the newest versions are proved alone, without who wrote them.

    Parameters
    ----------
    path
        CONTRACT/TABLE/KEY of a record.
    more
        Further records for the same file.
    history
        Whether the records' earlier versions are proved too.
    witnessed
        For trust files that ask for outside witnesses: the address of a member's gateway; name one more than a third of the
        members. The evidence is of a checkpoint that the witnesses cosigned, for which this waits some seconds, and the
        members' notes of it go to OUTPUT.note-1 and so on, for `verify --witnessed`.
    """
    reader = open_reader(data)
    try:
        evidence, notes = agreed(
            lambda: _evidence(reader, [path, *more], history=history, witnessed=bool(witnessed)),
            lambda made: notes_at(witnessed, size_in(decode_evidence(made).checkpoint)),
        )
    finally:
        reader.close()
    output.write_bytes(evidence)
    for file in [output, *write_notes(output, notes)]:
        errors.print(f"{file}: {file.stat().st_size} bytes 字节", markup=False)


def _evidence(reader: Reader, paths: list[str], *, history: bool, witnessed: bool) -> bytes:
    try:
        return make_evidence(reader.chain, reader, paths, history=history, witnessed=witnessed)
    except HeightGone as gone:
        errors.print(f"the newest versions alone 仅证明最新版本: {gone.expected}", markup=False)
        return make_evidence(reader.chain, reader, paths, history=False, receipts=False, witnessed=witnessed)
