"""`infoharbor init`, `run` and `token`: found a ledger, run its node, let someone in."""

import secrets
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from infoharbor.cli.output import DEFAULT_DATA, AsJson, Data, Failure, answer, errors, fails_clearly
from infoharbor.contractkit.signatures import possession_message
from infoharbor.contracts.identity.actions import AdmitOrganisation
from infoharbor.contracts.identity.records import NewKey, Registration, User, UserKind
from infoharbor.crypto.hashes import hash_suite
from infoharbor.crypto.keyfile import read_key, write_key
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.lifecycle import create, open_engine
from infoharbor.engine.reader import open_reader
from infoharbor.gateway.agents import keep_agent_key
from infoharbor.gateway.tokens import issue_token
from infoharbor.kernel.registry import installed_registry
from infoharbor.portal.serve import serve
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.telling import SEED_FILE, found_demo, is_demo, tell

DEMO_ORGANISATION = "nanning-exporter"
DEMO_SCANNERS = ("wuzhou-tea-cooperative", "liubao-processor", "nanning-exporter", "pingxiang-carrier", "hanoi-importer")


def _asked(value: str, question: str) -> str:
    return value or input(f"{question}: ").strip()


@fails_clearly
def init(
    *,
    data: Data = DEFAULT_DATA,
    name: str = "",
    organisation: str = "",
    organisation_name: str = "",
    country: str = "",
    registration: Literal["uscc", "lei", "registry"] = "registry",
    number: str = "",
    key: Path | None = None,
    hash_suite_name: Annotated[Literal["sha256", "sm3"], Parameter(name="--hash-suite")] = "sha256",
    as_json: AsJson = False,
) -> None:
    """Found a ledger with its operator, and no demo. 创建账本及其运营方（不含演示数据）。

    What is not given is asked for. 未给出的内容会逐项询问。

    Parameters
    ----------
    name
        The ledger's name, such as ledger.example.org; part of every proof.
    organisation
        The operator's id: lower-case letters, digits, hyphens.
    organisation_name
        The operator's full name.
    country
        ISO 3166-1 code, such as CN.
    registration
        Which register the number is of: uscc (统一社会信用代码), lei, or registry (another).
    number
        The number in that register; check digits are checked.
    key
        The administrator's key file (`infoharbor key new`); one is made in the data folder if none is named.
    hash_suite_name
        sha256 or sm3 (国密); it cannot be changed later.
    """
    name = _asked(name, "Name of the ledger 账本名称 (ledger.example.org)")
    organisation = _asked(organisation, "Operator's id 运营方标识 (a-z, 0-9, -)")
    organisation_name = _asked(organisation_name, "Operator's name 运营方名称")
    country = _asked(country, "Country 国家 (ISO 3166-1)").upper()
    number = _asked(number, f"Registration number 登记号 ({registration})")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = read_key(key) if key else SUITES["ed25519"].generate()
    user = f"u-{secrets.token_hex(12)}"
    proof = private.sign(possession_message(user, private.suite.name, private.public_key))
    founder = AdmitOrganisation(
        organisation, organisation_name, organisation_name, country, Registration(registration), number, True, user,
        NewKey(private.suite.name, private.public_key, proof, 0, 0),
    )  # fmt: skip
    secret = secrets.token_bytes(32)
    founding = genesis(
        name, suite=hash_suite_name, time=now_ms(), secret=secret, founders=[founder],
        registry=installed_registry(hash_suite(hash_suite_name)),
    )  # fmt: skip
    create(data, founding, secret, SUITES["ed25519"].generate())
    file = key or data / "keys" / f"{organisation}-administrator.json"
    if key is None:
        write_key(file, private)
    described = {"chain": chain_id(founding).hex(), "data": str(data), "user": user, "key": str(file)}
    answer(
        described, as_json=as_json,
        text=f"founded 已创建 {name}\nchain 链 {described['chain']}\nadministrator 管理员 {user}, key 密钥 {file}\n"
        f"next 下一步: infoharbor run --data {data}",
    )  # fmt: skip


@fails_clearly
def run(*, data: Data = DEFAULT_DATA, port: int = 8600, host: str = "127.0.0.1", demo: bool = False) -> None:
    """Run the node with its gateway and portal. 运行节点、网关与门户。

    Parameters
    ----------
    port
        The gateway's and the portal's port.
    host
        The address to listen on; beyond this machine only behind a proxy with TLS.
    demo
        Found a demo ledger if the data folder has none, and tell its story.
    """
    if demo and not (data / "genesis").exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        found_demo(data)
    engine = open_engine(data)
    try:
        if demo:
            if not is_demo(data):
                raise Failure("cli.not_a_demo", "--data", "a folder that `run --demo` founded")
            tell(data, engine, engine.chain.registry, lambda en, zh: errors.print(f"  {en} {zh}", style="dim", markup=False))
            _keep_scanners(data)
        serve(engine, data=data, host=host, port=port, ready=lambda address: _welcome(address, data, demo=demo))
    finally:
        engine.close()


def _keep_scanners(data: Path) -> None:
    """The demo's gateway serves several organisations: it keeps the key of each one's scanner."""
    cast = Cast((data / SEED_FILE).read_bytes())
    for organisation in DEMO_SCANNERS:
        try:
            keep_agent_key(data, organisation, cast.signer(organisation, "scanner").key)
        except FileExistsError:
            continue


def _welcome(address: str, data: Path, *, demo: bool) -> None:
    errors.print("")
    errors.print(f"  portal  门户    {address}/", markup=False)
    errors.print(f"  API     接口    {address}/v1/openapi.json", markup=False)
    errors.print(f"  EPCIS           {address}/epcis", markup=False)
    if demo:
        errors.print(f"  token   令牌    infoharbor token --demo --data {data}", markup=False)
    errors.print("  stop    停止    Ctrl-C", markup=False)


@fails_clearly
def token(*, organisation: str = "", demo: bool = False, data: Data = DEFAULT_DATA) -> None:
    """Issue a bearer token for the gateway, alone on standard output. 签发网关访问令牌（仅输出令牌本身）。

    Parameters
    ----------
    organisation
        Whose token: an organisation of the ledger; it is tied to that organisation's first agent.
    demo
        A token of a demo user who may capture events.
    """
    chosen = DEMO_ORGANISATION if demo else organisation
    if not chosen:
        raise Failure("cli.option_missing", "--organisation", "an organisation's id, or --demo")
    reader = open_reader(data)
    try:
        with reader.snapshot() as snapshot:
            kind = reader.chain.registry.tables["identity/users"]
            users: list[User] = [kind.decode(entry.value) for _, entry in snapshot.scan(kind.prefix) if entry.value]
    finally:
        reader.close()
    own = [user for user in users if user.organisation == chosen]
    if not own:
        raise Failure("identity.organisation_unknown", "--organisation", "an organisation of this ledger")
    user = min(own, key=lambda each: (each.kind != UserKind.AGENT, each.id))
    print(issue_token(data, chosen, user.id))
