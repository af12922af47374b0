"""A node that is killed: it prints the id of each acknowledged transaction. Run by `test_crash.py`."""

import os
import signal
import sys
from pathlib import Path

from infoharbor.engine import machine
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.lifecycle import open_engine
from infoharbor.engine.machine import Machine
from infoharbor.engine.store import Store
from infoharbor.kernel.block import Receipt


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(moment: str) -> None:
    """Arrange for a death at a named moment of the 5th block from now."""
    blocks = [0]

    def fifth() -> bool:
        blocks[0] += 1
        return blocks[0] >= 5

    if moment == "half of the append":
        write = BlockLog._write
        BlockLog._write = (
            lambda log, file, data: (  # type: ignore[method-assign]
                (write(log, file, data[: len(data) // 2]), die()) if fifth() else write(log, file, data)
            )
        )
    elif moment == "after the append":
        append = BlockLog.append
        BlockLog.append = lambda log, *block: (append(log, *block), die() if fifth() else 0)[0]
    elif moment == "before the store":
        flush = Machine.flush
        Machine.flush = lambda machine: die() if fifth() else flush(machine)
    elif moment == "inside the store":
        put = Store._put
        Store._put = lambda store, *batch: (put(store, *batch), die() if fifth() else 0)[0]


def main() -> None:
    data, transactions, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    if moment == "at random":
        # With processes of its own beside it, and the store written nearly all the time.
        machine.FLUSH_LAYERS = 1
        engine = open_engine(data, workers=1)
    else:
        engine = open_engine(data, workers=0)
        die_at(moment)

    def acknowledge(receipt: Receipt) -> None:
        os.write(1, receipt.transaction.hex().encode() + b"\n")

    os.write(1, b"ready\n")
    for line in transactions.read_text().split():
        future = engine.submit(bytes.fromhex(line))
        future.add_done_callback(lambda done: acknowledge(done.result()))
        if moment != "at random":
            future.result()
    if moment == "at random":
        signal.pause()
    engine.close()


if __name__ == "__main__":
    main()
