"""A network's node for the tests, told what to do on standard input. Named a moment, it dies in it; named another
behaviour, it has that.

Usage: node.py DATA [MOMENT | BEHAVIOUR]
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from behaviours import BEHAVIOURS

from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.application import Application
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.interface import Refused
from infoharbor.engine.lifecycle import open_engine
from infoharbor.evidence.note import checkpoint_in

BLOCKS_BEFORE = 2
talking = threading.Lock()
rejected: list[str] = []
"""The codes for which proposals got no vote of this node."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Countdown:
    """Counts blocks that make one of ours; the process dies in the one after `BLOCKS_BEFORE`."""

    left = BLOCKS_BEFORE

    @classmethod
    def ends(cls) -> bool:
        cls.left -= 1
        return cls.left < 0


def die_at(moment: str) -> None:
    finalize, commit, note = Application.finalize, Application.commit, Order.append
    append, write = BlockLog.append, BlockLog._write
    blocks = {"doomed": False}

    def finalized(application: Application, *block: Any) -> Any:
        done = finalize(application, *block)
        blocks["doomed"] = application._decided.executed is not None and Countdown.ends()  # type: ignore[union-attr]
        if moment == "after FinalizeBlock" and blocks["doomed"]:
            die()
        return done

    def committed(application: Application) -> Any:
        if moment == "asked to commit" and blocks["doomed"]:
            die()
        done = commit(application)
        if moment == "after Commit" and blocks["doomed"]:
            die()
        return done

    def noted(order: Order, place: Any) -> None:
        note(order, place)
        if moment == "after the place" and blocks["doomed"]:
            die()

    def written(log: BlockLog, file: int, data: bytes) -> None:
        if moment == "half of the append" and blocks["doomed"]:
            write(log, file, data[: len(data) // 2])
            die()
        write(log, file, data)

    def appended(log: BlockLog, height: int, payload: bytes) -> Any:
        places = append(log, height, payload)
        if moment == "after the append" and blocks["doomed"]:
            die()
        return places

    Application.finalize, Application.commit, Order.append = finalized, committed, noted  # type: ignore[method-assign]
    BlockLog._write, BlockLog.append = written, appended  # type: ignore[method-assign]


def tell(answer: dict[str, Any]) -> None:
    with talking:
        os.write(1, json.dumps(answer).encode() + b"\n")


def count_rejected() -> None:
    process = Application.process

    def counted(application: Application, *proposal: Any) -> None:
        try:
            process(application, *proposal)
        except Refused as refused:
            rejected.append(refused.code)
            raise

    Application.process = counted  # type: ignore[method-assign]


def serve(engine: Any, port: int) -> None:
    """Open the gateway."""
    from infoharbor.gateway.serve import server

    threading.Thread(target=server(engine, port=port).run, daemon=True).start()


def main() -> None:
    count_rejected()
    if len(sys.argv) > 2:
        BEHAVIOURS.get(sys.argv[2], lambda: die_at(sys.argv[2]))()
    with open_engine(Path(sys.argv[1]), workers=0) as engine:
        tell({"ready": True})
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                answer_to(engine, asked)
            except Refused as refused:
                tell({"number": asked["number"], "refused": refused.code})


def answer_to(engine: Any, asked: dict[str, Any]) -> None:
    number = asked["number"]
    if "submit" in asked:

        def answer(future: Any, number: int = number) -> None:
            fault = future.exception()
            if fault is not None:
                tell({"number": number, "refused": str(fault)})
            else:
                receipt = future.result()
                tell({"number": number, "code": receipt.code, "height": receipt.height})

        engine.submit(bytes.fromhex(asked["submit"])).add_done_callback(answer)
    elif "serve" in asked:
        serve(engine, asked["serve"])
        tell({"number": number})
    elif "attested" in asked:
        newest = engine.attestation.newest()
        size = checkpoint_in(newest).size if newest else 0
        tell({"number": number, "size": size, "forks": len(engine.attestation.forks)})
    elif "earliest" in asked:
        question = b'{"jsonrpc":"2.0","id":1,"method":"status"}'
        found = json.loads(engine.light_blocks._post(question))["result"]["sync_info"]
        tell({"number": number, "earliest": int(found["earliest_block_height"])})
    elif "rejected" in asked:
        tell({"number": number, "rejected": rejected})
    elif "receipt" in asked:
        receipt = engine.receipt(bytes.fromhex(asked["receipt"]))
        told = {"height": None, "code": None} if receipt is None else {"height": receipt.height, "code": receipt.code}
        tell({"number": number, **told})
    elif "root" in asked:
        tell({"number": number, "root": engine.root(asked["root"]).hex()})
    else:
        status = engine.status()
        told = {"height": status.height, "condition": status.condition, "reason": status.reason}
        tell({"number": number, **told, "order": engine.order, "time": status.time})  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
