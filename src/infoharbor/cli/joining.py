"""`infoharbor network join`, `admit`, `add-validator`: a new organisation's node comes into a network."""

import functools
import hashlib
import itertools
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from infoharbor.cli.addresses import ensure_public_url
from infoharbor.cli.deciding import AtGateway, vote
from infoharbor.cli.founding import admission, ensure_admissible
from infoharbor.cli.keys import PassphraseVariable, passphrase
from infoharbor.cli.local_network import DEFAULT_DIR, Layout, NetworkDir, NetworkFolder, Node
from infoharbor.cli.output import GATEWAY, AsJson, Data, Failure, OwnGatewayUrl, answer, fails_clearly
from infoharbor.cli.token_options import NO_TOKEN, TokenOptions
from infoharbor.cli.trial_members import Member, administrators, key_file
from infoharbor.cli.voting import Attempt, Organisation, attempted
from infoharbor.cli.waiting import wait_until
from infoharbor.contracts.governance.actions import VALIDATORS, Decision
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import OrganisationStatus
from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.json_form import from_json, to_json
from infoharbor.engine.cometbft.founding import free_ports
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.joining import (
    Invitation,
    Request,
    accept,
    ask,
    invite,
    read_invitation,
    read_request,
    write_invitation,
)
from infoharbor.engine.cometbft.validators import NODES, admits
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.problems import Problem

CATCH_UP_SECONDS = 300
REQUEST_FILE = "request.json"
NEXT = "next 下一步: give it to the members, who vote by `infoharbor network admit` 交各成员表决"


@fails_clearly
def join(
    *,
    data: Data = Path("data"),
    invitation: Path | None = None,
    organisation: str = "",
    organisation_name: str = "",
    country: str = "",
    registration: Literal["uscc", "lei", "registry"] = "registry",
    number: str = "",
    listen: str = "",
    returning: bool = False,
    all_blocks: bool = False,
    token: TokenOptions = NO_TOKEN,
    as_json: AsJson = False,
) -> None:
    """Ask to join a network; and once voted in, with the invitation, do so. 申请加入网络；表决通过后凭邀请文件加入。

    Without an invitation this makes the node's and the administrator's keys in the data folder, and a request file for the
    members; in a token, if one is named, the key by which it votes on blocks. With an invitation it makes the node's ledger;
    `infoharbor run` then fetches the state that the members have. A member whose disk is lost comes back in the same way,
    `--returning`: its node gets new keys. 无邀请文件时，在数据目录中生成节点与管理员密钥以及申请文件；
    凭邀请文件则建立节点账本，再由 `infoharbor run` 获取成员的状态。
    磁盘丢失的成员用 `--returning` 以同样方式恢复，节点换用新密钥。

    Parameters
    ----------
    invitation
        The file that a member made with `network admit`. 成员用 `network admit` 生成的邀请文件。
    organisation
        The organisation's id: lower-case letters, digits, hyphens. 机构标识：小写字母、数字、连字符。
    organisation_name
        Its full name. 机构全称。
    country
        ISO 3166-1 code, such as CN. 国家或地区代码（ISO 3166-1），如 CN。
    registration
        The number's register: uscc (统一社会信用代码), lei, or registry (another 其他). 号码的登记类型。
    number
        The number in that register. 登记号码。
    listen
        host:port at which the other nodes reach this one. 供其他节点连接的“主机:端口”。
    returning
        The organisation is a member already: only `--organisation` and `--listen` are asked for, and its users' keys stay.
        机构已是成员：只需 `--organisation` 与 `--listen`，用户密钥不变。
    all_blocks
        Fetch every block from the first on: slow, and the node has all histories. 下载全部区块：较慢，但保有全部历史。
    """
    if invitation is not None:
        accept(data, read_invitation(invitation), all_blocks=all_blocks)
        answer({"data": str(data)}, as_json=as_json, text=f"joined 已加入\nnext 下一步: infoharbor run --data {data}")
        return
    given = {"--organisation": organisation, "--listen": listen}
    if not returning:
        given |= {"--organisation-name": organisation_name, "--country": country, "--number": number}
    for option, value in given.items():
        if not value:
            raise Failure("cli.option_missing", option, "a value")
    ensure_address(listen)
    make = functools.partial(token.validator_key, organisation)
    if returning:
        file = _write_request(data, ask(data, organisation, listen, {"id": organisation}, make))
        answer({"request": str(file)}, as_json=as_json, text=f"request 申请文件 {file}\n{NEXT}")
        return
    key, user = SUITES["ed25519"].generate(), f"u-{secrets.token_hex(12)}"
    newcomer = admission(organisation, organisation_name, country, registration, number, user, key)
    ensure_admissible(newcomer)
    request = ask(data, organisation, listen, to_json(newcomer), make)
    key_file(data, organisation).parent.mkdir(mode=0o700, exist_ok=True)
    write_key(key_file(data, organisation), key)
    file = _write_request(data, request)
    answer(
        {"request": str(file), "user": user, "key": str(key_file(data, organisation))}, as_json=as_json,
        text=f"request 申请文件 {file}\n{NEXT}",
    )  # fmt: skip


