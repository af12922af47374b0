"""A node on a free port of this machine, with a bank whose money some firms hold: what gateway and SDK are tried on."""

import asyncio
import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from infoharbor.contractkit import Action
from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.tokens import IssueToken, Mint, Transfer
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import NewKey, Registration, UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast, Signer
from infoharbor.engine.founding import genesis
from infoharbor.engine.lifecycle import create, open_engine
from infoharbor.engine.node import NodeEngine
from infoharbor.gateway.agents import keep_agent_key
from infoharbor.gateway.serve import Config, Server, server
from infoharbor.gateway.tokens import issue_token
from infoharbor.kernel.registry import installed_registry
from infoharbor.sdk.building import build_signed, now_ms
from infoharbor.sdk.ledger import Ledger
from infoharbor.sdk.local import LocalClient

TOKEN = "bank:cny"
ORGANISATIONS = ("bank", "firm-1", "firm-2", "firm-3")
AGENT_SCOPE = ("trace.SetAudience",)


class Node:
    """A running node; `url` is where its gateway answers."""

    def __init__(self, data: Path, *, config: Config | None = None) -> None:
        self.data = data
        self.cast = Cast(b"gateway tests")
        self.agent = self.cast.signer("firm-1", "agent")
        if not (data / "genesis").exists():
            found(data, self.cast)
        self.engine: NodeEngine = open_engine(data, workers=0)
        self.ledger = Ledger(self.engine)
        self.config = config or Config(data=data)
        self._start()

    def _start(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self.server: Server = server(self.engine, config=self.config)
        self._thread = threading.Thread(target=asyncio.run, args=(self.server.serve([self._socket]),), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.engine.close()

    def signer(self, organisation: str) -> Signer:
        return self.cast.signer(organisation)

    def local(self, organisation: str) -> LocalClient:
        return LocalClient(self.ledger, signer=self.signer(organisation))

    def raw(self, *actions: Action, by: str) -> bytes:
        return build_signed(self.ledger.chain, actions, self.signer(by))

    def transfer(self, to: str, amount: int, *, reference: str = "", token: str = TOKEN) -> Transfer:
        return Transfer(token, to, amount, reference)

    def token_of(self, organisation: str) -> str:
        return issue_token(self.data, organisation, self.signer(organisation).user)

    @contextmanager
    def asking(self, organisation: str = "", *, url: str = "") -> Iterator[httpx.Client]:
        """A bare HTTP client, with a bearer token of the organisation if one is named."""
        headers = {"Authorization": f"Bearer {self.token_of(organisation)}"} if organisation else {}
        with httpx.Client(base_url=url or self.url, headers=headers, timeout=20) as client:
            yield client

    def open_accounts(self) -> None:
        """The bank's money exists, every firm has some, and firm-1 has an agent."""
        self.local("bank").act(IssueToken("cny", TokenKind.MONEY, "CNY", 2, "CN", None))
        for firm in ORGANISATIONS[1:]:
            self.local("bank").act(Mint(TOKEN, firm, 1_000_000, ""))
        agent = self.agent
        key = NewKey(agent.key.suite.name, agent.key.public_key, agent.possession, 0, 0)
        self.local("firm-1").act(AddUser(agent.user, UserKind.AGENT, (), key, AGENT_SCOPE))
        keep_agent_key(self.data, "firm-1", agent.key)


def found(data: Path, cast: Cast) -> None:
    founders: list[Any] = [_admission(name, cast.signer(name)) for name in ORGANISATIONS]
    founders.append(GrantRole("bank", "money-issuer", "CN", 0, 0, "example"))
    secret = hashlib.sha256(b"secret").digest()
    founding = genesis(
        "gateway.example",
        suite="sha256",
        time=now_ms() - 1000,
        secret=secret,
        registry=installed_registry(),
        founders=founders,
        parameters={"governance.activation_delay_ms": 1000},
    )
    create(data, founding, secret, SUITES["ed25519"].private_key(hashlib.sha256(b"log").digest()))


def _admission(name: str, signer: Signer) -> AdmitOrganisation:
    key = NewKey("ed25519", signer.key.public_key, signer.possession, 0, 0)
    number = f"EXAMPLE-{name}"
    return AdmitOrganisation(name, name, name, "CN", Registration.REGISTRY, number, name == "bank", signer.user, key)


def transfer(amount: Any = "5", **changes: Any) -> dict[str, Any]:
    """A transfer of firm-1 to firm-2 in JSON."""
    arguments = {"token": TOKEN, "to": "firm-2", "amount": amount, "reference": ""} | changes
    return {"by": ["firm-1"], "contract": "asset", "action": "Transfer", "arguments": arguments}
