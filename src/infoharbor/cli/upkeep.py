"""`infoharbor audit`, `backup`, `restore`, `doctor`, `readmodel`: look after a node."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice, zip_longest
from pathlib import Path

from cyclopts import App
from sqlalchemy.exc import SQLAlchemyError

from infoharbor.cli.output import DEFAULT_DATA, AsJson, Data, ReadmodelUrl, answer, fails_clearly, progress
from infoharbor.edgekit.json_form import iso
from infoharbor.engine import backup as copies
from infoharbor.engine.interface import Damaged
from infoharbor.engine.reader import Reader, open_reader
from infoharbor.kernel.activation import Inactive, check_files
from infoharbor.kernel.audit import offending
from infoharbor.kernel.block import encode_header, receipt_codec
from infoharbor.readmodel.comparison import differences
from infoharbor.readmodel.database import default_url, open_database
from infoharbor.readmodel.follower import Follower, OtherChain

readmodel = App(name="readmodel", help="The SQL mirror of the ledger. 账本的 SQL 镜像。")
LEAST_FREE_BYTES = 2 * 1024**3
MIRROR_BEHIND_MAX = 10_000
EXPIRY_WARNING_MS = 30 * 24 * 60 * 60 * 1000


@contextmanager
def _reading(data: Path) -> Iterator[Reader]:
    with closing(open_reader(data)) as reader:
        yield reader


@fails_clearly
def audit(*, data: Data = DEFAULT_DATA, readmodel_url: ReadmodelUrl = "", as_json: AsJson = False) -> None:
    """Run everything again from the genesis and compare: blocks, tree, records, invariants, read model. 从创世块起重放核对。

    Also beside a running node; it looks at the ledger as it stands when it begins.
    """
    found: dict[str, list[str]] = {"replay": [], "invariants": [], "read_model": []}
    with _reading(data) as reader:
        height = reader.status().height
        with progress("replay 重放", height) as done:
            found["replay"] = list(_replayed(data, reader, done))
        with reader.snapshot() as snapshot:
            found["invariants"] = [
                f"{rule}: {path}" for rule, path in offending(reader.chain.registry, snapshot, snapshot.time)
            ]
        if readmodel_url or (data / "readmodel.sqlite").exists():
            found["read_model"] = list(differences(_follower(reader, data, readmodel_url)))
    clean = not any(found.values())
    parts = [f"{part}: {'clean 无异常' if not broken else broken[:20]}" for part, broken in found.items()]
    answer(
        {"height": height, "clean": clean, **found}, as_json=as_json, text="\n".join([f"block 区块 {height}", *parts])
    )
    if not clean:
        raise SystemExit(1)


def _follower(reader: Reader, data: Path, url: str) -> Follower:
    return Follower(reader, reader.chain.registry, reader.chain.id, open_database(url or default_url(data)))


def _replayed(data: Path, reader: Reader, done: Callable[[int], None]) -> Iterator[str]:
    """What differs between the ledger and what its transactions give when they run again, signatures included."""
    try:
        with copies.replay(data, progress=done) as again, reader.snapshot() as snapshot:
            if reader.header(again.height) != encode_header(again.header):
                yield f"block {again.height}"
            if snapshot.height == again.height:
                pairs = zip_longest(again.scan(""), snapshot.scan(""))
                yield from islice((str((right or left)[0]) for left, right in pairs if left != right), 20)
    except Damaged as damaged:
        yield str(damaged)


@fails_clearly
def backup(target: Path, *, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Copy the ledger to an empty folder, also while its node runs. 将账本备份到空目录（节点可不停机）。"""
    with _reading(data) as reader:
        height = reader.status().height
    with progress("backup 备份", height) as done:
        height = copies.backup(data, target, progress=done)
    answer(
        {"height": height, "target": str(target)},
        as_json=as_json,
        text=f"backed up to block 已备份至区块 {height}: {target}",
    )


