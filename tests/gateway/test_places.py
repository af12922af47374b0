"""Whoever waits for outside witnesses leaves places to others."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from node import Node

from infoharbor.engine.witnessed_notes import Witnessed
from infoharbor.gateway.places import ANONYMOUS_SHARE, PLACES, SHARE, Places
from infoharbor.kernel.readers import ANONYMOUS, Reader
from infoharbor.sdk.problems import Problem

PATIENCE = 60
RECORD = "/v1/proofs/identity/organisations/bank?witnessed=true"
ASKERS = [(Reader(f"firm-{number}"), "192.0.2.1") for number in range(4)]
ASKERS += [(ANONYMOUS, f"192.0.2.{number}") for number in range(6)]


@given(asked=st.lists(st.sampled_from(ASKERS), max_size=40))
def test_no_asker_has_more_than_its_share_and_nobody_has_what_is_left_for_members(
    asked: list[tuple[Reader, str]],
) -> None:
    places, had = Places(), []
    with contextlib.ExitStack() as waiting:
        for asker in asked:
            anonymous = sum(not each.is_member for each, _ in had)
            shares = [SHARE - had.count(asker), PLACES - len(had)]
            shares += [] if asker[0].is_member else [ANONYMOUS_SHARE - anonymous]
            if min(shares) > 0:
                waiting.enter_context(places.held(*asker))
                had.append(asker)
                continue
            with pytest.raises(Problem) as refused:
                waiting.enter_context(places.held(*asker))
            assert refused.value.code == "node.busy"
    with contextlib.ExitStack() as waiting:
        for asker in ASKERS[:4] * SHARE:
            waiting.enter_context(places.held(*asker))


class Witnesses:
    """They sign when they are told to."""

    def __init__(self, node: Node) -> None:
        self._node, self._sign, self.waiting = node, threading.Event(), threading.Semaphore(0)

    def beyond(self, height: int) -> Witnessed:
        self.waiting.release()
        assert self._sign.wait(PATIENCE)
        note = self._node.engine.checkpoint()
        return Witnessed(int(note.splitlines()[1]), note, note)

    def sign(self) -> None:
        self._sign.set()


@pytest.fixture
def witnesses(node: Node, monkeypatch: pytest.MonkeyPatch) -> Iterator[Witnesses]:
    found = Witnesses(node)
    monkeypatch.setattr(node.engine.witnessed, "beyond", found.beyond)
    yield found
    found.sign()


def test_an_asker_that_holds_its_places_keeps_none_of_the_others_out(node: Node, witnesses: Witnesses) -> None:
    with contextlib.ExitStack() as held:
        asking = {name: held.enter_context(node.asking(name)) for name in ("firm-1", "firm-2", "")}
        threads = held.enter_context(ThreadPoolExecutor(PLACES))
        held.callback(witnesses.sign)

        def waits(name: str) -> "Future[httpx.Response]":
            answered = threads.submit(asking[name].get, RECORD)
            assert witnesses.waiting.acquire(timeout=PATIENCE)
            return answered

        holding = [waits("firm-1") for _ in range(SHARE)]
        for _ in range(PLACES):
            refused = asking["firm-1"].get(RECORD)
            assert (refused.status_code, refused.json()["code"]) == (503, "node.busy")
            assert "retry-after" in refused.headers
        others = [waits(name) for name in ("firm-2", "") for _ in range(SHARE)]
        witnesses.sign()
        assert {each.result().status_code for each in [*holding, *others]} == {200}
    with node.asking("firm-1") as client:
        assert client.get(RECORD).status_code == 200, "a place is given back"
