"""`infoharbor network rotate-validator`, `remove-validator`: another key for a validator, or no vote on blocks any more."""

import os
import signal
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from infoharbor.cli.joining import REQUEST_FILE, decide_on, ensure_node
from infoharbor.cli.keys import passphrase
from infoharbor.cli.local_network import DEFAULT_DIR, NetworkDir, NetworkFolder
from infoharbor.cli.output import GATEWAY, AsJson, Data, Failure, answer, fails_clearly
from infoharbor.cli.trial_members import administrators, tally, vote
from infoharbor.cli.waiting import wait_until
from infoharbor.contracts.governance.actions import VALIDATORS, SetCodes
from infoharbor.contracts.governance.records import CodeEntry
from infoharbor.crypto.keyfile import read_key
from infoharbor.edgekit.json_form import from_json
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.joining import Request
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer

RESTART_SECONDS = 60
Organisation = Annotated[str, Parameter(help="The organisation that votes; it needs a seat. 投票的机构，须有席位。")]
Key = Annotated[Path | None, Parameter(help="The key file of a user who may vote for it. 可代其投票的用户的密钥文件。")]


@fails_clearly
def rotate_validator(
    node: str = "",
    *,
    data: Data | None = None,
    directory: NetworkDir = DEFAULT_DIR,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    as_json: AsJson = False,
) -> None:
    """Make another key for a validator, for the members to vote it in the old one's place. 为验证节点换新密钥，交成员表决。

    With a data folder this writes the request that the members vote with `network admit --validator`; once it is adopted,
    start the node again: it votes with the new key then. Of a trial network it does all of that.

    Parameters
    ----------
    node
        A node of the trial network in `--dir`, such as member-2.
    data
        The data folder of one's own node, in the place of `node`.
    output
        Where the request goes; by default request.json in the data folder.
    """
    trial = NetworkFolder(directory)
    if data is None:
        trial.keeper()
    folder = data if data is not None else trial.data(_named(trial, node))
    ensure_node(folder)
    asked = _request(folder)
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
    url: str = GATEWAY,
    directory: NetworkDir = DEFAULT_DIR,
    passphrase_variable: str = "",
    as_json: AsJson = False,
) -> None:
    """Vote that an organisation's validator votes on blocks no more; its node still reads. 表决移除验证节点，其节点仍可读取。

    Parameters
    ----------
    removed
        The organisation whose validator it is.
    url
        The gateway of one's own node.
    directory
        A trial network, all of whose members vote yes, if no key is given.
    passphrase_variable
        The environment variable that holds the passphrase of the key file.
    """
    if key is not None:
        voters = [Signer(organisation, read_key(key, passphrase(passphrase_variable)))]
    else:
        trial = NetworkFolder(directory)
        trial.keeper()
        nodes = trial.layout().nodes
        voters = administrators(trial.data(each.name) for each in nodes)
        url = f"http://127.0.0.1:{nodes[0].port}"
    with Client(url, signer=voters[0]) as client:
        entry, version = _entry(client, removed)
        decision = SetCodes((entry.replace(until=entry.valid_from + 1),))
        name = f"remove-{removed}-{version}"
        adopted = vote(client, voters, decision, id=name, reason=f"{removed} validates no more")
        text = (
            f"{removed} validates no more 不再是验证节点"
            if adopted
            else f"voted 已投票，等待其他成员: {tally(client, name)}"
        )
    answer({"adopted": adopted}, as_json=as_json, text=text)


def _named(trial: NetworkFolder, node: str) -> str:
    names = [each.name for each in trial.layout().nodes]
    if node not in names:
        raise Failure("network.node_unknown", "node", f"one of {', '.join(names)}")
    return node


def _request(data: Path) -> Request:
    """What the members vote: the node as it is, with its next key."""
    home = ConsensusHome(data)
    config = home.config()
    return Request(config.name, home.node_id(), home.make_next_key().hex(), config.listen, {"id": config.name})


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
