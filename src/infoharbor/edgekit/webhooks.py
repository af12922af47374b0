"""Signed deliveries to addresses that others name: bounded in time and size, and never into a network that is ours.

A receiver checks the `t=…,v1=…` of the signature header: `v1` is the HMAC-SHA256, in hexadecimal and under the secret
that it chose, of the time `t` (seconds since 1970), a full stop, and the body.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

import httpx

from infoharbor.kernel.encoding import Malformed

URL_MAX: Final = 2_000
SECONDS: Final = 15
"""For one attempt, from the name's look-up to the answer's first line."""
CONNECTIONS: Final = 32
RESOLVERS: Final = 4
FIRST_WAIT_MS: Final = 1_000
LONGEST_WAIT_MS: Final = 60 * 60 * 1000
SIGNATURE_AGE_S: Final = 300
EXPECTED: Final = "an https URL of a public host"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_TUNNELS: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")))
"""IPv6 networks whose addresses lead to IPv4 ones that cannot be judged here."""


class Targets(NamedTuple):
    """Where deliveries may go: to any public address over https. The operator may allow further networks, such as those
    of its own firm; among these, plain http is spoken to this machine only."""

    networks: tuple[Network, ...] = ()

    def check(self, url: str, field: str) -> SplitResult:
        """The URL's parts; raises `Malformed` for one that nothing is ever sent to."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise Malformed("input.webhook_url", field, EXPECTED) from None
        schemes = ("https", "http") if self._allows_loopback else ("https",)
        plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= URL_MAX
        if (
            not plain
            or parts.scheme not in schemes
            or not host
            or port == 0
            or parts.username is not None
            or parts.fragment
        ):
            raise Malformed("input.webhook_url", field, EXPECTED)
        address = _address(host)
        if address is not None and not self.allows(address, parts.scheme):
            raise Malformed("input.webhook_address", field, EXPECTED)
        return parts

    def allows(self, address: Address, scheme: str) -> bool:
        inner = getattr(address, "ipv4_mapped", None) or address
        listed = any(inner.version == network.version and inner in network for network in self.networks)
        if scheme == "http":
            return listed and inner.is_loopback
        tunnel = isinstance(inner, IPv6Address) and any(inner in network for network in _TUNNELS)
        return listed or (inner.is_global and not inner.is_multicast and not tunnel)

    @property
    def _allows_loopback(self) -> bool:
        return any(network.is_loopback for network in self.networks)


PUBLIC: Final = Targets()


class Outcome(NamedTuple):
    """What became of one attempt: the status of the answer, or 0 and what went wrong before there was one."""

    status: int
    fault: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        return self.fault or f"HTTP {self.status}"


class Sender:
    """Makes the attempts of one process. Redirects are not followed, answers' bodies are not read, and each connection
    goes to the very address that was judged."""

    def __init__(self, targets: Targets = PUBLIC, *, seconds: float = SECONDS) -> None:
        self._targets, self._seconds = targets, seconds
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="webhooks")
        # No connection is kept: to one address there may be several hosts, each with a certificate of its own.
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(),
            trust_env=False,
            timeout=seconds,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0),
        )

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """One attempt to deliver `body` by POST; it never raises for what the other side does."""
        async with self._room:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._attempt(url, body, headers)
            except TimeoutError:
                return Outcome(0, f"no answer within {self._seconds} s")
            except Malformed as refused:
                return Outcome(0, refused.code)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as fault:
                return Outcome(0, f"{type(fault).__name__}: {fault}"[:200])

    async def _attempt(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        parts = self._targets.check(url, "")
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = await self._resolve(host, port, parts.scheme)
        literal = f"[{address}]" if address.version == 6 else str(address)
        place = parts._replace(netloc=f"{literal}:{port}").geturl()
        named: dict[str, str] = {} if _address(host) is not None else {"sni_hostname": host}
        sent = {**headers, "Host": parts.netloc, "User-Agent": "InfoHarbor"}
        async with self._client.stream("POST", place, content=body, headers=sent, extensions=named) as answer:
            return Outcome(answer.status_code)

    async def _resolve(self, host: str, port: int, scheme: str) -> Address:
        """The host's address; refused unless each one that the name stands for is allowed."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        addresses = [ipaddress.ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
        if not addresses or not all(self._targets.allows(each, scheme) for each in addresses):
            raise Malformed("input.webhook_address", "", EXPECTED)
        return addresses[0]

    async def close(self) -> None:
        await self._client.aclose()
        self._resolvers.shutdown(wait=False, cancel_futures=True)


def sign(secret: str, body: bytes, seconds: int) -> str:
    """The signature header's value for a body that is sent at this time."""
    return f"t={seconds},v1={_mac(secret, body, str(seconds))}"


def is_signed(secret: str, body: bytes, header: str, seconds: int) -> bool:
    """Whether the header is of someone who knows the secret, and not older than five minutes: for receivers."""
    fields = dict(part.strip().partition("=")[::2] for part in header.split(","))
    sent = fields.get("t", "")
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 12 and abs(seconds - int(sent)) <= SIGNATURE_AGE_S):
        return False
    return hmac.compare_digest(fields.get("v1", "").encode(), _mac(secret, body, sent).encode())


def wait_ms(failures: int) -> int:
    """How long to wait after so many failures in a row: doubling from a second to an hour."""
    return min(FIRST_WAIT_MS << min(max(failures, 1) - 1, 20), LONGEST_WAIT_MS)


def _mac(secret: str, body: bytes, sent: str) -> str:
    return hmac.new(secret.encode(), f"{sent}.".encode() + body, hashlib.sha256).hexdigest()


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