def _write_request(data: Path, request: Request) -> Path:
    file = data / REQUEST_FILE
    file.write_bytes(msgspec.json.format(msgspec.json.encode(request)))
    return file


@fails_clearly
def admit(
    request: Path,
    *,
    organisation: Organisation,
    key: Path,
    url: OwnGatewayUrl = GATEWAY,
    validator: bool = False,
    data: Path | None = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("invitation.json"),
    gateway: tuple[str, ...] = (),
    attempt: Attempt = 1,
    passphrase_variable: PassphraseVariable = "",
    as_json: AsJson = False,
) -> None:
    """Vote for a newcomer; whose vote decides can write its invitation. 表决接纳新成员；通过后可写出邀请文件。

    Parameters
    ----------
    request
        The newcomer's request file. 新成员的申请文件。
    key
        The key file of a user who may vote for it. 可代其投票的用户的密钥文件。
    validator
        Vote for its vote on blocks, once its node runs and has caught up. 在其节点运行并追平后，表决其参与区块投票。
    data
        One's own node's data folder: then an invitation is written. 本机构节点的数据目录：表决通过即写出邀请文件。
    output
        Where the invitation goes; it holds the members' common secret. 邀请文件的路径；含成员共有的密钥，须保密传递。
    gateway
        A member's gateway as the newcomer reaches it, such as https://ledger.example, one's own first; two are best. There it
        asks whose signatures the blocks have, and begins with the members' state in place of the first block.
        新成员可访问的成员网关，本机构的在前，最好两个；新节点据此核对区块签名，并从成员的账本状态开始。
    """
    asked = read_request(request)
    for address in gateway:
        ensure_public_url(address, option="--gateway")
    if data is not None:
        ensure_node(data)
    voter = Signer(organisation, read_key(key, passphrase(passphrase_variable)))
    with Client(url, signer=voter) as client:
        if is_member(asked) and not validator:
            ensure_member(client, asked.name)
        what = ("validator",) if validator else ("node",) if is_member(asked) else ("node", "member")
        missing = [each for each in what if not vote_on(client, [voter], asked, each, data, attempt)]
        state = "adopted 已通过"
        if missing:
            state = AtGateway(client).awaited(_proposal(asked, missing[0], attempt))
    described: dict[str, Any] = {"adopted": not missing, "invitation": "", "begins": None}
    lines = [state]
    if not missing and data is not None and not validator:
        invitation = invite(data, gateway)
        write_invitation(output, invitation)
        described |= {"invitation": str(output), "begins": "blocks" if invitation.sync is None else "state"}
        lines += [f"invitation 邀请文件 {output}", _beginning(invitation)]
    answer(described, as_json=as_json, text="\n".join(lines))


def _beginning(invitation: Invitation) -> str:
    """With what the newcomer begins, and why."""
    if invitation.sync is not None:
        return "begins with the members' state 从成员的账本状态开始"
    cause = "this node has kept no state yet 本节点尚未保存状态" if invitation.gateways else "no --gateway 未指定网关"
    return f"begins with the first block 从首个区块开始: {cause}"


