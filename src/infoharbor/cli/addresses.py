"""What a command is told of addresses, refused before anything is founded or told."""

from collections.abc import Sequence
from ipaddress import ip_network
from urllib.parse import urlsplit

from infoharbor.cli.output import Failure
from infoharbor.gateway.listening import listen


def ensure_port(host: str, port: int, *, option: str = "--port") -> None:
    """Whether the port can be had."""
    try:
        listen(host, port).close()
    except OverflowError:
        raise Failure("cli.port", option, "0 to 65535") from None
    except OSError:
        raise Failure("cli.port", option, f"a free port of {host} that you may listen on, not {port}") from None


def ensure_public_url(url: str, *, option: str = "--public-url") -> None:
    """An address that can be put before a path: scheme and host, maybe a port."""
    parts = urlsplit(url)
    is_origin = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    if url and not (is_origin and parts.path in ("", "/") and parts.username is None):
        raise Failure("cli.public_url", option, "https://HOST or http://HOST:PORT, without a path")


def ensure_proxies(proxies: Sequence[str]) -> None:
    """Addresses or networks, and not everybody."""
    try:
        everybody = any(ip_network(each).prefixlen == 0 for each in proxies)
    except ValueError:
        everybody = True
    if everybody:
        raise Failure("cli.trusted_proxy", "--trusted-proxy", "an address such as 127.0.0.1, or a network")
