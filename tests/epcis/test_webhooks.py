"""Deliveries: signed, bounded, and only to addresses that are allowed, whatever a name resolves to."""

import asyncio
import ipaddress
import socket
import time
from contextlib import suppress
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from receiver import receiving

from infoharbor.edgekit.webhooks import LONGEST_WAIT_MS, PUBLIC, Outcome, Sender, Targets, is_signed, sign, wait_ms
from infoharbor.kernel.encoding import Malformed

LOOPBACK = Targets((ip_network("127.0.0.0/8"),))


def send(targets: Targets, url: str, *, seconds: float = 10) -> Outcome:
    async def attempt() -> Outcome:
        sender = Sender(targets, seconds=seconds)
        try:
            return await sender.send(url, b"{}", {"Content-Type": "application/json"})
        finally:
            await sender.close()

    return asyncio.run(attempt())


@given(st.ip_addresses())
def test_only_public_addresses_are_allowed_unless_the_operator_says_so(address: ipaddress.IPv4Address) -> None:
    if PUBLIC.allows(address, "https"):
        assert address.is_global
        assert not any((address.is_private, address.is_loopback, address.is_link_local, address.is_multicast))
    assert not PUBLIC.allows(address, "http")
    within = getattr(address, "ipv4_mapped", None) or address
    assert Targets((ip_network(within),)).allows(address, "https")


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "127.0.0.1", "169.254.169.254", "192.168.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "100.64.0.1",
     "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:1::1", "ff02::1"],
)  # fmt: skip
def test_no_way_leads_into_a_network_of_ours(address: str) -> None:
    assert not PUBLIC.allows(ip_address(address), "https")


def test_what_is_allowed_is_reached_and_only_so_far(tmp_path: object) -> None:
    with receiving() as receiver:
        receiver.statuses = [200, 302, 404]
        assert [send(LOOPBACK, receiver.url) for _ in range(3)] == [Outcome(200), Outcome(302), Outcome(404)]
        assert receiver.next().headers["host"] == receiver.url.split("/")[2]
        receiver.next()
        receiver.next()
        assert send(PUBLIC, receiver.url).fault == "input.webhook_url"
        assert send(LOOPBACK, receiver.url.replace("127.0.0.1", "localhost")).status in (0, 204)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f000001", "127.1"])
def test_a_name_is_judged_by_what_it_stands_for(host: str) -> None:
    assert send(PUBLIC, f"https://{host}/").taken is False
    assert send(PUBLIC, f"https://{host}/").status == 0


def test_who_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        outcome = send(LOOPBACK, f"http://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3)
        assert outcome.fault.startswith("no answer")
        assert time.monotonic() - began < 10


@settings(max_examples=30)
@given(st.text(max_size=50), st.binary(max_size=200), st.integers(0, 2**33), st.integers(-400, 400))
def test_a_signature_holds_for_its_body_secret_and_minutes(secret: str, body: bytes, sent: int, later: int) -> None:
    header = sign(secret, body, sent)
    assert is_signed(secret, body, header, sent + later) == (abs(later) <= 300)
    assert not is_signed(secret + "x", body, header, sent)
    assert not is_signed(secret, body + b"x", header, sent)
    assert not is_signed(secret, body, header.replace(f"t={sent}", f"t={sent + 1}"), sent)


@given(st.text(max_size=100))
def test_what_is_no_signature_is_none(header: str) -> None:
    assert not is_signed("secret", b"body", header, 1_800_000_000)


@given(st.text(max_size=60))
def test_a_target_is_an_https_url_with_a_host_or_refused(text: str) -> None:
    with suppress(Malformed):
        parts = PUBLIC.check(f"https://{text}", "dest")
        assert (parts.scheme, bool(parts.hostname)) == ("https", True)


def test_waits_double_up_to_an_hour() -> None:
    waits = [wait_ms(failures) for failures in range(1, 100)]
    assert waits[:3] == [1_000, 2_000, 4_000]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_MS
