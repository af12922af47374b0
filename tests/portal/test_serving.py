"""A node as it is started: it says where it is, mirrors itself to SQL, and ends soon after a signal."""

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx

from infoharbor.sdk.telling import found_demo

STARTING = """
import sys
from pathlib import Path
from infoharbor.engine.lifecycle import open_engine
from infoharbor.portal.serve import serve
if __name__ == "__main__":
    data = Path(sys.argv[1])
    engine = open_engine(data)
    try:
        serve(engine, data=data, host="127.0.0.1", port=0, ready=lambda address: print(address, flush=True))
    finally:
        engine.close()
"""


def test_a_node_says_its_address_serves_and_ends_cleanly(tmp_path: Path) -> None:
    data, script = tmp_path / "data", tmp_path / "node.py"
    data.mkdir(mode=0o700)
    script.write_text(STARTING)
    found_demo(data)
    node = subprocess.Popen([sys.executable, str(script), str(data)], stdout=subprocess.PIPE, text=True)
    try:
        assert node.stdout is not None
        address = node.stdout.readline().strip()
        assert httpx.get(f"{address}/", timeout=30).status_code == 200
        assert httpx.get(f"{address}/v1/status", timeout=30).json()["height"] == 0
        mirror = data / "readmodel.sqlite"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not rows(mirror):
            time.sleep(0.1)
        assert rows(mirror) == 1
        status = httpx.get(f"{address}/v1/status", timeout=30).json()
        assert status["readmodel"] == {"height": 0, "follows": True}
        with httpx.stream("GET", f"{address}/v1/stream", timeout=30) as stream:
            next(stream.iter_raw())
            node.send_signal(signal.SIGTERM)
            assert node.wait(30) == 0
    finally:
        node.kill()
        node.wait()
        node.stdout.close()


def rows(mirror: Path) -> int:
    if not mirror.exists():
        return 0
    with sqlite3.connect(mirror) as connection:
        try:
            return int(connection.execute('SELECT count(*) FROM "identity__organisations"').fetchone()[0])
        except sqlite3.OperationalError:
            return 0
