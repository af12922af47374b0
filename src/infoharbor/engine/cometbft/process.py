"""CometBFT's process: started beside the node, started again if it ends, stopped with it; and what it says."""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.folder import write_private

STOP_SECONDS = 10
PAUSE_SECONDS = (0.5, 1, 2, 5, 10)
"""Before it is started again, longer each time that it ended soon."""
LONG_ENOUGH_SECONDS = 60
LOG_BYTES_MOST = 8 * 1024 * 1024
LINE_BYTES = 64 * 1024

logger = logging.getLogger(__name__)


class ConsensusProcess:
    """One child; `socket` is where it asks us, `questions` where it is asked. Threads: the one that starts and stops it, and
    its watcher, which calls `hear` with each line of its errors, or the beginning of one beyond `LINE_BYTES`; where that is
    true, the child is not started again."""

    def __init__(self, program: Path, home: ConsensusHome, hear: Callable[[bytes], bool]) -> None:
        self._program, self._home, self._hear = program, home, hear
        # A socket's path has at most 107 bytes: a data folder's may be longer.
        self._folder = Path(tempfile.mkdtemp(prefix="infoharbor-"))
        self.socket, self.questions = self._folder / "abci", self._folder / "rpc"
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._gate = threading.Lock()
        self._watcher = threading.Thread(target=self._watch, name="cometbft", daemon=True)

    @property
    def process_id(self) -> int | None:
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def start(self) -> None:
        end_left_over(self._home)
        self._watcher.start()

    def stop(self) -> None:
        """End it in order, or else at once."""
        self._stopping.set()
        with self._gate:
            child = self._child
        if child is not None:
            end(child)
        if self._watcher.is_alive():
            self._watcher.join()
        self._home.process.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watch(self) -> None:
        quick = 0
        while not self._stopping.is_set():
            with self._gate:
                if self._stopping.is_set():
                    return
                self._child = child = self._started()
            started = time.monotonic()
            if self._listen(child):
                end(child)
                return
            child.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started > LONG_ENOUGH_SECONDS:
                quick = 0
            pause = PAUSE_SECONDS[min(quick, len(PAUSE_SECONDS) - 1)]
            quick += 1
            logger.warning("CometBFT has ended with %s; again in %s s, see %s", child.returncode, pause, self._home.log)
            self._stopping.wait(pause)

    def _started(self) -> "subprocess.Popen[bytes]":
        self._home.write_settings()
        self.questions.unlink(missing_ok=True)  # One that was killed leaves it, and the next could not listen there.
        child = subprocess.Popen(
            [
                *(self._program, "start", "--home", self._home.path, "--proxy_app", f"unix://{self.socket}"),
                *("--rpc.laddr", f"unix://{self.questions}"),
            ],
            env=os.environ | {"TMPDIR": str(self._home.path / "data")},  # Where a snapshot's chunks wait.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # An interrupt from the keyboard is for the node, which ends it.
        )
        write_private(self._home.process, str(child.pid).encode())
        return child

    def _listen(self, child: "subprocess.Popen[bytes]") -> bool:
        """Keep what the child says until it ends, or until the hearer has heard enough: then true."""
        assert child.stdout is not None
        log = self._home.log
        mode = "wb" if log.exists() and log.stat().st_size > LOG_BYTES_MOST else "ab"
        with child.stdout, log.open(mode, buffering=0) as kept:
            begins = True
            while line := child.stdout.readline(LINE_BYTES):
                with contextlib.suppress(OSError):  # A full disk ends the node elsewhere, and in order.
                    kept.write(line)
                if begins and self._hear(line):
                    return True
                begins = line.endswith(b"\n")  # What is left of a longer line is none of its own.
        return False


def end(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def end_left_over(home: ConsensusHome) -> None:
    """End the child of a node that was killed, should it live: two must never vote with one key."""
    try:
        process_id = int(home.process.read_bytes())
        command = Path(f"/proc/{process_id}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if str(home.path).encode() in command:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
