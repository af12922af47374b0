"""Where a node listens: its port, taken before anything is loaded that answers there."""

import socket
from typing import Final

BACKLOG: Final = 2_048
METRICS_HOST: Final = "127.0.0.1"
"""Not a choice: who may read the numbers is whoever may open a port of this machine."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections from now on; they wait until the server accepts them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    return listening


def address_of(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
