"""A network's node under load, in a process of its own; told what to do on standard input, a line of JSON each.

`{"submit": HEX}` · `{"load": FILE}` as fast as it goes · `{"load": FILE, "rate": N}` evenly, with evidence made meanwhile ·
`{"root": true}`. FILE holds signed bundles, each behind its length in four bytes.
"""

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from bench.transfers import latencies, throughput
from infoharbor.engine.cometbft.application import Application
from infoharbor.engine.cometbft.engine import ReplicatedEngine
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.signatures import Signatures
from infoharbor.evidence.making import make_evidence
from infoharbor.kernel.execution import Executor
from infoharbor.kernel.tree import Tree

TICKS = os.sysconf("SC_CLK_TCK")
EVIDENCE_EVERY_S = 0.2


class Parts:
    """Seconds that the engine's thread spent in each part of its work; `blocks` counts those with bundles."""

    seconds: ClassVar[dict[str, float]] = dict.fromkeys(("prepare", "verify", "execute", "tree", "commit"), 0.0)
    blocks = 0

    @classmethod
    def measure(cls) -> None:
        """From now on; what runs inside another part counts for itself alone."""
        for owner, name, part in (
            (ReplicatedEngine, "_open_inbox", "verify"),
            (Signatures, "run", "verify"),
            (Application, "prepare", "prepare"),
            (Application, "process", "verify"),
            (Executor, "execute", "execute"),
            (Tree, "update", "tree"),
            (Application, "commit", "commit"),
        ):
            setattr(owner, name, cls._timed(getattr(owner, name), part))

    @classmethod
    def _timed(cls, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            begin, inner = time.perf_counter(), sum(cls.seconds.values())
            try:
                return function(*given, **named)
            finally:
                inside = sum(cls.seconds.values()) - inner
                cls.seconds[part] += time.perf_counter() - begin - inside
                cls.blocks += part == "tree"

        return run


def bundles(file: Path) -> Iterator[bytes]:
    whole = file.read_bytes()
    at = 0
    while at < len(whole):
        length = int.from_bytes(whole[at : at + 4], "big")
        yield whole[at + 4 : at + 4 + length]
        at += 4 + length


def consensus_seconds(process: int) -> float:
    """The processor time that CometBFT's process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Loaded:
    """What one node can be asked."""

    def __init__(self, engine: ReplicatedEngine) -> None:
        self._engine = engine

    def submit(self, raw: str) -> dict[str, Any]:
        return {"code": self._engine.submit(bytes.fromhex(raw)).result(120).code}

    def load(self, file: str, rate: float, path: str) -> dict[str, Any]:
        raws = list(bundles(Path(file)))
        process = self._engine.consensus_process_id
        assert process is not None
        before, blocks, seconds = dict(Parts.seconds), Parts.blocks, consensus_seconds(process)
        begin = time.time()
        taken: list[float] = []
        evidence: list[float] = []
        if rate:
            over = threading.Event()
            proving = threading.Thread(target=self._prove, args=(path, over, evidence))
            proving.start()
            taken = latencies(self._engine, raws, rate)
            over.set()
            proving.join()
        else:
            throughput(self._engine, raws)
        return {
            "begin": begin,
            "end": time.time(),
            "latencies": taken,
            "evidence": evidence,
            "blocks": Parts.blocks - blocks,
            "parts": {part: spent - before[part] for part, spent in Parts.seconds.items()},
            "consensus": consensus_seconds(process) - seconds,
        }

    def _prove(self, path: str, over: threading.Event, taken: list[float]) -> None:
        """Milliseconds from each newest block's commit to evidence of it, or of a later one, with a quorum's attestation."""
        engine = self._engine
        while not over.is_set():
            engine.wait_beyond(engine.status().height, 1)
            begin = time.perf_counter()
            with contextlib.suppress(
                Refused
            ):  # The quorum has stayed away for seconds: the next one takes so much longer.
                make_evidence(engine.chain, engine, [path])
                taken.append((time.perf_counter() - begin) * 1000)
            over.wait(EVIDENCE_EVERY_S)


def main() -> None:
    Parts.measure()
    data, workers = Path(sys.argv[1]), int(sys.argv[2])
    with open_engine(data, workers=workers) as engine:
        assert isinstance(engine, ReplicatedEngine)
        loaded = Loaded(engine)
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            if "submit" in asked:
                told = loaded.submit(asked["submit"])
            elif "load" in asked:
                told = loaded.load(asked["load"], asked["rate"], asked["path"])
            else:
                told = {"height": engine.status().height, "root": engine.root(asked["size"]).hex()}
            print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
