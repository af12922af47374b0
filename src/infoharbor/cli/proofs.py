"""`infoharbor show`, `prove`: look at what is on the ledger, and take its proof along."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infoharbor.cli.output import (
    DEFAULT_DATA,
    AsJson,
    Data,
    Failure,
    answer,
    errors,
    fails_clearly,
    plain,
)
from infoharbor.cli.witnessing import agreed, notes_at, write_notes
from infoharbor.edgekit.json_form import iso, to_json
from infoharbor.engine.interface import HeightGone
from infoharbor.engine.reader import Reader, open_reader
from infoharbor.evidence.file import decode_evidence
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.note import checkpoint_in
from infoharbor.kernel.block import header_codec

Output = Annotated[Path, Parameter(name=["--output", "-o"])]


@fails_clearly
def show(path: str, *, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Show a record as it stands, by CONTRACT/TABLE/KEY. 按“合约/表/键”显示一条记录。

    Parameters
    ----------
    path
        CONTRACT/TABLE/KEY of the record. 记录的“合约/表/键”。
    """
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
    fields = record if record is not None else {"deleted 已删除": ""}
    lines += [f"{name:24} {plain(value)}".rstrip() for name, value in fields.items()]
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
    未保留早期区块时，只证明最新版本，不含写入者。

    Parameters
    ----------
    path
        CONTRACT/TABLE/KEY of a record. 记录的“合约/表/键”。
    more
        Further records for the same file. 写入同一文件的其他记录。
    output
        Where the evidence goes. 存证文件的路径。
    history
        Whether the records' earlier versions are proved too. 是否同时证明记录的历史版本。
    witnessed
        For trust files that ask for outside witnesses: the address of a member's gateway; name one more than a third of the
        members. The evidence is of a checkpoint that the witnesses cosigned, for which this waits some seconds, and the
        members' notes of it go to OUTPUT.note-1 and so on, for `verify --witnessed`.
        信任文件要求外部见证时：成员网关地址，数量须超过成员数的三分之一。
        存证取自已获外部见证的检查点（会等待数秒），各成员的签注写入 OUTPUT.note-1 等文件，供 `verify --witnessed` 使用。
    """
    reader = open_reader(data)
    try:
        evidence, notes = agreed(
            lambda: _evidence(reader, [path, *more], history=history, witnessed=bool(witnessed)),
            lambda made: notes_at(witnessed, checkpoint_in(decode_evidence(made).checkpoint).size),
        )
    finally:
        reader.close()
    output.write_bytes(evidence)
    for record in decode_evidence(evidence).records:
        if not record.versions:
            errors.print(f"{record.path}: proves that it never was 证明其从未出现", markup=False)
    for file in [output, *write_notes(output, notes)]:
        errors.print(f"{file}: {file.stat().st_size} bytes 字节", markup=False)


def _evidence(reader: Reader, paths: list[str], *, history: bool, witnessed: bool) -> bytes:
    try:
        return make_evidence(reader.chain, reader, paths, history=history, witnessed=witnessed)
    except HeightGone as gone:
        errors.print(f"the newest versions alone 仅证明最新版本: {gone.expected}", markup=False)
        return make_evidence(reader.chain, reader, paths, history=False, receipts=False, witnessed=witnessed)
