"""`infoharbor trust`: writes the trust file that proofs are checked against, and carries an old one forward."""

from pathlib import Path
from typing import Annotated

import httpx
from cyclopts import Parameter

from infoharbor.cli.command_group import command_group
from infoharbor.cli.files import start_of
from infoharbor.cli.output import DEFAULT_DATA, AsJson, Data, Failure, answer, errors, fails_clearly
from infoharbor.cli.witnessing import agreed, notes_at
from infoharbor.edgekit.json_form import iso
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.reader import open_reader
from infoharbor.engine.witness import read_watch_list
from infoharbor.evidence.handover import WAY_BYTES, WayForward, way_forward_codec
from infoharbor.evidence.handover import advance as advance_trust
from infoharbor.evidence.note import NOTE_BYTES, checkpoint_in
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.trust import TRUST_BYTES
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.trusting import DAY_MS, REFRESH_DAYS, ledger_trust

trust = command_group(
    "trust", help="Write the trust file, or carry an old one forward. 导出信任文件，或更新旧的信任文件。"
)
Output = Annotated[Path, Parameter(name=["--output", "-o"])]
ANSWER_S = 30


@trust.default
@fails_clearly
def write(
    *, output: Output, data: Data = DEFAULT_DATA, refresh_days: int = REFRESH_DAYS, witnessed: bool = False
) -> None:
    """Write the trust file: hand it, by a way you trust, to whoever is to verify. 导出信任文件，请经可信途径交给验证者。

    Parameters
    ----------
    output
        Where the trust file goes. 信任文件的路径。
    refresh_days
        For how many days the file counts as fresh. 文件的有效天数。
    witnessed
        Ask for all outside witnesses too that `network add-witness` has named to this node.
        同时要求本节点已登记的全部外部见证方。
    """
    outside = read_watch_list(DataFolder(data).witnesses).witnesses if witnessed else []
    reader = open_reader(data)
    try:
        policy = ledger_trust(reader, refresh_days, outside)
    finally:
        reader.close()
    output.write_bytes(policy.encode())
    errors.print(f"{output}: chain 链 {policy.chain} {policy.genesis.hex()}", markup=False)


@trust.command
@fails_clearly
def advance(
    old: Path,
    *,
    source: Annotated[str, Parameter(name="--from")],
    output: Output,
    refresh_days: int = REFRESH_DAYS,
    witnessed: tuple[str, ...] = (),
    as_json: AsJson = False,
) -> None:
    """Carry an old trust file forward through every handover of the attesters since. 经历次见证方交接更新旧的信任文件。

    Nothing of what the other side says is believed unless those whom the old file trusts have attested it.
    对方所称内容，须经旧文件所信任的见证方见证才予采信。

    Parameters
    ----------
    old
        The trust file that you have. 现有的信任文件。
    source
        The address of any node of the ledger, or a file that holds what one answered at /log/way-forward.
        账本任一节点的地址，或保存其 /log/way-forward 应答的文件。
    output
        Where the new trust file goes. 新信任文件的路径。
    refresh_days
        For how many days the new file counts as fresh. 新文件的有效天数。
    witnessed
        Where the old file asks for outside witnesses: the address of a member's gateway, or a file that holds its note of the
        newest checkpoint on the way; one more than a third of the members.
        旧文件要求外部见证时：成员网关地址，或保存其最新检查点签注的文件；数量须超过成员数的三分之一。
    """
    with old.open("rb") as opened:
        policy = parse_trust(opened.read(TRUST_BYTES + 1))

    def told_way() -> WayForward:
        way: WayForward = way_forward_codec.decode(_way(source, policy.pin_size, witnessed=bool(witnessed)))
        return way

    way, notes = agreed(told_way, lambda way: _notes(witnessed, checkpoint_in(way.newest.naming.checkpoint).size))
    now = now_ms()
    advanced = advance_trust(policy, way, now=now, refresh_by=now + refresh_days * DAY_MS, witnessed=notes)
    output.write_bytes(advanced.encode())
    told = {
        "chain": advanced.chain,
        "handovers": len(way.handovers),
        "pin": {"from": policy.pin_size, "to": advanced.pin_size},
        "attesters": [witness.name for witness in advanced.witnesses],
        "refresh_by": iso(advanced.refresh_by),
    }
    text = f"{output}: {len(way.handovers)} handovers 次交接, size 长度 {policy.pin_size} → {advanced.pin_size}"
    answer(told, as_json=as_json, text=text)


def _notes(sources: tuple[str, ...], size: int) -> list[bytes]:
    notes = [start_of(Path(source), NOTE_BYTES) for source in sources if not _is_address(source)]
    return [*notes, *notes_at(filter(_is_address, sources), size)]


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _way(source: str, size: int, *, witnessed: bool) -> bytes:
    """What the file holds, or the node answers; no more of either than a way forward may have, and one byte."""
    if not _is_address(source):
        with Path(source).open("rb") as opened:
            return opened.read(WAY_BYTES + 1)
    address = f"{source.rstrip('/')}/log/way-forward"
    parameters = {"size": str(size)} | ({"witnessed": "true"} if witnessed else {})
    raw = bytearray()
    try:
        with httpx.stream("GET", address, params=parameters, timeout=ANSWER_S) as reply:
            if reply.is_error:
                wanted = f"a node of a ledger that members attest; this one said {reply.status_code}"
                raise Failure("cli.no_way_forward", "from", wanted)
            for part in reply.iter_bytes():
                raw += part
                if len(raw) > WAY_BYTES:
                    break
    except httpx.HTTPError as fault:
        raise Failure("cli.no_node", "from", f"a gateway that answers at {source} ({fault})") from None
    return bytes(raw[: WAY_BYTES + 1])
