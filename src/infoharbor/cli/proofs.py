"""`infoharbor submit`, `show`, `prove`, `verify`: put something on the ledger, and prove it to others."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
from cyclopts import Parameter

from infoharbor.cli import pending
from infoharbor.cli.output import DEFAULT_DATA, GATEWAY, AsJson, Data, Failure, Token, answer, errors, fails_clearly
from infoharbor.edgekit.json_form import iso, to_json
from infoharbor.engine.reader import open_reader
from infoharbor.evidence.file import EVIDENCE_BYTES
from infoharbor.evidence.making import make_evidence
from infoharbor.evidence.note import NOTE_BYTES
from infoharbor.evidence.policy import parse_trust
from infoharbor.evidence.trust import EMBEDDED, TRUST_BYTES, TrustPolicy
from infoharbor.evidence.verify import Proven
from infoharbor.evidence.verify import verify as verify_evidence
from infoharbor.kernel.limits import TRANSACTION_BYTES

Output = Annotated[Path, Parameter(name=["--output", "-o"])]
SHORT = 16


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
    if _start_of(file, 0) == b"{":
        pending.submit_document(file, url, token, as_json=as_json)
        return
    raw = _start_of(file, TRANSACTION_BYTES)
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
            written = iso(reader.block(entry.height).header.time)
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
def prove(path: str, *more: str, output: Output, data: Data = DEFAULT_DATA, history: bool = True) -> None:
    """Write the evidence of records, present or absent, to a file that anyone can verify offline. 导出可离线验证的存证文件。

    Parameters
    ----------
    path
        CONTRACT/TABLE/KEY of a record.
    more
        Further records for the same file.
    history
        Whether the records' earlier versions are proved too.
    """
    reader = open_reader(data)
    try:
        evidence = make_evidence(reader.chain, reader, [path, *more], history=history)
    finally:
        reader.close()
    output.write_bytes(evidence)
    errors.print(f"{output}: {len(evidence)} bytes 字节", markup=False)


@fails_clearly
def verify(file: Path, *, trust: Path, witnessed: tuple[Path, ...] = (), as_json: AsJson = False) -> None:
    """Check an evidence file offline; exit code 0 only if it proves what it says. 离线验证存证文件；仅在证明成立时返回 0。

    Parameters
    ----------
    file
        The evidence file.
    trust
        The trust file, which came to you by a way that you trust.
    witnessed
        Where the trust file asks for outside witnesses: members' own notes of the same checkpoint that these cosigned.
    """
    policy = parse_trust(_start_of(trust, TRUST_BYTES))
    notes = [_start_of(note, NOTE_BYTES) for note in witnessed]
    proven = verify_evidence(_start_of(file, EVIDENCE_BYTES), policy, notes)
    stale = policy.refresh_by < datetime.now(UTC).timestamp() * 1000
    answer(_described(proven, policy, stale), as_json=as_json, text=_told(proven, policy, stale))


def _start_of(file: Path, most: int) -> bytes:
    """A file's bytes, and one more than it may have, which whoever reads it refuses."""
    with file.open("rb") as opened:
        return opened.read(most + 1)


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


def _told(proven: Proven, policy: TrustPolicy, stale: bool) -> str:
    lines = [
        "PROVED 证明成立",
        f"ledger 账本   {policy.chain} ({proven.chain.hex()[:SHORT]}…), signed by 签署: {', '.join(proven.signers)}",
        f"as of 截至    {iso(proven.time)}, block 区块 {proven.height}",
    ]
    if policy.engine == EMBEDDED:
        lines.append("trust 信任    one operator keeps this ledger: it alone could rewrite its history")
        lines.append("              本账本由一家运营方维护，该方单独即可改写历史")
    if stale:
        lines.append("trust 信任    the trust file is past its refresh date 信任文件已过更新日期")
    times = {each.receipt.transaction: (iso(each.time), each) for each in proven.receipts}
    for record in proven.records:
        lines += ["", record.path]
        if not record.versions:
            lines.append("  never was on this ledger 从未出现在本账本上")
        for version, named in record.versions:
            at, each = times.get(version.transaction, ("", None))
            by = ", ".join(sorted({signer.organisation for signer in each.receipt.signers})) if each else ""
            lines.append(f"  version 版本 {version.version}  {at}  {by}".rstrip())
            shown = named.items() if named is not None else [("deleted 已删除", "")]
            lines += [f"    {name:22} {value}" for name, value in shown if value not in ("", [], None)]
    return "\n".join(lines)
