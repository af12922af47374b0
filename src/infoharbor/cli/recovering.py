"""`infoharbor network skip`, `explain`, `resync`: when every node stops at a transaction, or one node goes another way."""

import functools
import re
from contextlib import closing
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from infoharbor.cli.output import DEFAULT_DATA, AsJson, Data, Failure, answer, errors, fails_clearly
from infoharbor.engine.cometbft.binary import cometbft
from infoharbor.engine.cometbft.divergence import Own, explained
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.resyncing import resync as set_right
from infoharbor.engine.cometbft.skips import Skip, ensure_of, founding_in, named, place, read_skip, write_skip
from infoharbor.engine.cometbft.validators import validators
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.proving import root_with
from infoharbor.engine.quarantine import quarantine_in
from infoharbor.engine.reader import Reader, open_reader
from infoharbor.engine.reading import frontier_at
from infoharbor.engine.snapshot import Snapshot
from infoharbor.kernel.activation import Active
from infoharbor.kernel.skips import POISON
from infoharbor.kernel.state import BlockState

NO_EXPIRY = "00000000"
"""With what the ids of due moves begin, and no transaction's."""


@fails_clearly
def skip(
    height: int,
    transaction: str,
    *,
    data: Data = DEFAULT_DATA,
    file: Annotated[Path, Parameter(name=["--file", "-f"])] = Path("skip.json"),
    record: str = "",
    sign: bool = False,
    as_json: AsJson = False,
) -> None:
    """Agree not to run a transaction on which every node's machine fails; a quorum's signatures let it hold. 同意跳过某笔交易。

    Each operator of a validator looks into the fault, and signs: the file goes from one to the next. Then everyone places it,
    without --sign, and starts the node again. The transaction is refused as `contract.poison`, now and for ever.
    各验证节点运营者查明故障后依次签名并传递文件；随后各自不带 --sign 执行并重启节点。该交易从此被拒绝（`contract.poison`）。

    Parameters
    ----------
    height
        The block that cannot be made, as a stopped node's status names it. 无法生成的区块，见停机节点的状态。
    transaction
        The transaction's id, 64 hex digits. 交易编号，64 位十六进制。
    file
        The skip with the signatures so far; the first who signs makes it. 含已有签名的跳过文件；由首个签名者生成。
    record
        Where the fault is in a due move, the record that the status names: its due moves are left, and whoever reaches for it
        is refused as `contract.held`, until a later version of its contract is in force.
        到期动作出错时，状态所示的记录：其到期动作暂停，访问者被拒绝（`contract.held`），直至其合约的后续版本生效。
    sign
        Add this node's validator's signature, and nothing else. 只添加本节点验证者的签名。
    """
    if not re.fullmatch("[0-9a-f]{64}", transaction):
        raise Failure("skip.malformed", "transaction", "64 lower-case hex digits")
    with closing(open_reader(data)) as reader:
        if sign:
            agreed = _signed(reader, data, file, height, transaction, record)
            text = f"signed 已签名, {agreed.missing} more needed 尚需签名: {file}"
        else:
            agreed = _placed(reader, data, read_skip(file), height, transaction, record)
            text = "placed 已放置\nnext 下一步: start the node again 重新启动节点"
    told = {
        "height": height,
        "transaction": transaction,
        "signatures": len(agreed.signatures),
        "missing": agreed.missing,
    }
    answer(told, as_json=as_json, text=text)


def _signed(reader: Reader, data: Path, file: Path, height: int, transaction: str, record: str) -> Skip:
    with reader.snapshot() as snapshot:
        if height != snapshot.height + 1:
            raise Failure("skip.height", "height", f"{snapshot.height + 1}, the block that comes next here")
        deciding = validators(snapshot, snapshot.time, founding_in(data) or {})
        version = _version_of(reader, snapshot, transaction, record)
    if not file.exists():
        skip = Skip(reader.chain.id.hex(), height, transaction, named(deciding), record=record, version=version)
        write_skip(file, skip)
    known = _same(read_skip(file), reader, height, transaction, record)
    if known.version != version:
        raise Failure("skip.another", "file", f"version {version} of the record's contract, which is in force")
    with reader.snapshot() as snapshot:
        ensure_of(known, snapshot, founding_in(data))
    signed = known.signed_in(ConsensusHome(data))
    write_skip(file, signed)
    return signed


