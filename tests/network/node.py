"""A network's node for the tests, told what to do on standard input. Named a moment, it dies in it.

Usage: node.py DATA [MOMENT]
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft.application import Application
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.lifecycle import open_engine

BLOCKS_BEFORE = 2
talking = threading.Lock()


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


def main() -> None:
    if len(sys.argv) > 2:
        die_at(sys.argv[2])
    with open_engine(Path(sys.argv[1]), workers=0) as engine:
        tell({"ready": True})
        for line in sys.stdin:
            asked = json.loads(line)
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
            elif "receipt" in asked:
                receipt = engine.receipt(bytes.fromhex(asked["receipt"]))
                tell({"number": number, "height": None if receipt is None else receipt.height})
            elif "root" in asked:
                tell({"number": number, "root": engine.root(asked["root"]).hex()})
            else:
                status = engine.status()
                told = {"height": status.height, "condition": status.condition, "reason": status.reason}
                tell({"number": number, **told, "order": engine.order, "time": status.time})  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