@fails_clearly
def restore(source: Path, *, data: Data = DEFAULT_DATA, new_epoch: bool = False, as_json: AsJson = False) -> None:
    """Put a backup into the data folder. 将备份恢复到数据目录。

    Refused below what this folder has already signed: two histories of one ledger must never live.
    """
    height = copies.restore(source, data, new_epoch=new_epoch)
    answer(
        {"height": height, "data": str(data)}, as_json=as_json, text=f"restored to block 已恢复至区块 {height}: {data}"
    )


@readmodel.command
@fails_clearly
def rebuild(*, data: Data = DEFAULT_DATA, readmodel_url: ReadmodelUrl = "", as_json: AsJson = False) -> None:
    """Drop the mirror's rows and make them again from the first block. 清空镜像并从第一个区块重建。"""
    with _reading(data) as reader:
        height = _follower(reader, data, readmodel_url).rebuild()
    answer({"height": height}, as_json=as_json, text=f"mirrored to block 已镜像至区块 {height}")


@fails_clearly
def doctor(*, data: Data = DEFAULT_DATA, readmodel_url: ReadmodelUrl = "", as_json: AsJson = False) -> None:
    """Look for what needs a hand: damage, faults in contracts, keys about to expire, a mirror behind. 检查需要处理的问题。"""
    with _reading(data) as reader:
        status = reader.status()
        findings = [*_files(data), *_rules(reader), *_keys(reader), *_faults(reader)]
        if readmodel_url or (data / "readmodel.sqlite").exists():
            findings += _mirror(_follower(reader, data, readmodel_url), status.height)
    described = {"height": status.height, "time": iso(status.time), "findings": findings}
    lines = [f"block 区块 {status.height}, {described['time']}", *(findings or ["nothing to do 一切正常"])]
    answer(described, as_json=as_json, text="\n".join(lines))
    if findings:
        raise SystemExit(1)


def _files(data: Path) -> Iterator[str]:
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE_BYTES:
        yield f"disk: {free // 1024**2} MiB free; the node stops cleanly when it is full 磁盘空间不足"
    for file in (data, *data.glob("keys/**/*")):
        if os.stat(file).st_mode & 0o077:
            yield f"{file}: others can read it; chmod go-rwx 其他用户可读"


def _rules(reader: Reader) -> Iterator[str]:
    with reader.snapshot() as snapshot:
        registry = reader.chain.registry

        def scan(of: type) -> Iterator[object]:
            kind = of.__record__  # type: ignore[attr-defined]
            return (kind.decode(entry.value) for _, entry in snapshot.scan(kind.prefix) if entry.value)

        try:
            check_files(registry, registry.governance.activations(scan), snapshot.time)
        except Inactive as inactive:
            yield f"contracts: {inactive} 合约文件与表决不符"


def _mirror(follower: Follower, height: int) -> Iterator[str]:
    """Whether the mirror can be reached, and is not far behind."""
    try:
        behind = height - follower.stored_height()
    except (SQLAlchemyError, OtherChain) as fault:
        yield f"read model: {str(fault).partition(chr(10))[0][:300]} SQL 镜像不可用"
        return
    if behind > MIRROR_BEHIND_MAX:
        yield f"read model: {behind} blocks behind; is the node running? SQL 镜像落后"


def _keys(reader: Reader) -> Iterator[str]:
    soon = int(datetime.now(UTC).timestamp() * 1000) + EXPIRY_WARNING_MS
    kind = reader.chain.registry.tables["identity/keys"]
    with reader.snapshot() as snapshot:
        for path, entry in snapshot.scan(kind.prefix):
            key = kind.read(entry)
            if key is not None and key.status == "active" and 0 < key.until < soon:
                yield f"{path}: of {key.organisation}, ends {iso(key.until)}; rotate it 密钥即将到期"


def _faults(reader: Reader) -> Iterator[str]:
    """Refusals that are our own errors, in the newest blocks."""
    newest = reader.status().height
    for block in reader.blocks(max(-1, newest - 1_000), 1_000):
        for raw in block.receipts:
            receipt = receipt_codec.decode(raw)
            if receipt.code == "contract.fault":
                yield f"block {receipt.height}: a fault inside a contract ({receipt.expected}): report it 合约内部错误"
