"""`infoharbor verify`: check evidence offline, with nothing but the evidence and the trust file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import inspect

from infoharbor.cli.files import start_of
from infoharbor.cli.output import AsJson, Failure, answer, fails_clearly, plain
from infoharbor.cli.stamping import described, read_stamp
from infoharbor.edgekit.json_form import is_instant, iso, shape_of, without_none
from infoharbor.evidence.file import EVIDENCE_BYTES
from infoharbor.evidence.note import NOTE_BYTES
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.trust import EMBEDDED, TRUST_BYTES, TrustPolicy
from infoharbor.evidence.verify import Proven
from infoharbor.evidence.verify import verify as verify_evidence
from infoharbor.kernel.registry import installed_registry
from infoharbor.kernel.rulefiles import BrokenContract

if TYPE_CHECKING:
    from infoharbor.evidence.stamping import Stamp

SHORT = 16


@fails_clearly
def verify(
    file: Path,
    *,
    trust: Path,
    witnessed: tuple[Path, ...] = (),
    stamp: Path | None = None,
    authorities: Path | None = None,
    as_json: AsJson = False,
) -> None:
    """Check an evidence file offline; exit code 0 only if it proves what it says. 离线验证存证文件；仅在证明成立时返回 0。

    Parameters
    ----------
    file
        The evidence file. 存证文件。
    trust
        The trust file, which came to you by a way that you trust. 信任文件，须经可信途径取得。
    witnessed
        Where the trust file asks for outside witnesses: members' own notes of the same checkpoint that these cosigned.
        信任文件要求外部见证时：各成员对同一检查点、附外部见证签名的签注。
    stamp
        A time stamp of the evidence (`infoharbor stamp`): one older than the trust file's date holds past it.
        存证的时间戳：早于信任文件到期日的，到期后仍有效。
    authorities
        The root certificates (PEM) of the time-stamping authorities that you believe. 您信任的时间戳机构根证书（PEM）。
    """
    policy = parse_trust(start_of(trust, TRUST_BYTES))
    notes = [start_of(note, NOTE_BYTES) for note in witnessed]
    raw = start_of(file, EVIDENCE_BYTES)
    proven = verify_evidence(raw, policy, notes)
    if stamp is not None and authorities is None:
        raise Failure("cli.option_missing", "--authorities", "the certificates of those who may stamp")
    stamped = read_stamp(stamp, authorities, raw) if stamp is not None and authorities is not None else None
    # What the keys signed while they were vouched for stays signed.
    known_since = stamped.time if stamped is not None else datetime.now(UTC).timestamp() * 1000
    stale = policy.refresh_by < known_since
    told = _described(proven, policy, stale) | ({"stamp": described(stamped)} if stamped is not None else {})
    answer(told, as_json=as_json, text=_told(proven, policy, stale, stamped))


def _described(proven: Proven, policy: TrustPolicy, stale: bool) -> dict[str, object]:
    return {
        "proves": True,
        "chain": policy.chain,
        "genesis": proven.chain.hex(),
        "engine": policy.engine,
        "signed_by": proven.signers,
        "trust_is_stale": stale,
        "as_of": {"height": proven.height, "time": iso(proven.time)},
        "records": [
            {
                "path": record.path,
                "complete": record.complete,
                "versions": [
                    {
                        "version": version.version,
                        "height": version.height,
                        "transaction": version.transaction.hex(),
                        "record": named,
                    }
                    for version, named in record.versions
                ],
            }
            for record in proven.records
        ],
        "receipts": [
            {
                "transaction": each.receipt.transaction.hex(),
                "height": each.receipt.height,
                "time": iso(each.time),
                "signed_by": sorted({signer.organisation for signer in each.receipt.signers}),
                "relied_on": list(each.receipt.relied),
            }
            for each in proven.receipts
        ],
    }


def _told(proven: Proven, policy: TrustPolicy, stale: bool, stamped: "Stamp | None") -> str:
    lines = [
        "PROVED 证明成立",
        f"ledger 账本   {policy.chain} ({proven.chain.hex()[:SHORT]}…), signed by 签署: {', '.join(proven.signers)}",
        f"as of 截至    {iso(proven.time)}, block 区块 {proven.height}",
    ]
    if stamped is not None:
        lines.append(f"stamped 时间戳 {iso(stamped.time)}, {stamped.authority}")
    if policy.engine == EMBEDDED:
        lines.append("trust 信任    one operator keeps this ledger: it alone could rewrite its history")
        lines.append("              本账本由一家运营方维护，该方单独即可改写历史")
    if stale:
        lines.append("trust 信任    the trust file is past its refresh date 信任文件已过更新日期")
    shapes = _table_shapes()
    times = {each.receipt.transaction: (iso(each.time), each) for each in proven.receipts}
    for record in proven.records:
        lines += ["", record.path]
        if not record.versions:
            lines.append("  never was on this ledger 从未出现在本账本上")
        for version, named in record.versions:
            at, each = times.get(version.transaction, ("", None))
            by = ", ".join(sorted({signer.organisation for signer in each.receipt.signers})) if each else ""
            lines.append(f"  version 版本 {version.version}  {at}  {by}".rstrip())
            shape = shapes.get("/".join(record.path.split("/")[:2]))
            shown = _dated(shape, named).items() if named is not None else [("deleted 已删除", "")]
            lines += [f"    {name:22} {plain(value)}" for name, value in shown if value not in ("", [], None)]
    return "\n".join(lines)


def _table_shapes() -> dict[str, inspect.StructType]:
    """What this machine's contracts say of records' fields: evidence describes times as integers."""
    try:
        return {name: shape_of(kind.of) for name, kind in installed_registry().tables.items()}
    except BrokenContract:
        return {}


def _dated(kind: inspect.Type | None, value: Any) -> Any:
    """The value, with what its milliseconds mean where they are a time; 0 stands for none."""
    match kind:
        case inspect.UnionType():
            return _dated(without_none(kind), value)
        case inspect.IntType() if is_instant(kind) and value:
            return f"{value} ({iso(value)})"
        case inspect.VarTupleType() if value is not None:
            return [_dated(kind.item_type, each) for each in value]
        case inspect.StructType() if value is not None:
            types = {field.name: field.type for field in kind.fields}
            return {name: _dated(types.get(name), each) for name, each in value.items()}
    return value
