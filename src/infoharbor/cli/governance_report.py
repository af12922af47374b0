"""How a rehearsal is told: as JSON, and as lines that a person reads."""

from collections.abc import Iterator, Mapping
from typing import Any

from infoharbor.edgekit.json_form import to_json
from infoharbor.engine.differences import ChangedRecord
from infoharbor.engine.rehearsing import NOT_RUN, AsIf, Rehearsal
from infoharbor.kernel.registry import Registry


def as_form(found: Rehearsal, registry: Registry) -> dict[str, Any]:
    """`identical` says whether history came out as it is; `as_if` what would be otherwise under the upgrades."""
    return {
        "height": found.height,
        "identical": found.difference is None,
        "difference": None if found.difference is None else found.difference._asdict(),
        "upgrades": [each._asdict() | {"rules_hash": each.rules_hash.hex()} for each in found.upgrades],
        "offending": [f"{rule}: {path}" for rule, path in found.offending],
        "as_if": None if found.as_if is None else _as_if_form(found.as_if, registry),
    }


def _as_if_form(as_if: AsIf, registry: Registry) -> dict[str, Any]:
    return as_if._asdict() | {
        "changed_records": [_record_form(each, registry) for each in as_if.changed_records],
        "changed_receipts": [each._asdict() for each in as_if.changed_receipts],
    }


def _record_form(changed: ChangedRecord, registry: Registry) -> dict[str, Any]:
    """The fields that differ; null where there is no record."""
    kind = registry.table(changed.path)
    assert kind is not None
    before, after = (to_json(kind.decode(value)) if value else None for value in (changed.before, changed.after))
    if before is not None and after is not None:
        names = [name for name in before if before[name] != after[name]]
        before, after = ({name: side[name] for name in names} for side in (before, after))
    return {"path": changed.path, "before": before, "after": after}


def as_lines(found: Rehearsal, registry: Registry) -> Iterator[str]:
    """For the terminal, in both languages."""
    if found.difference is not None:
        different = found.difference
        yield f"block 区块 {different.height}: history comes out otherwise 历史重放不一致"
        yield f"  transaction 交易 {different.transaction or '—'}"
        yield f"  record 记录 {different.record or '—'}"
        yield f"  differs in 差异 {different.part}"
        return
    yield f"block 区块 {found.height}: history comes out as it is, byte for byte 历史重放逐字节一致"
    for upgrade in found.upgrades:
        yield f"{upgrade.contract} {upgrade.before or '—'} → {upgrade.after}  {upgrade.rules_hash.hex()}"
    if not found.upgrades:
        yield "nothing newer than what is in force is installed here 未安装比现行版本更新的合约"
    for rule, path in found.offending:
        yield f"invariant broken 不变量被破坏 {rule}: {path}"
    if found.as_if is not None:
        yield from _as_if_lines(found.as_if, registry)


def _as_if_lines(as_if: AsIf, registry: Registry) -> Iterator[str]:
    yield f"had it been in force since block 若自该区块起即生效 {as_if.since}:"
    yield _counts("records that differ 有差异的记录", as_if.records)
    for record in (_record_form(each, registry) for each in as_if.changed_records):
        yield f"  {record['path']}: {_short(record['before'])} → {_short(record['after'])}"
    yield _counts("receipts that differ 有差异的回执", as_if.receipts)
    for receipt in as_if.changed_receipts:
        outcome = " → ".join(_outcome(code) for code in (receipt.before, receipt.after))
        yield f"  {receipt.height} {receipt.transaction[:16]} {receipt.actions}: {outcome}"


def _counts(title: str, counts: Mapping[str, int]) -> str:
    parts = ", ".join(f"{name} {count}" for name, count in counts.items())
    return f"{title}: {parts or 'none 无'}"


def _short(record: Mapping[str, Any] | None) -> str:
    return "—" if record is None else ", ".join(f"{name}={value}" for name, value in record.items())


def _outcome(code: str) -> str:
    return {"": "took effect 生效", NOT_RUN: "did not run 未执行"}.get(code, code)
