"""`infoharbor submit`: puts on the ledger what somebody has signed, wherever it was made."""

import json
from pathlib import Path
from typing import Any

from infoharbor.cli.files import start_of
from infoharbor.cli.output import GATEWAY, AsJson, Failure, GatewayUrl, Token, answer, fails_clearly
from infoharbor.cli.pending import lines_of, reached
from infoharbor.engine.folder import DataFolder
from infoharbor.kernel.limits import TRANSACTION_BYTES
from infoharbor.sdk.client import Client
from infoharbor.sdk.documents import HALF_SIGNED_BYTES, half_signed


@fails_clearly
def submit(
    file: Path, *, url: GatewayUrl = GATEWAY, data: Path | None = None, token: Token = "", as_json: AsJson = False
) -> None:
    """Send a signed transaction to a node and wait until it is committed. 提交已签名的交易并等待入账。

    Parameters
    ----------
    file
        The transaction's exact bytes, as the SDK makes them; or the JSON that `POST /v1/prepare` gave with the signatures.
        Where some are missing, the bundle waits at the gateway for the other organisations.
        SDK 生成的交易文件，或 `POST /v1/prepare` 返回并已签名的 JSON；签名不全时在网关等待其他机构。
    data
        The folder of the ledger that it is meant for: nothing is sent to another one's gateway.
        目标账本的数据目录：不会发往其他账本的网关。
    """
    raw = start_of(file, max(HALF_SIGNED_BYTES, TRANSACTION_BYTES))
    is_document = raw.startswith(b"{")
    most, code = (HALF_SIGNED_BYTES, "input.too_large") if is_document else (TRANSACTION_BYTES, "ledger.too_large")
    if len(raw) > most:
        raise Failure(code, str(file), f"at most {most} bytes")
    with reached(None, "", token, url) as (client, _):
        _ensure_gateway(client, data)
        found = _sent(client, _document(file, raw)) if is_document else client.submit(raw)
    text = f"committed 已入账: block 区块 {found['height']}, {found['transaction']}" if "height" in found else ""
    answer(found, as_json=as_json, text=text or "\n".join(lines_of(found)))


def _document(file: Path, raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Failure("input.not_json", str(file), "the JSON that /v1/prepare gave, with signatures") from None


def _sent(client: Client, document: Any) -> dict[str, Any]:
    """The receipt; or what waits at the gateway, if signatures are missing."""
    unsigned, signatures = half_signed(client.chain(), document)
    if set(signatures) == set(unsigned.opened.keys):
        return client.submit(unsigned.with_signatures(signatures))
    return client.pending.post("", document)


def _ensure_gateway(client: Client, data: Path | None) -> None:
    """Nothing is sent to what is no gateway, or another ledger's than the folder's."""
    there = client.chain().id
    chain = there if data is None else DataFolder(data).founded().chain.id
    if there != chain:
        raise Failure("cli.other_ledger", "--url", f"a gateway of the ledger {chain.hex()[:16]} in {data}")
