"""`infoharbor network rotate-validator`, `remove-validator`: another key for a validator, or no vote on blocks any more."""

import functools
import os
import signal
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from infoharbor.cli.deciding import AtGateway, vote
from infoharbor.cli.joining import REQUEST_FILE, decide_on, ensure_node
from infoharbor.cli.keys import PassphraseVariable
from infoharbor.cli.local_network import DEFAULT_DIR, NetworkDir, NetworkFolder
from infoharbor.cli.output import GATEWAY, AsJson, Data, Failure, OwnGatewayUrl, answer, fails_clearly
from infoharbor.cli.token_options import NO_TOKEN, TokenOptions
from infoharbor.cli.trial_members import administrators
from infoharbor.cli.voting import Attempt, Key, Organisation, attempted, voters_at
from infoharbor.cli.waiting import wait_until
from infoharbor.contracts.governance.actions import VALIDATORS, SetCodes
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.edgekit.json_form import from_json
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.joining import Request
from infoharbor.sdk.client import Client

RESTART_SECONDS = 60


@fails_clearly
def rotate_validator(
    node: str = "",
    *,
    data: Data | None = None,
    directory: NetworkDir = DEFAULT_DIR,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    token: TokenOptions = NO_TOKEN,
    as_json: AsJson = False,
) -> None:
    """Make another key for a validator, for the members to vote it in the old one's place. 为验证节点换新密钥，交成员表决。

    With a data folder this writes the request that the members vote with `network admit --validator`; once it is adopted,
    start the node again: it votes with the new key then. Of a trial network it does all of that.
    指定数据目录时只写出申请文件，交成员用 `network admit --validator` 表决；通过后重启节点即用新密钥。
    试验网络则全部自动完成。

    Parameters
    ----------
    node
        A node of the trial network in `--dir`, such as member-2. `--dir` 中试验网络的节点。
    data
        The data folder of one's own node, in the place of `node`.
    output
        Where the request goes; by default request.json in the data folder. 申请文件的路径；默认为数据目录中的 request.json。
    """
    trial = NetworkFolder(directory)
    if data is None:
        trial.keeper()
    folder = data if data is not None else trial.data(_named(trial, node))
    ensure_node(folder)
    asked = _request(folder, token)
    file = output or folder / REQUEST_FILE
    file.write_bytes(msgspec.json.format(msgspec.json.encode(asked)))
    if data is None:
        _carry_out(trial, node, asked)
    described = {"request": str(file), "validator": asked.validator}
    following = (
        "next 下一步: members vote, `infoharbor network admit --validator`; start the node again 成员表决后重启节点"
    )
    text = f"{node} has its next key 已换用新密钥" if data is None else f"request 申请文件 {file}\n{following}"
    answer(described, as_json=as_json, text=text)


@fails_clearly
def remove_validator(
    removed: str,
    *,
    organisation: Organisation = "",
    key: Key = None,
    url: OwnGatewayUrl = GATEWAY,
    directory: NetworkDir = DEFAULT_DIR,
    attempt: Attempt = 1,
    passphrase_variable: PassphraseVariable = "",
    as_json: AsJson = False,
) -> None:
    """Vote that an organisation's validator votes on blocks no more; its node still reads. 表决移除验证节点，其节点仍可读取。

    Parameters
    ----------
    removed
        The organisation whose validator it is. 验证节点所属机构。
    directory
        A trial network, all of whose members vote yes, if no key is given.
    """
    voters, gateway = voters_at(organisation, key, passphrase_variable, url=url, directory=directory)
    with Client(gateway, signer=voters[0]) as client:
        entry, version = _entry(client, removed)
        decision = SetCodes((entry.replace(until=entry.valid_from + 1),))
        name = attempted(f"remove-{removed}-{version}", attempt)
        state = f"{removed} validates no more 不再是验证节点"
        adopted = vote(AtGateway(client), voters, decision, id=name, reason=state)
        text = state if adopted else AtGateway(client).awaited(name)
    answer({"adopted": adopted}, as_json=as_json, text=text)


def _named(trial: NetworkFolder, node: str) -> str:
    names = [each.name for each in trial.layout().nodes]
    if node not in names:
        raise Failure("network.node_unknown", "node", f"one of {', '.join(names)}")
    return node


def _request(data: Path, token: TokenOptions) -> Request:
    """What the members vote: the node as it is, with its next key."""
    home = ConsensusHome(data)
    config = home.config()
    if token.pkcs11 is not None and home.next_key.exists and not home.next_key.in_token:
        raise Failure("network.next_key", "--pkcs11", "no next key, or one in a token")
    key = home.make_next_key(functools.partial(token.validator_key, config.name))
    return Request(config.name, home.node_id(), key.hex(), config.listen, {"id": config.name})


def _carry_out(trial: NetworkFolder, node: str, asked: Request) -> None:
    """All members vote, and the node is ended, for its keeper to start it again with its new key."""
    nodes = trial.layout().nodes
    voters = administrators(trial.data(each.name) for each in nodes)
    with Client(f"http://127.0.0.1:{nodes[0].port}", signer=voters[0]) as client:
        decide_on(client, voters, asked, "validator", trial.data(nodes[0].name))
    process = trial.running().nodes.get(node)
    if process is None:
        return
    os.kill(process, signal.SIGTERM)
    wanted = f"the node with its new key within {RESTART_SECONDS} s; see its log"
    wait_until(
        lambda: ConsensusHome(trial.data(node)).validator_key().hex() == asked.validator,
        RESTART_SECONDS,
        Failure("network.not_restarted", node, wanted),
    )


def _entry(client: Client, organisation: str) -> tuple[CodeEntry, int]:
    """The organisation's entry among the validators that the members have voted, and its version."""
    for found in client.all_records("governance", "codes"):
        record = found["record"]
        if (record["code_table"], record["code"]) == (VALIDATORS, organisation):
            return from_json(CodeEntry, record, "record"), int(found["version"])
    raise Failure("network.validator_unknown", "removed", "an organisation whose validator the members have voted")