def _placed(reader: Reader, data: Path, found: Skip, height: int, transaction: str, record: str) -> Skip:
    agreed = _same(found, reader, height, transaction, record)
    agreed.ensure_decided(reader.chain.id)
    with reader.snapshot() as snapshot:
        if height == snapshot.height + 1:
            ensure_of(agreed, snapshot, founding_in(data))
    known = reader.receipt(bytes.fromhex(transaction))
    if known is not None and known.code != POISON:
        raise Failure("skip.has_run", "transaction", "a transaction that has not run")
    place(data, agreed)
    return agreed


def _version_of(reader: Reader, snapshot: Snapshot, transaction: str, record: str) -> int:
    """The version in force of the contract of a record whose due move is to be skipped; 0 where there is none. In force by
    the ledger's time, which all who sign have: a clock would let two of them sign different skips. Should the very block that
    cannot be made bring another version into force, its skip makes that block alone, and the next stop asks for one more."""
    if not record:
        if transaction.startswith(NO_EXPIRY):
            raise Failure("skip.record", "--record", "the record whose due move it is, which the status names")
        return 0
    if snapshot.entry(record) is None:
        raise Failure("skip.record", "--record", "CONTRACT/TABLE/KEY of a record")
    active = Active(reader.chain.registry).at(BlockState(snapshot), snapshot.time, again=True)
    return active.get(record.partition("/")[0], 1)


def _same(found: Skip, reader: Reader, height: int, transaction: str, record: str) -> Skip:
    """The file's skip, if it is the one that the operator names."""
    if (found.height, found.transaction, found.record) != (height, transaction, record):
        named = f", record {found.record}" if found.record else ""
        raise Failure("skip.another", "file", f"block {found.height}, transaction {found.transaction}{named}")
    found.ensure_valid(reader.chain.id)
    return found


@fails_clearly
def explain(*, data: Data = DEFAULT_DATA, gateway: tuple[str, ...] = (), as_json: AsJson = False) -> None:
    """Ask other members' nodes where the ledger of a node in quarantine parts from theirs. 查询被隔离节点的账本从何处开始不一致。

    Parameters
    ----------
    gateway
        A member's gateway, such as https://ledger.example; by default those in the node's `consensus/node.json`.
        成员网关；默认取节点 `consensus/node.json` 中的地址。
    """
    folder = DataFolder(data)
    known = quarantine_in(folder.quarantine)
    if known is None:
        raise Failure("network.not_quarantined", "--data", "the folder of a node in quarantine")
    with closing(open_reader(data, quarantined=True)) as reader, reader.snapshot() as snapshot:
        root = functools.partial(root_with, reader.chain.suite, snapshot)
        own = Own(frontier_at(snapshot, known.height), reader.block(known.height), root)
        told = explained(known, reader.chain, own, gateway or ConsensusHome(data).config().gateways)
    folder.write_quarantine(told)
    described = {name: getattr(told, name) for name in told.__struct_fields__}
    lines = [*told.told.split(", "), f"next 下一步: find the cause 查明原因; infoharbor network resync --data {data}"]
    answer(described, as_json=as_json, text="\n".join(lines))


@fails_clearly
def resync(*, data: Data = DEFAULT_DATA, gateway: tuple[str, ...] = (), as_json: AsJson = False) -> None:
    """Set a stopped node in quarantine right: put aside what differs; the next start fetches it anew. 恢复被隔离的节点。

    Find the cause first, such as another library than the others have: it would part from them again.
    请先查明原因（如与他人的库版本不同），否则会再次分歧。

    Parameters
    ----------
    gateway
        Members' gateways. A node that cannot go back to before the differing block begins with the state that these have;
        without them, with the first block. 成员网关。无法回退到分歧区块之前的节点从其状态开始；未指定时从首个区块开始。
    """
    program = cometbft(lambda program: errors.print(f"  builds {program} 首次构建", style="dim"))
    done = set_right(data, program, gateway)
    answer(
        {"height": done.height, "aside": str(done.aside)}, as_json=as_json,
        text=f"kept up to block 保留至区块 {done.height}\nset aside 已移出 {done.aside}\n"
        f"next 下一步: infoharbor run --data {data}",
    )  # fmt: skip
