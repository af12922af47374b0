"""`infoharbor pending`: what waits at a gateway for signatures of several organisations."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from infoharbor.cli.command_group import command_group
from infoharbor.cli.keys import PassphraseVariable, passphrase
from infoharbor.cli.output import GATEWAY, AsJson, Failure, GatewayUrl, Token, answer, fails_clearly
from infoharbor.crypto.keyfile import read_key
from infoharbor.kernel.registry import installed_registry
from infoharbor.sdk.client import Client
from infoharbor.sdk.forms import action_form
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.pending import checked
from infoharbor.sdk.problems import Problem

pending = command_group("pending", help="Bundles that wait for signatures. 等待签名的交易包。")
Key = Annotated[
    Path | None, Parameter(name="--key", help="The key file that signs and reads. 用于签名与查看的密钥文件。")
]
STATES = {
    "waiting": "waiting 等待签名",
    "committed": "committed 已入账",
    "refused": "refused 被账本拒绝",
    "declined": "declined 已被拒签",
    "lapsed": "lapsed 已过期",
}


@pending.command(name="list")
@fails_clearly
def listed(
    *,
    key: Key = None,
    passphrase_variable: PassphraseVariable = "",
    token: Token = "",
    url: GatewayUrl = GATEWAY,
    ended: bool = False,
    as_json: AsJson = False,
) -> None:
    """What waits for your organisation's signature, or has your organisation's already. 列出等待签名的交易包。

    Parameters
    ----------
    ended
        Also what ran, was declined or has lapsed. 同时列出已执行、已拒签或已过期的。
    """
    with reached(key, passphrase_variable, token, url) as (client, _):
        page = client.pending.list(waiting=not ended)
    lines = [line for item in page["items"] for line in lines_of(item)]
    answer(page, as_json=as_json, text="\n".join(lines or ["nothing waits 没有等待签名的交易包"]))


@pending.command
@fails_clearly
def sign(
    identifier: str,
    *,
    key: Key = None,
    passphrase_variable: PassphraseVariable = "",
    url: GatewayUrl = GATEWAY,
    yes: bool = False,
    as_json: AsJson = False,
) -> None:
    """Show what a bundle does, as its own bytes say, and sign it with your key; the last signature sends it. 查看并签署交易包。

    Parameters
    ----------
    identifier
        The bundle's id, as `pending list` gives it. 交易包编号，见 `pending list`。
    yes
        Sign without asking. 不询问，直接签名。
    """
    with reached(key, passphrase_variable, "", url) as (client, signer):
        if signer is None:
            raise Failure("cli.option_missing", "--key", "the file of a key that is to sign")
        registry = installed_registry(client.chain().suite)
        _, opened = checked(client.chain(), client.pending.get(identifier))
        actions = [action_form(each, registry) for each in opened.actions]
        if not yes:
            print(json.dumps(actions, ensure_ascii=False, indent=2))
            if input("sign? 是否签名？ [y/N] ").strip().lower() != "y":
                raise SystemExit(1)
        found = client.pending.sign(identifier, signer)
    answer(found, as_json=as_json, text="\n".join(lines_of(found)))


@pending.command
@fails_clearly
def decline(
    identifier: str,
    *,
    reason: str,
    key: Key = None,
    passphrase_variable: PassphraseVariable = "",
    token: Token = "",
    url: GatewayUrl = GATEWAY,
    as_json: AsJson = False,
) -> None:
    """Do not sign a bundle, or take your signature back, for a reason that the others read. 拒绝签署交易包。

    Parameters
    ----------
    identifier
        The bundle's id. 交易包编号。
    reason
        What the other organisations read. 供其他机构查看的理由。
    """
    with reached(key, passphrase_variable, token, url) as (client, _):
        found = client.pending.decline(identifier, reason)
    answer(found, as_json=as_json, text="\n".join(lines_of(found)))


@contextmanager
def reached(key: Path | None, variable: str, token: str, url: str) -> Iterator[tuple[Client, Signer | None]]:
    """Asks as the key's organisation, or as the token's."""
    signer = None if key is None else Signer("", read_key(key, passphrase(variable)))
    with Client(url, signer=signer, token=token) as client:
        try:
            yield client, signer
        except Problem as problem:
            if problem.code == "client.unreachable":
                raise Failure("cli.no_node", "--url", f"a gateway that answers at {url}") from None
            if problem.code == "client.no_gateway":
                raise Failure("cli.no_gateway", "--url", f"a gateway of a ledger at {url}") from None
            raise


def lines_of(item: dict[str, Any]) -> list[str]:
    state = STATES[item["state"]]
    lines = [item["id"], f"  {state}, until 有效期至 {item['expiry']}, from 发起方 {item['proposer']}"]
    lines += [f"  {', '.join(each['by'])}: {each['title']} {each['title_zh']}" for each in item["actions"]]
    for each in item["signers"]:
        problem = each["problem"]
        sign = "✓" if each["signed"] else "·"
        lines.append(f"  {sign} {each['organisation']} {each['key'][:16]}" + (f" {problem['code']}" if problem else ""))
    declined = item["declined"]
    return [*lines, f"  {declined['organisation']}: {declined['reason']}"] if declined else lines
