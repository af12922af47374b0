"""`infoharbor governance`: rehearse a contract's next version on the ledger's history, and put it to the vote."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from infoharbor.cli.command_group import command_group
from infoharbor.cli.deciding import AtGateway, vote
from infoharbor.cli.governance_report import as_form, as_lines
from infoharbor.cli.keys import PassphraseVariable, passphrase
from infoharbor.cli.output import (
    DEFAULT_DATA,
    GATEWAY,
    AsJson,
    Data,
    Failure,
    OwnGatewayUrl,
    answer,
    fails_clearly,
    progress,
)
from infoharbor.cli.voting import Attempt, attempted
from infoharbor.contracts.governance.actions import ActivateContract, Propose
from infoharbor.crypto.keyfile import read_key
from infoharbor.edgekit.json_form import iso, to_json
from infoharbor.engine.reader import open_reader
from infoharbor.engine.rehearsing import rehearse as run_in_shadow
from infoharbor.kernel.registry import installed_registry
from infoharbor.kernel.rulefiles import LoadedContract
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer

governance = command_group("governance", help="Decide on contracts' next versions. 表决合约的新版本。")


@governance.command
@fails_clearly
def rehearse(
    *, data: Data = DEFAULT_DATA, since: Annotated[int, Parameter(name="--from")] = 0, as_json: AsJson = False
) -> None:  # fmt: skip
    """Run the whole history by the contract files that are installed here, beside a running node, and change nothing. 影子重放。

    First by the versions that were in force: it must come out byte for byte; the first difference ends with exit code 1. Then
    as if the newer versions that are installed had been in force all along: what would be otherwise is told. The new
    versions' invariants are checked on the present state; one that is broken ends with exit code 1 too.
    先按当时生效的版本重放，结果须逐字节一致，有差异即返回 1；
    再假定已安装的新版本一直生效，列出不同之处，并用新版本的不变式检查当前状态，不成立也返回 1。

    Parameters
    ----------
    since
        The height from which the newer versions are taken to have been in force; by default from the beginning.
        假定新版本自该区块高度起生效；默认从头开始。
    """
    with closing(open_reader(data)) as reader:
        if not 0 <= since <= (height := reader.status().height):
            raise Failure("ledger.height_unknown", "--from", f"0 to {height}")
        with progress("rehearsal 影子重放", height) as done:
            found = run_in_shadow(reader, since=since, progress=done)
        registry = reader.chain.registry
    answer(as_form(found, registry), as_json=as_json, text="\n".join(as_lines(found, registry)))
    if found.difference is not None or found.offending:
        raise SystemExit(1)


@governance.command
@fails_clearly
def propose_upgrade(
    contract: str,
    *,
    organisation: str,
    key: Path | None = None,
    url: OwnGatewayUrl = GATEWAY,
    reason: str = "the next version 新版本",
    attempt: Attempt = 1,
    passphrase_variable: PassphraseVariable = "",
    as_json: AsJson = False,
) -> None:
    """Put the contract's files that are installed here to the vote; or vote for them, if another member has. 提议或赞成合约升级。

    Each member runs the same command where it has installed the new files: the proposal's id names their hash, so that nobody
    votes for other files than its own. Without a key the proposal is printed, as `POST /v1/prepare` takes it.
    各成员安装新文件后执行同一命令：提案编号含文件哈希，因此只会赞成与自己相同的文件。
    未给密钥时只输出提案，供 `POST /v1/prepare` 使用。

    Parameters
    ----------
    contract
        The contract's name. 合约名称。
    organisation
        The organisation that proposes or votes; it needs a seat. 提议或投票的机构，须有席位。
    key
        The key file of a user who may vote for it. 可代其投票的用户的密钥文件。
    reason
        What the other members read, if one is the first. 首次提议时供其他成员查看的理由。
    """
    here = installed_registry().contracts.get(contract)
    if here is None:
        raise Failure("cli.contract_missing", "contract", ", ".join(installed_registry().contracts))
    decision = ActivateContract(here.name, here.version, here.rules_hash)
    id = attempted(f"upgrade-{here.name}-{here.version}-{here.rules_hash.hex()[:16]}", attempt)
    proposal = Propose.to(decision, id=id, reason=reason)
    if key is None:
        action = {"by": [organisation], "contract": "governance", "action": "Propose", "arguments": to_json(proposal)}
        document = {"actions": [action | {"arguments": to_json(proposal) | {"decision": to_json(decision)}}]}
        answer(document, as_json=True, text="")
        return
    voter = Signer(organisation, read_key(key, passphrase(passphrase_variable)))
    with Client(url, signer=voter) as client:
        _ensure_new(client, proposal, here)
        adopted = vote(AtGateway(client), [voter], decision, id=proposal.id, reason=reason)
        since = _in_force_from(client, here) if adopted else ""
    state = (
        f"adopted, in force from 已通过，生效时间 {since}" if adopted else "voted, the others' votes are awaited 已投票"
    )
    described = {"proposal": proposal.id, "adopted": adopted, "since": since, "rules": here.rules_hash.hex()}
    answer(described, as_json=as_json, text=f"{proposal.id}\n  {state}")


def _ensure_new(client: Client, proposal: Propose, here: LoadedContract) -> None:
    """What holds already, or is voted to hold next, needs no vote."""
    voted = sorted((record for record in _activations(client) if record["contract"] == here.name), key=_since)
    now = iso(now_ms())
    passed = [record for record in voted if _since(record) <= now][:-1]
    known = {record["rules_hash"] for record in voted[len(passed) :]}
    if here.rules_hash.hex() in known and AtGateway(client).proposal(proposal.id) is None:
        raise Failure("cli.version_known", "contract", f"other files than those of version {here.version}, in force")


def _in_force_from(client: Client, here: LoadedContract) -> str:
    wanted = (here.name, here.rules_hash.hex())
    return max(_since(each) for each in _activations(client) if (each["contract"], each["rules_hash"]) == wanted)


def _activations(client: Client) -> list[dict[str, Any]]:
    return [each["record"] for each in client.all_records("governance", "activations")]


def _since(record: dict[str, Any]) -> str:
    return str(record["since"])
