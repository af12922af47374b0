"""How many signed transfers a second the embedded engine commits, how long one takes, where the time goes."""

import argparse
import cProfile
import io
import os
import pstats
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "engine"))

from world import TOKEN, World

from infoharbor.contracts.asset.actions import Transfer
from infoharbor.engine import embedded
from infoharbor.engine.lifecycle import open_engine


def synced_appends(folder: Path, count: int = 200, size: int = 64 * 1024) -> float:
    """Durable appends a second on this disk."""
    file = os.open(folder / "append", os.O_WRONLY | os.O_CREAT)
    begin = time.perf_counter()
    for _ in range(count):
        os.write(file, bytes(size))
        os.fdatasync(file)
    os.close(file)
    return count / (time.perf_counter() - begin)


def transfers(world: World, count: int) -> Iterator[bytes]:
    chance = random.Random(1)
    for _ in range(count):
        sender, receiver = chance.sample(world.names, 2)
        yield world.signed(Transfer(TOKEN, receiver, 1, ""), by=sender, expiry=world.begin + 3_500_000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--transfers", type=int, default=30_000)
    parser.add_argument("--organisations", type=int, default=2_000)
    parser.add_argument("--rate", type=int, default=0, help="submit at this rate and measure latency")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        run(Path(folder), options)


def run(folder: Path, options: argparse.Namespace) -> None:
    print(f"{synced_appends(folder):.0f} synced appends of 64 KiB a second")
    world = World(options.organisations)
    data = world.create(folder / "data")
    profile = cProfile.Profile()
    if options.profile:
        run_engine = embedded.EmbeddedEngine._run

        def profiled(engine: embedded.EmbeddedEngine) -> None:
            profile.runcall(run_engine, engine)

        embedded.EmbeddedEngine._run = profiled  # type: ignore[method-assign]
    engine = open_engine(data)
    issue, *mints = world.opening()
    engine.submit(issue).result()
    codes = {future.result().code for future in [engine.submit(raw) for raw in mints]}
    raws = list(transfers(world, options.transfers))
    height = engine.status().height
    room = threading.Semaphore(8_000)
    taken: list[float] = []
    begin = time.perf_counter()
    futures = []
    for index, raw in enumerate(raws):
        if options.rate:
            time.sleep(max(0, begin + index / options.rate - time.perf_counter()))
        room.acquire()
        sent = time.perf_counter()
        future = engine.submit(raw)
        future.add_done_callback(
            lambda _, sent=sent: (taken.append(time.perf_counter() - sent), room.release())
        )
        futures.append(future)
    codes |= {future.result().code for future in futures}
    seconds = time.perf_counter() - begin
    taken.sort()
    blocks = engine.status().height - height
    print(f"{len(raws) / seconds:.0f} transfers a second in {blocks} blocks; codes {codes}")
    print(
        "submit to final: "
        f"median {taken[len(taken) // 2] * 1000:.0f} ms, p99 {taken[len(taken) * 99 // 100] * 1000:.0f} ms"
    )
    print(f"resident at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
    engine.close()
    if options.profile:
        text = io.StringIO()
        pstats.Stats(profile, stream=text).sort_stats("tottime").print_stats(45)
        print(text.getvalue())


if __name__ == "__main__":
    main()
