"""`infoharbor audit`, `backup`, `restore`, `doctor`, `readmodel`: look after a node."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice, zip_longest
from pathlib import Path

from msgspec import structs
from sqlalchemy.exc import SQLAlchemyError

from infoharbor.cli.command_group import command_group
from infoharbor.cli.output import DEFAULT_DATA, AsJson, Data, Failure, ReadmodelUrl, answer, fails_clearly, progress
from infoharbor.edgekit.json_form import iso
from infoharbor.engine import backup as copies
from infoharbor.engine.interface import Damaged, Refused
from infoharbor.engine.reader import Reader, open_reader
from infoharbor.kernel.activation import Inactive, check_files
from infoharbor.kernel.audit import offending
from infoharbor.kernel.block import encode_header, receipt_codec
from infoharbor.kernel.records import Entry
from infoharbor.readmodel.comparison import differences
from infoharbor.readmodel.database import default_url, open_database
from infoharbor.readmodel.follower import Follower, OtherChain

readmodel = command_group("readmodel", help="The SQL mirror of the ledger. 账本的 SQL 镜像。")
LEAST_FREE_BYTES = 2 * 1024**3
PARTS = {
    "state": "state 状态",
    "replay": "replay 重放",
    "invariants": "invariants 不变式",
    "read_model": "read model SQL 镜像",
}
MIRROR_BEHIND_MAX = 10_000
EXPIRY_WARNING_MS = 30 * 24 * 60 * 60 * 1000


@contextmanager
def _reading(data: Path) -> Iterator[Reader]:
    with closing(open_reader(data)) as reader:
        yield reader


@fails_clearly
def audit(*, data: Data = DEFAULT_DATA, readmodel_url: ReadmodelUrl = "", as_json: AsJson = False) -> None:
    """Run everything again from the genesis and compare: blocks, tree, records, invariants, read model. 从创世块起重放核对。

    Also beside a running node; it looks at the ledger as it stands when it begins. A node that does not keep all blocks has
    its state checked against its header log, and runs again what follows the oldest snapshot that it keeps.
    可在节点运行时执行，核对开始时的账本。未保留全部区块的节点，按区块头日志核对状态，并从最早的快照起重放。
    """
    found: dict[str, list[str]] = {"state": [], "replay": [], "invariants": [], "read_model": []}
    with _reading(data) as reader:
        height = reader.status().height
        first, begins = reader.first_block, copies.replays_from(data)
        if first > 0:
            found["state"] = list(reader.state_differences())
        if begins is not None:
            with progress("replay 重放", height) as done:
                found["replay"] = list(_replayed(data, reader, done))
        with reader.snapshot() as snapshot:
            found["invariants"] = [
                f"{rule}: {path}" for rule, path in offending(reader.chain.registry, snapshot, snapshot.time)
            ]
        mirrored = usable = bool(readmodel_url) or (data / "readmodel.sqlite").exists()
        if mirrored:
            found["read_model"], usable = _mirror_differences(reader, data, readmodel_url)
    clean = not any(found.values())
    told = {"height": height, "clean": clean, "first_block": first, "replayed_from": begins}
    parts = [f"{PARTS[part]}: {'; '.join(broken[:20]) or 'clean 无异常'}" for part, broken in found.items()]
    if not mirrored:
        parts[-1] = f"{PARTS['read_model']}: none here, not compared 无镜像，未核对"
    if first > 0:
        ran = (
            f"from block {begins} 自区块 {begins}"
            if begins is not None
            else "nothing, for want of a snapshot 无快照，未重放"
        )
        parts.append(
            f"blocks kept from 保留区块自 {first}; replayed 重放: {ran}; earlier ones not checked 更早的区块未核对"
        )
    parts += _after_audit(found, usable)
    answer(told | found, as_json=as_json, text="\n".join([f"block 区块 {height}", *parts]))
    if not clean:
        raise SystemExit(1)


def _after_audit(found: dict[str, list[str]], usable: bool) -> Iterator[str]:
    """What to do where something differs; a mirror that is not usable says it itself."""
    if any(found[part] for part in ("state", "replay", "invariants")):
        yield (
            "next 下一步: stop the node, keep this folder as it is, restore a backup into another one and audit that "
            "停止节点，保留本目录原样，将备份恢复到另一目录并核对"
        )
    elif found["read_model"] and usable:
        yield "next 下一步: infoharbor readmodel rebuild, with the same options 使用相同选项"


def _follower(reader: Reader, data: Path, url: str) -> Follower:
    return Follower(reader, reader.chain.registry, reader.chain.id, open_database(url or default_url(data)))


def _replayed(data: Path, reader: Reader, done: Callable[[int], None]) -> Iterator[str]:
    """What differs between the ledger and what its transactions give when they run again, signatures included."""
    try:
        with copies.replay(data, root=reader.root, progress=done) as again, reader.snapshot() as snapshot:
            if reader.header(again.height) != encode_header(again.header):
                yield f"block 区块 {again.height}"
            if snapshot.height == again.height:
                pairs = zip_longest(again.scan(""), snapshot.scan(""))
                differing = (
                    str((right or left)[0]) for left, right in pairs if not _same(left, right, reader.first_block)
                )
                yield from islice(differing, 20)
    except Damaged as damaged:
        yield str(damaged)


def _same(left: tuple[str, Entry] | None, right: tuple[str, Entry] | None, first: int) -> bool:
    """Where a version lies that was before the blocks which are kept, is not known to who began with a snapshot."""
    if left == right or first == 0 or left is None or right is None:
        return left == right
    older = [structs.replace(entry, previous_height=0) for _, entry in (left, right)]
    return left[0] == right[0] and older[0] == older[1]


@fails_clearly
def backup(target: Path, *, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Copy the ledger to an empty folder, also while its node runs. 将账本备份到空目录（节点可不停机）。

    Parameters
    ----------
    target
        Where the backup goes: a folder that is empty or not there yet. 备份目录：空目录或尚不存在的目录。
    """
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
def restore(source: Path, *, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Put a backup into the data folder. 将备份恢复到数据目录。

    Refused below what this folder has already signed: two histories of one ledger must never live.
    备份旧于本目录已签署的内容时拒绝恢复：同一账本不得有两份历史。

    Parameters
    ----------
    source
        The backup: a folder that `infoharbor backup` made. 备份目录，由 `infoharbor backup` 生成。
    """
    try:
        height = copies.restore(source, data)
    except Refused as refused:  # To the engine `data` is the folder that is read, and that is the backup.
        typed = {"data": str(source), "target": "--data"}
        raise Failure(refused.code, typed.get(refused.field, refused.field), refused.expected) from None
    answer(
        {"height": height, "data": str(data)}, as_json=as_json, text=f"restored to block 已恢复至区块 {height}: {data}"
    )


@readmodel.command
@fails_clearly
def rebuild(*, data: Data = DEFAULT_DATA, readmodel_url: ReadmodelUrl = "", as_json: AsJson = False) -> None:
    """Drop the mirror's rows and make them again from the first block. 清空镜像并从第一个区块重建。"""
    with _reading(data) as reader:
        try:
            height = _follower(reader, data, readmodel_url).rebuild()
        except SQLAlchemyError as fault:
            raise Failure(
                "readmodel.unusable", "--readmodel-url", f"a database that answers; {_first_line(fault)}"
            ) from None
    answer({"height": height}, as_json=as_json, text=f"mirrored to block 已镜像至区块 {height}")


@fails_clearly
def doctor(*, data: Data = DEFAULT_DATA, readmodel_url: ReadmodelUrl = "", as_json: AsJson = False) -> None:
    """Look for what needs a hand: damage, faults in contracts, keys about to expire, a mirror behind. 检查需要处理的问题。"""
    with _reading(data) as reader:
        reader.ensure_signer()
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
        left = free // 1024**2
        yield (
            f"disk 磁盘: {left} MiB free; make room, the node stops cleanly when it is full "
            f"剩余 {left} MiB，请腾出空间，写满后节点会有序停机"
        )
    for file in (data, *data.glob("keys/**/*")):
        if os.stat(file).st_mode & 0o077:
            yield f"{file}: others can read it; chmod go-rwx 其他用户可读，请收回其权限"


def _rules(reader: Reader) -> Iterator[str]:
    with reader.snapshot() as snapshot:
        registry = reader.chain.registry

        def scan(of: type) -> Iterator[object]:
            kind = of.__record__  # type: ignore[attr-defined]
            return (kind.decode(entry.value) for _, entry in snapshot.scan(kind.prefix) if entry.value)

        voted = registry.governance.activations(scan)
        try:
            check_files(registry, voted, snapshot.time)
        except Inactive as inactive:
            yield f"contracts: {inactive} 合约文件与表决不符，请安装表决通过的版本"
        for name, newest in {each.contract: each for each in voted if each.since > snapshot.time}.items():
            here = registry.contracts.get(name)
            if here is None or here.rules_hash != newest.rules_hash:
                until = iso(newest.since)
                yield f"contracts: {name} version {newest.version} has to be installed before {until} 须在此前安装新版本"


def _mirror(follower: Follower, height: int) -> Iterator[str]:
    """Whether the mirror can be reached, and is not far behind."""
    try:
        behind = height - follower.stored_height()
    except (SQLAlchemyError, OtherChain) as fault:
        yield f"{PARTS['read_model']}: {_unusable(fault)}"
        return
    if behind > MIRROR_BEHIND_MAX:
        yield f"{PARTS['read_model']}: {behind} blocks behind; is the node running? 落后 {behind} 个区块，请确认节点在运行"


def _mirror_differences(reader: Reader, data: Path, url: str) -> tuple[list[str], bool]:
    """Where the mirror differs, and whether it could be used at all."""
    try:
        return list(differences(_follower(reader, data, url))), True
    except (SQLAlchemyError, OtherChain) as fault:
        return [_unusable(fault)], False


def _unusable(fault: Exception) -> str:
    return f"check --readmodel-url and the database 请检查地址与数据库: {_first_line(fault)}"


def _first_line(fault: Exception) -> str:
    return str(fault).partition("\n")[0][:300]


def _keys(reader: Reader) -> Iterator[str]:
    soon = int(datetime.now(UTC).timestamp() * 1000) + EXPIRY_WARNING_MS
    kind = reader.chain.registry.tables["identity/keys"]
    with reader.snapshot() as snapshot:
        for path, entry in snapshot.scan(kind.prefix):
            key = kind.read(entry)
            if key is not None and key.status == "active" and 0 < key.until < soon:
                yield f"{path}: of {key.organisation}, ends {iso(key.until)}; rotate it 密钥即将到期，请更换"


def _faults(reader: Reader) -> Iterator[str]:
    """Refusals that are our own errors, in the newest blocks."""
    newest = reader.status().height
    for block in reader.blocks(max(newest - 1_000, reader.first_block - 1), 1_000):
        for raw in block.receipts:
            receipt = receipt_codec.decode(raw)
            if receipt.code == "contract.fault":
                yield f"block {receipt.height}: a fault inside a contract ({receipt.expected}): report it 合约内部错误，请上报"
