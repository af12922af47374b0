"""`infoharbor run` and `token`: run a node with its doors, let someone in."""

import faulthandler
import signal
from collections.abc import Callable, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from infoharbor.cli.addresses import ensure_port, ensure_proxies, ensure_public_url
from infoharbor.cli.logs import Form, LogFormat, following, logger, told_as
from infoharbor.cli.output import DEFAULT_DATA, Data, Failure, ReadmodelUrl, errors, fails_clearly
from infoharbor.contracts.identity.records import User, UserKind, UserStatus
from infoharbor.edgekit.cast import Cast
from infoharbor.edgekit.webhooks import Targets
from infoharbor.engine.attested_notes import attesting
from infoharbor.engine.embedded import EmbeddedEngine
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.engine.reader import open_reader
from infoharbor.gateway.agents import keep_agent_key
from infoharbor.gateway.listening import METRICS_HOST
from infoharbor.gateway.tokens import issue_token
from infoharbor.portal.serve import serve
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.telling import DAY_MS, PAST_DAYS, SEED_FILE, StoryClock, found_demo, is_demo, tell

DEMO_ORGANISATION = "nanning-exporter"
DEMO_SCANNERS = (
    "wuzhou-tea-cooperative",
    "liubao-processor",
    "nanning-exporter",
    "pingxiang-carrier",
    "hanoi-importer",
)


@fails_clearly
def run(
    *,
    data: Data = DEFAULT_DATA,
    port: int = 8600,
    host: str = "127.0.0.1",
    demo: bool = False,
    public_url: str = "",
    readmodel_url: ReadmodelUrl = "",
    webhook_network: tuple[str, ...] = (),
    trusted_proxy: tuple[str, ...] = (),
    metrics_port: int | None = None,
    keep_blocks: Annotated[int, Parameter(validator=Number(gte=0))] = 0,
    log_format: LogFormat = "text",
    trace_to: str = "",
) -> None:
    """Run the node with its gateway and portal. 运行节点、网关与门户。

    Parameters
    ----------
    port
        The gateway's and the portal's port. 网关与门户的端口。
    host
        The address to listen on; beyond this machine only behind a proxy with TLS. 监听地址；对外开放须置于 TLS 代理之后。
    demo
        Found a demo ledger if the data folder has none, and tell its story. 数据目录中没有账本时创建演示账本并写入演示数据。
    public_url
        Where readers find this node, such as https://ledger.example behind a proxy; QR codes and links say it.
        读者访问本节点的网址，用于二维码与链接。
    webhook_network
        A network, such as 10.1.0.0/16, that subscriptions may have events sent to; public addresses always are.
        允许订阅推送的内网网段；公网地址始终允许。
    trusted_proxy
        The address or network of a proxy whose X-Forwarded-For is believed: each address behind it has a rate of its own.
        可信代理的地址或网段：采信其 X-Forwarded-For，按来源地址分别限流。
    metrics_port
        Answer Prometheus at 127.0.0.1:PORT/metrics; by default nowhere. 供 Prometheus 采集的端口；默认不开放。
    keep_blocks
        How many of the newest blocks stay at least; older ones, and with them histories and receipts, are dropped a quarter
        of a GiB at a time. By default all stay. 至少保留的最新区块数；更早的区块连同历史与回执会被删除。默认全部保留。
    trace_to
        Send traces of requests to an OpenTelemetry collector (OTLP over HTTP), such as http://127.0.0.1:4318; by default
        nowhere. 将请求链路数据发往 OpenTelemetry 采集器；默认不发送。
    """
    faulthandler.register(signal.SIGUSR1)  # Where a node stands still, its operator sees at what: on standard error.
    with told_as(log_format), following(log_format, trace_to) as observer:
        ensure_port(host, port)
        if metrics_port is not None:
            ensure_port(METRICS_HOST, metrics_port, option="--metrics-port")
        ensure_public_url(public_url)
        webhooks = targets(webhook_network)
        ensure_proxies(trusted_proxy)
        if demo and not (data / "genesis").exists():
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            found_demo(data, time=now_ms() - PAST_DAYS * DAY_MS)
        if demo and not is_demo(data):
            raise Failure("cli.not_a_demo", "--data", "a folder that `run --demo` founded")
        clock = StoryClock(data) if demo else None
        if (data / "consensus" / "sync.json").exists():
            errors.print(
                "  fetches the state that other nodes have 正在获取其他节点的账本状态", style="dim", markup=False
            )
        engine = open_engine(data, clock=clock, keep_blocks=keep_blocks)
        try:
            ensure_not_a_members(engine)
            if demo:
                tell(data, engine, engine.chain.registry, _report(log_format), clock=clock)
                _keep_scanners(data)
            serve(
                engine,
                data=data,
                host=host,
                port=port,
                readmodel_url=readmodel_url,
                public_url=public_url.rstrip("/"),
                webhooks=webhooks,
                trusted_proxies=trusted_proxy,
                metrics_port=metrics_port,
                observer=observer,
                ready=_ready(log_format, data, demo=demo),
            )
        finally:
            engine.close()


def ensure_not_a_members(engine: NodeEngine) -> None:
    """Refuse to go on alone with a network's ledger, such as a backup of a member's: it would be a second history."""
    with engine.snapshot() as snapshot:
        attested = attesting(snapshot) is not None
    if attested and isinstance(engine, EmbeddedEngine):
        raise Failure("node.not_alone", "--data", "a folder with consensus/, or a ledger that one operator keeps")


def targets(networks: Sequence[str]) -> Targets:
    """Where the operator lets events be sent."""
    try:
        return Targets(tuple(map(ip_network, networks)))
    except ValueError:
        raise Failure("cli.webhook_network", "--webhook-network", "a network such as 10.1.0.0/16") from None


def _keep_scanners(data: Path) -> None:
    """The demo's gateway serves several organisations: it keeps the key of each one's scanner."""
    cast = Cast((data / SEED_FILE).read_bytes())
    for organisation in DEMO_SCANNERS:
        try:
            keep_agent_key(data, organisation, cast.signer(organisation, "scanner").key)
        except FileExistsError:
            continue


def _report(form: Form) -> Callable[[str, str], None]:
    """Tells each step of the demo, by its titles in English and Chinese."""
    if form == "json":
        return lambda en, zh: logger.info("the demo is told", extra={"step": en})
    return lambda en, zh: errors.print(f"  {en} {zh}", style="dim", markup=False)


def _ready(form: Form, data: Path, *, demo: bool) -> Callable[[str], None]:
    """Tells where the node answers."""
    if form == "json":
        return lambda address: logger.info("the node answers", extra={"address": address})
    return lambda address: _welcome(address, data, demo=demo)


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
        Whose token: an organisation of the ledger; it is tied to its first agent, or its first user.
        令牌所属机构；绑定其首个智能体，若无则首个用户。
    demo
        A token of a demo user who may capture events. 可采集事件的演示用户的令牌。
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
    own = [user for user in users if user.organisation == chosen and user.status == UserStatus.ACTIVE]
    if not own and demo:
        raise Failure("cli.not_a_demo", "--demo", "a folder that `run --demo` founded, or --organisation ID")
    if not own:
        raise Failure(
            "identity.organisation_unknown", "--organisation", "an organisation of this ledger, with an active user"
        )
    user = min(own, key=lambda each: (each.kind != UserKind.AGENT, each.id))
    print(issue_token(data, chosen, user.id))
