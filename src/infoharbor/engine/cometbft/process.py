"""CometBFT's process: started beside the node, started again if it ends, stopped with it; and what it says. Where its
validator's key is in a token, the node signs for it."""

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
from infoharbor.engine.cometbft.last_signed import LastSigned
from infoharbor.engine.cometbft.signer import Signer
from infoharbor.engine.cometbft.signing import Signing
from infoharbor.engine.folder import write_private
from infoharbor.engine.interface import Refused

STOP_SECONDS, HALTED_STOP_SECONDS = 10, 1
"""For CometBFT to end in order. Where the engine has halted, it waits for an answer that never comes: there is no order to
wait for, and nothing to lose."""
LOOKS_EVERY_SECONDS = 0.02
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
        self._asking = self._folder / "signer"
        self._signer: Signer | None = None
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
        if self._home.voting_key.in_token:
            self._signer = self._signs()
            self._signer.start()
        self._watcher.start()

    def stop(self, patience_s: float = STOP_SECONDS) -> None:
        """End it in order, or else at once. Killed, it loses nothing that it has told anyone."""
        self._stopping.set()
        with self._gate:
            child = self._child
        if child is not None:
            end(child, patience_s)
        if self._watcher.is_alive():
            self._watcher.join()
        if self._signer is not None:
            self._signer.stop()
        self._home.process.unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signs(self) -> Signer:
        home = self._home
        last = LastSigned(home.votes, home.voting_key.public_key)
        return Signer(self._asking, Signing(home.voting_key, last, home.chain_name(), self._begin_again).answer)

    def _begin_again(self) -> None:
        """End the child, for the watcher to start it again."""
        with self._gate:
            child = self._child
        if child is not None:
            end(child)

    def _watch(self) -> None:
        quick = 0
        while not self._stopping.is_set():
            with self._gate:
                if self._stopping.is_set():
                    return
                self._child = child = self._started()
            started = time.monotonic()
            if self._listen(child):
                end(child, HALTED_STOP_SECONDS)
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
        for path in (self.questions, self._asking):
            path.unlink(missing_ok=True)  # One that was killed leaves it, and the next could not listen there.
        asks = () if self._signer is None else ("--priv_validator_laddr", f"unix://{self._asking}")
        child = subprocess.Popen(
            [
                *(self._program, "start", "--home", _whole(self._home), "--proxy_app", f"unix://{self.socket}"),
                *("--rpc.laddr", f"unix://{self.questions}"),
                *asks,
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


def end(child: "subprocess.Popen[bytes]", patience_s: float = STOP_SECONDS) -> None:
    child.terminate()
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def end_left_over(home: ConsensusHome) -> None:
    """End the child of a node that was killed, should it live: two must never vote with one key."""
    try:
        process_id = int(home.process.read_bytes())
    except (OSError, ValueError):
        return
    if _whole(home).encode() in _command(process_id):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
        _wait_until_gone(process_id)


def _whole(home: ConsensusHome) -> str:
    """Its path, the same from wherever the node is started: by it a child is known again."""
    return str(home.path.resolve())


def _wait_until_gone(process_id: int) -> None:
    """One that lives on could sign after what it has signed was read."""
    until = time.monotonic() + STOP_SECONDS
    while not _is_gone(process_id):
        if time.monotonic() > until:
            raise Refused("node.locked", "consensus", f"that the process {process_id}, left over from before, is gone")
        time.sleep(LOOKS_EVERY_SECONDS)


def _is_gone(process_id: int) -> bool:
    """Whether it has ended with all its threads, whoever has yet to take note of it."""
    folder = Path(f"/proc/{process_id}")
    try:
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        return state in ("Z", "X") and len(list((folder / "task").iterdir())) == 1
    except OSError:
        return True


def _command(process_id: int) -> bytes:
    """Empty for one that has ended."""
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return b""
