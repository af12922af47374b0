"""`infoharbor network attest`, `retire-attester`, `hand-over`: who attests the ledger, and with which keys."""

import secrets
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
from cyclopts import Parameter

from infoharbor.cli.joining import ensure_node
from infoharbor.cli.keys import PassphraseVariable, passphrase
from infoharbor.cli.output import GATEWAY, AsJson, Data, Failure, OwnGatewayUrl, answer, fails_clearly
from infoharbor.cli.records import find
from infoharbor.cli.token_options import NO_TOKEN, TokenOptions
from infoharbor.contractkit.encoding import decode_action
from infoharbor.contracts.identity.attesters import CURRENT, Attesters
from infoharbor.contracts.identity.attesting import HandOver, RetireAttester
from infoharbor.crypto.keyfile import read_key
from infoharbor.edgekit.json_form import from_json
from infoharbor.engine.attester import AttesterKeys, has_attester, move_up
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.folder import DataFolder
from infoharbor.evidence.attesters import Attester
from infoharbor.kernel.limits import ACTION_BYTES
from infoharbor.kernel.records import record_type
from infoharbor.sdk.client import Client
from infoharbor.sdk.keys import Signer
from infoharbor.sdk.problems import Problem

QUORUM_SECONDS = 60
LOOKS_EVERY_SECONDS = 0.2
HANDOVER: Literal["/log/handover"] = "/log/handover"
Organisation = Annotated[str, Parameter(help="The organisation that acts. 操作的机构。")]
Key = Annotated[Path, Parameter(help="The key file of its administrator. 其管理员的密钥文件。")]


@fails_clearly
def attest(
    *,
    organisation: Organisation,
    key: Key,
    data: Data = Path("data"),
    url: OwnGatewayUrl = GATEWAY,
    suite: Literal["ed25519", "ml-dsa-44"] = "ed25519",
    sm2: bool = False,
    token: TokenOptions = NO_TOKEN,
    passphrase_variable: PassphraseVariable = "",
    as_json: AsJson = False,
) -> None:
    """Attest the ledger with new keys: to join, or in the place of one's old ones. 以新密钥见证账本：加入，或更换旧密钥。

    Makes the keys in the node's folder or in a token, registers them, waits until a quorum of those who attest now has
    attested the change, hands over, and puts the new keys in the place of the old ones, which are gone then; in a token they
    stay until its owner removes them. Where it was cut off, it goes on from there. The node goes on meanwhile.
    生成并登记新密钥，等待现有见证方达到法定数见证后交接，以新换旧；令牌中的旧密钥由持有者自行删除。
    中断后可继续，期间节点照常运行。

    Parameters
    ----------
    suite
        What the node cosigns with: ed25519 or ml-dsa-44 (post-quantum 抗量子). 节点的见证签名算法。
    sm2
        Cosign with SM2 (国密) in addition. 另加 SM2 签名。
    """
    folder = DataFolder(data)
    with Client(url, signer=Signer(organisation, read_key(key, passphrase(passphrase_variable)))) as client:
        now = attesters(client)
        ensure_node_of(data, organisation)
        _settle(folder, organisation, now)
        if not has_attester(folder.next_keys):
            number = secrets.token_hex(8)
            make = lambda role, suite: token.make(suite, f"attester-{role}-{number}")  # noqa: E731
            AttesterKeys.generate(suite, sm2=sm2, make=make).write(folder.next_keys)
        keys = AttesterKeys.read(folder.next_keys)
        if keys.public(organisation) not in attesters(client).next:
            client.act(keys.enrolment(organisation))
        after = handed_over(client, url)
    if not _settle(folder, organisation, after):
        raise Failure("network.not_attesting", "--organisation", "its new keys in the set that attests")
    _tell(after, as_json=as_json)


@fails_clearly
def retire_attester(
    retired: str,
    *,
    organisation: Organisation,
    key: Key,
    url: OwnGatewayUrl = GATEWAY,
    passphrase_variable: PassphraseVariable = "",
    as_json: AsJson = False,
) -> None:
    """Take an organisation out of those who attest: one's own, or one without a seat. 令本机构或已无席位的机构退出见证。

    Waits until a quorum of those who attest now has attested the change, and hands over.
    等待现有见证方达到法定数见证后完成交接。

    Parameters
    ----------
    retired
        The organisation that is to attest no more. 退出见证的机构。
    """
    with Client(url, signer=Signer(organisation, read_key(key, passphrase(passphrase_variable)))) as client:
        client.act(RetireAttester(retired))
        _tell(handed_over(client, url), as_json=as_json)


