"""A node as an attacker from outside meets it: gateway, EPCIS, log and portal on one port."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
from node import Node

from infoharbor.contracts.identity.demo import new_key
from infoharbor.contracts.identity.records import UserKind
from infoharbor.contracts.identity.users import AddUser
from infoharbor.edgekit.cast import Signer
from infoharbor.gateway.agents import keep_agent_key
from infoharbor.portal.serve import node_server


class Harbour(Node):
    """`firm-3` captures events here through its agent; what it holds back lies in its vault on this node."""

    def _start(self) -> None:
        self.clients: dict[str, httpx.Client] = {}
        self._held = contextlib.ExitStack()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self.server = node_server(self.engine, data=self.data)
        self._thread = threading.Thread(target=asyncio.run, args=(self.server.serve([self._socket]),), daemon=True)
        self._thread.start()

    def open_accounts(self) -> None:
        super().open_accounts()
        scanner = self.cast.signer("firm-3", "scanner")
        self.hire("firm-3", scanner, UserKind.AGENT, scope=("trace.CaptureEvents",))
        keep_agent_key(self.data, "firm-3", scanner.key)

    def hire(self, organisation: str, signer: Signer, kind: UserKind, *, scope: tuple[str, ...] = ()) -> None:
        self.local(organisation).act(AddUser(signer.user, kind, (), new_key(signer), scope))

    def get(self, path: str, organisation: str = "", **options: Any) -> httpx.Response:
        """Ask with a token of the organisation, or with none; a client is made once for each, since that takes long."""
        if organisation not in self.clients:
            self.clients[organisation] = self._held.enter_context(self.asking(organisation))
        return self.clients[organisation].get(path, **options)

    def close(self) -> None:
        self._held.close()
        super().close()


def events(client: httpx.Client, *, after: int) -> Iterator[dict[str, Any]]:
    """What the stream tells of the blocks beyond this height, until it ends."""
    with client.stream("GET", "/v1/stream", params={"after": after}) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))
