"""Takes webhook deliveries on a port of this machine, and answers as a test wants."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple

WAIT_S: Final = 20


class Delivery(NamedTuple):
    """One POST: its headers, names in lower case, and its body."""

    headers: dict[str, str]
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.results["resultsBody"]["eventList"]
        return found

    @property
    def ids(self) -> list[str]:
        return [each["eventID"] for each in self.events]

    @property
    def results(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["epcisBody"]["queryResults"]
        return found


class Receiver:
    """`statuses` are given in turn, then 204."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses: list[int] = []
        self.deliveries: queue.Queue[Delivery] = queue.Queue()

    def next(self) -> Delivery:
        return self.deliveries.get(timeout=WAIT_S)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.statuses.pop(0) if receiver.statuses else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", receiver.url + "elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.deliveries.put(Delivery(headers, body))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