@fails_clearly
def hand_over(
    *,
    organisation: Organisation,
    key: Key,
    url: OwnGatewayUrl = GATEWAY,
    passphrase_variable: PassphraseVariable = "",
    as_json: AsJson = False,
) -> None:
    """Let a change of attesters under way hold, once a quorum has attested it. 在法定数见证后完成进行中的见证方变更。

    Any organisation that attests may do it, if the one that began did not come to it. 发起方未完成时，任一见证方均可执行。
    """
    with Client(url, signer=Signer(organisation, read_key(key, passphrase(passphrase_variable)))) as client:
        _tell(handed_over(client, url), as_json=as_json)


def ensure_node_of(data: Path, organisation: str) -> None:
    """Refuse another's node: it never attests with these keys, and they would take the place of its own."""
    ensure_node(data)
    own = ConsensusHome(data).config().name
    if own != organisation:
        raise Failure("network.node_other", "--data", f"the data folder of {organisation}'s node; this is {own}'s")


def attesters(client: Client) -> Attesters:
    """The set that attests, as the ledger has it."""
    path = record_type(Attesters).path((CURRENT,))
    found = find(client, path)
    if found is None:
        raise Failure("trust.no_attesters", "--url", "a network whose members attest the ledger")
    in_force: Attesters = from_json(Attesters, found["record"], path)
    return in_force


def handed_over(client: Client, url: str) -> Attesters:
    """The set once the change under way holds; the set as it is if there is none."""
    until = time.monotonic() + QUORUM_SECONDS
    while (now := attesters(client)).next:
        action = _handover(url)
        if action is not None:
            try:
                client.act(action)
            except Problem as problem:  # Another member was faster.
                if problem.code != "identity.attesters_settled":
                    raise
        elif time.monotonic() > until:
            raise Failure("attestation.missing", "--url", f"a quorum's attestation within {QUORUM_SECONDS} s")
        else:
            time.sleep(LOOKS_EVERY_SECONDS)
    return now


def _handover(url: str) -> HandOver | None:
    """The action that the node has put together; None while no quorum has attested the change."""
    try:
        with httpx.stream("GET", f"{url.rstrip('/')}{HANDOVER}", timeout=QUORUM_SECONDS) as reply:
            if reply.status_code == httpx.codes.NOT_FOUND:
                return None
            if reply.is_error:
                raise Failure(
                    "cli.no_gateway", "--url", f"a gateway of this version; this one said {reply.status_code}"
                )
            raw = bytearray()
            for part in reply.iter_bytes():
                raw += part
                if len(raw) > ACTION_BYTES:
                    raise Failure("cli.no_gateway", "--url", f"an action of at most {ACTION_BYTES} bytes")
    except httpx.HTTPError as fault:
        raise Failure("cli.no_node", "--url", f"a gateway that answers at {url} ({fault})") from None
    found: HandOver = decode_action(HandOver, bytes(raw))
    return found


def own_entry(set_in_force: Attesters, organisation: str) -> Attester | None:
    return next((entry for entry in set_in_force.members if entry.organisation == organisation), None)


def _settle(folder: DataFolder, organisation: str, now: Attesters) -> bool:
    """Whether the node's keys are those that the set in force names; new ones that it names have their place then."""
    entry = own_entry(now, organisation)
    if entry is not None:
        move_up(folder, entry)
    return (
        entry is not None and has_attester(folder.keys) and AttesterKeys.read(folder.keys).public(organisation) == entry
    )


def _tell(now: Attesters, *, as_json: bool) -> None:
    names = [entry.organisation for entry in now.members]
    told: dict[str, Any] = {"era": now.era, "attesters": names}
    answer(told, as_json=as_json, text=f"era 届次 {now.era}\nattesters 见证方 {', '.join(names)}")