@fails_clearly
def add_validator(*, directory: NetworkDir = DEFAULT_DIR, as_json: AsJson = False) -> None:
    """Add an organisation with a validator to a trial network that runs. 为运行中的试验网络增加一家机构及其验证节点。"""
    folder = NetworkFolder(directory)
    folder.keeper()
    layout = folder.layout()
    names = [node.name for node in layout.nodes]
    member = Member.new(next(number for number in itertools.count(len(names) + 1) if f"member-{number}" not in names))
    data = folder.data(member.name)
    voters = administrators(folder.data(node.name) for node in layout.nodes)
    first = layout.nodes[0]
    with Client(f"http://127.0.0.1:{first.port}", signer=voters[0]) as client:
        client.status()
        asked = ask(data, member.name, f"127.0.0.1:{free_ports(1)[0]}", to_json(member.admission))
        # Once it is a member, its seat counts: whatever can, is decided before.
        for what in ("node", "member"):
            decide_on(client, voters, asked, what, folder.data(first.name))
        accept(data, invite(folder.data(first.name), [f"http://127.0.0.1:{node.port}" for node in layout.nodes[:2]]))
        file = member.write_key(data)
        port = max(node.port for node in layout.nodes) + 1
        folder.write_layout(Layout((*layout.nodes, Node(member.name, port))))
        _wait_for(f"http://127.0.0.1:{port}", int(client.status()["height"]))
        voters.append(Signer(member.name, member.key))
        decide_on(client, voters, asked, "validator", folder.data(first.name))
    described = {"name": member.name, "data": str(data), "user": member.user, "key": str(file)}
    answer(described, as_json=as_json, text=f"{member.name} validates 已成为验证节点, key 密钥 {file}")


def is_member(asked: Request) -> bool:
    """Whether who asks says that it is a member already: then there is nobody to be admitted, only a node."""
    return set(asked.admission) == {"id"}


def ensure_member(client: Client, organisation: str) -> None:
    """Refuse who only says so: the invitation holds the members' common secret."""
    if client.record(f"identity/organisations/{organisation}")["record"]["status"] != OrganisationStatus.ACTIVE:
        raise Failure("identity.organisation_not_active", "request", "an active organisation")


def vote_on(
    client: Client, voters: list[Signer], asked: Request, what: str, data: Path | None, attempt: int = 1
) -> bool:
    """One of the three decisions that make a newcomer a member, its node one that may call, and that node a validator."""
    name = str(asked.admission["id"])
    decision: Decision
    if what == "member":
        decision = from_json(AdmitOrganisation, asked.admission, "admission")
    elif what == "node":
        decision = admits(NODES, _founding(client, NODES, data) | {asked.name: asked.node})
    else:
        decision = admits(VALIDATORS, _founding(client, VALIDATORS, data) | {name: asked.validator})
    proposal = _proposal(asked, what, attempt)
    return vote(AtGateway(client), voters, decision, id=proposal, reason=f"{name} joins 加入: {what}")


def decide_on(client: Client, voters: list[Signer], asked: Request, what: str, data: Path) -> None:
    """As `vote_on`, with a majority of the members among the voters; `network.not_adopted` if they are too few."""
    if not vote_on(client, voters, asked, what, data):
        raise Failure("network.not_adopted", what, "a majority of the members' votes")


def _proposal(asked: Request, what: str, attempt: int) -> str:
    """The same for all who vote for this request."""
    named = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:12]
    return attempted(f"join-{asked.admission['id']}-{what}-{named}", attempt)


def _founding(client: Client, table: str, data: Path | None) -> dict[str, str]:
    """What the table's first entries have to hold besides: from then on it alone says who belongs. A network that grew
    from a pilot begins with empty tables."""
    if any(each["record"]["code_table"] == table for each in client.all_records("governance", "codes")):
        return {}
    if data is None:
        raise Failure("network.founding", "--data", "one's own node's data folder")
    home = ConsensusHome(data)
    return home.founding_members() if table == VALIDATORS else home.known_nodes()


def ensure_node(data: Path) -> None:
    if not ConsensusHome(data).has_keys:
        raise Failure("network.no_request", "--data", "the data folder of a network's node")


def ensure_address(text: str) -> None:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise Failure("network.address", "--listen", "host:port")


def _wait_for(gateway: str, height: int) -> None:
    """Until the new node, which may fetch the others' state before it answers at all, is at this height."""

    def is_there() -> bool:
        try:
            with Client(gateway) as client:
                return int(client.status()["height"]) >= height
        except Problem as problem:
            if problem.code != "client.unreachable":
                raise
            return False

    wanted = f"block {height} within {CATCH_UP_SECONDS} s; see the node's log"
    wait_until(is_there, CATCH_UP_SECONDS, Failure("network.not_caught_up", "--dir", wanted))
