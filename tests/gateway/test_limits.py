"""What protects a gateway from its clients: rates, and time for a body."""

import socket
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from node import Node

from infoharbor.cli.addresses import ensure_proxies
from infoharbor.cli.output import Failure
from infoharbor.edgekit.languages import preferred
from infoharbor.gateway import door, log
from infoharbor.gateway.rates import Rate, Rates
from infoharbor.gateway.serve import Config


@given(burst=st.integers(1, 50), asked=st.integers(1, 200))
def test_a_bucket_gives_its_burst_and_then_a_time_to_wait(burst: int, asked: int) -> None:
    rates = Rates(Rate(1, burst))
    answers = [rates.take("one") for _ in range(asked)]
    assert answers[:burst] == [0] * min(asked, burst)
    assert rates.take("another") == 0
    if asked > burst + 5:
        assert max(answers) == 1


def test_an_address_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    node = Node(data, config=Config(data=data, anonymous_rate=Rate(1, 3)))
    try:
        answers = [httpx.get(node.url + "/v1/status") for _ in range(20)]
        refused = [each for each in answers if each.status_code == 429]
        assert refused
        assert {each.json()["code"] for each in refused} == {"http.rate"}
        assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
        with node.asking("firm-1") as client:
            assert client.get("/v1/status").status_code == 200, "a member has a bucket of its own"
    finally:
        node.close()


def test_the_digests_of_a_large_block_cost_as_much_as_they_are_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    node = Node(data, config=Config(data=data, anonymous_rate=Rate(1, 10)))
    try:
        assert httpx.get(node.url + "/log/digests/0").status_code == 200
        monkeypatch.setattr(log, "HASHES_A_REQUEST", 1)
        assert httpx.get(node.url + "/log/digests/0").status_code == 429
    finally:
        node.close()


@pytest.mark.parametrize("trusted", [(), ("127.0.0.0/8",), ("192.0.2.1",)])
def test_whoever_a_proxy_names_has_a_bucket_of_its_own_only_where_the_proxy_is_trusted(
    tmp_path: Path, trusted: tuple[str, ...]
) -> None:
    data = tmp_path / "data"
    node = Node(data, config=Config(data=data, anonymous_rate=Rate(1, 3), trusted_proxies=trusted))
    try:
        named = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(20)]
        answers = [httpx.get(node.url + "/v1/status", headers=each).status_code for each in named]
        assert (429 in answers) == (trusted != ("127.0.0.0/8",))
        claimed = [{"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.99"} for number in range(20)]
        answers = [httpx.get(node.url + "/v1/status", headers=each).status_code for each in claimed]
        assert 429 in answers, "what a client put there before its proxy did counts for nothing"
    finally:
        node.close()


@pytest.mark.parametrize("proxy", ["*", "0.0.0.0/0", "::/0", "proxy.example", "127.0.0.1/8"])
def test_a_proxy_that_is_none_is_refused(proxy: str) -> None:
    with pytest.raises(Failure) as refused:
        ensure_proxies([proxy])
    assert refused.value.code == "cli.trusted_proxy"


def test_a_body_that_never_ends_is_given_up(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "BODY_SECONDS", 1)
    host, port = node.address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as slow:
        slow.sendall(
            b"POST /v1/prepare HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        answer = slow.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"http.too_slow" in answer


def test_the_preferred_language_is_found_and_english_is_the_rest() -> None:
    assert preferred("zh-CN,zh;q=0.9,en;q=0.8") == "zh"
    assert preferred("vi, en;q=0.3, zh;q=0.7") == "zh"
    assert preferred("zh;q=0, fr") == "en"
    assert preferred("") == preferred("*") == "en"
