"""Bundles of three organisations wait at the gateway's own node."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "gateway"))
sys.path.insert(0, str(Path(__file__).parent))

from node import Node

from infoharbor.sdk.client import Client


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    running = Node(tmp_path_factory.mktemp("node") / "data")
    running.open_accounts()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def nothing_waits(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing of one test is left to the next."""
    yield
    if "node" not in request.fixturenames:
        return
    running: Node = request.getfixturevalue("node")
    with Client(running.url, token=running.token_of("firm-1")) as client:
        for each in client.pending.list()["items"]:
            client.pending.decline(each["id"], "the test is over")


@pytest.fixture
def firms(node: Node) -> Iterator[list[Client]]:
    with (
        Client(node.url, signer=node.signer("firm-1")) as one,
        Client(node.url, signer=node.signer("firm-2")) as two,
        Client(node.url, token=node.token_of("firm-3")) as three,
    ):
        yield [one, two, three]
