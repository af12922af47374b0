"""What the routes share: the ledger, who may ask, the agents' keys, and how a transaction is sent."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from infoharbor.edgekit.webhooks import PUBLIC, Targets
from infoharbor.gateway.agents import Agents
from infoharbor.gateway.credentials import Credentials
from infoharbor.gateway.observing import Observer, following, observed
from infoharbor.gateway.places import Places
from infoharbor.gateway.problems import TooOften
from infoharbor.gateway.pulse import Pulse
from infoharbor.gateway.rates import Rate, Rates
from infoharbor.gateway.scans import Scans
from infoharbor.gateway.tokens import Tokens
from infoharbor.kernel.block import Receipt
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.transaction import Ceilings
from infoharbor.readmodel.follower import Follower
from infoharbor.sdk.building import Part, build
from infoharbor.sdk.keys import Signing, id_of
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.local import LocalClient
from infoharbor.sdk.problems import Problem
from infoharbor.sdk.proving import Node
from infoharbor.vault.vaults import Vaults

WAIT_S: Final = 30
"""How long an answer waits for a transaction's block; then it says that the transaction still waits."""


class Config(NamedTuple):
    """How a gateway is set up. Without `data` it has no tokens and keeps no agents' keys.

    `member_rate` holds for each organisation, `anonymous_rate` for each address; `streams` is the most that are open;
    `trust` makes the trust file; `follower` keeps an SQL mirror that answers queries. `public_url` is where readers find
    this gateway if that is not where it listens, such as `https://ledger.example` behind a proxy. `webhooks` says where
    subscriptions may have their events sent. Of `trusted_proxies`, addresses or networks, `X-Forwarded-For` is believed.
    `observer` follows requests.
    """

    data: Path | None = None
    member_rate: Rate = Rate(5_000, 20_000)
    anonymous_rate: Rate = Rate(50, 200)
    streams: int = 500
    trust: Callable[[], str] | None = None
    follower: Follower | None = None
    public_url: str = ""
    webhooks: Targets = PUBLIC
    trusted_proxies: tuple[str, ...] = ()
    observer: Observer | None = None


DEFAULT: Final = Config()


class Gateway:
    """One engine as it is offered over HTTP."""

    def __init__(self, engine: Node, config: Config = DEFAULT) -> None:
        self.engine, self.registry, self.config = engine, engine.chain.registry, config
        self.ledger = Ledger(engine, follower=config.follower)
        self.tokens = Tokens(config.data) if config.data is not None else None
        self.scans = Scans(config.data) if config.data is not None else None
        self.agents = Agents(config.data) if config.data is not None else None
        self.vaults = Vaults(config.data, self.ledger.chain.id) if config.data is not None else None
        self.credentials = Credentials(self.ledger, self.tokens)
        self.pulse = Pulse(engine)
        self.streams = 0
        self.places = Places()
        self._members, self._anonymous = Rates(config.member_rate), Rates(config.anonymous_rate)

    def client(self, reader: Reader) -> LocalClient:
        """The ledger as this reader sees it."""
        return LocalClient(self.ledger, reader=reader)

    @property
    def is_quarantined(self) -> bool:
        """Whether the node knows that its ledger is not the network's: what is copied from it would be read as true."""
        return self.engine.status().condition == "quarantined"

    def admit(self, authorization: str, host: str, address: str) -> Reader:
        """Who asks, if the asker may ask now; raises a `Problem`."""
        try:
            reader = self.credentials.reader(authorization, host)
        except Problem:
            self.charge(Reader(), address)
            raise
        if (observation := observed()) is not None:
            observation.organisation = reader.organisation
        self.charge(reader, address)
        return reader

    def charge(self, reader: Reader, address: str, cost: int = 1) -> None:
        """Take requests out of the organisation's bucket, or the address's; raises `TooOften`. Everything asked passes here,
        and is refused where the node is in quarantine."""
        if self.is_quarantined:
            raise Problem("node.quarantined", expected=self.engine.status().reason)
        rates, who = (self._members, reader.organisation) if reader.is_member else (self._anonymous, address)
        seconds = rates.take(who, cost)
        if seconds:
            raise TooOften(seconds)

    async def submit(self, reader: Reader, raw: bytes, *, wait_s: float = WAIT_S) -> dict[str, Any] | None:
        """Send a transaction: its receipt, or None if it still waits after `wait_s`, and for 0 whatever has become of it by
        now. Raises `Problem` or `Refused`."""
        followed = following(self.engine)
        submitted = self.engine.submit(raw)
        if followed is not None:
            followed.watch(submitted)
        future = asyncio.wrap_future(submitted)
        try:
            done, _ = await asyncio.wait({future}, timeout=wait_s)
            if not done:
                future.add_done_callback(_look)
                return None
            receipt = future.result()
            return self.client(reader).answer(receipt) if wait_s else None
        finally:
            if followed is not None:
                followed.end(submitted, raw)

    async def submit_many(self, reader: Reader, raws: Sequence[bytes]) -> list[dict[str, Any] | Exception]:
        """Send transactions together; for each its receipt, or what it met."""
        found = await asyncio.gather(*(self.submit(reader, raw) for raw in raws), return_exceptions=True)
        return [_outcome(each) for each in found]

    def ensure_agent(self, reader: Reader) -> Signing:
        """The key with which the bearer's organisation signs here; raises a `Problem` if there is none."""
        if not reader.is_member:
            raise Problem("http.credential", field="Authorization", expected="a bearer token")
        agent = self.agents.signer(reader.organisation) if self.agents is not None else None
        if agent is None:
            raise Problem(
                "http.no_agent", field="Authorization", expected="an organisation whose agent key is kept here"
            )
        return agent

    def sign_as_agent(self, reader: Reader, parts: Sequence[Part], *, ceilings: Ceilings | None = None) -> bytes:
        """A transaction that the organisation's agent signs for a bearer of its token; raises `Problem`.

        The agent acts for its own organisation only, and the ledger lets its key sign only what is in the key's scope.
        """
        if reader.is_member and any(by != (reader.organisation,) for _, by in parts):
            raise Problem("http.forbidden", field="by", expected=reader.organisation)
        agent = self.ensure_agent(reader)
        return build(self.ledger.chain, parts, [id_of(agent)], ceilings=ceilings).signed_by(agent)

    def close(self) -> None:
        if self.tokens is not None:
            self.tokens.close()
        if self.scans is not None:
            self.scans.close()
        if self.vaults is not None:
            self.vaults.close()


def _look(future: "asyncio.Future[Receipt]") -> None:
    """Take note of the outcome that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


def _outcome(found: dict[str, Any] | BaseException | None) -> dict[str, Any] | Exception:
    if found is None:
        return Problem("ledger.still_waiting", field="transaction", expected="its receipt, later")
    if isinstance(found, (dict, Exception)):
        return found
    raise found
