"""The peer: PostgreSQL with synchronous commit doing the same transfer in one SQL function."""

import contextlib
import multiprocessing
import re
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench import postgres_server
from bench.postgres_server import USER, Command, Server, Unavailable, output, program
from infoharbor.crypto.suites import ED25519

HOLDERS = 2_000
PROCESSES = 2
SETTINGS = (
    "synchronous_commit=on",
    "fsync=on",
    "full_page_writes=on",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
    "max_connections=60",
)
SCHEMA = """
    CREATE TABLE balances (
        token int, holder int, free bigint NOT NULL CHECK (free >= 0), PRIMARY KEY (token, holder)
    );
    CREATE TABLE transfers (
        id uuid PRIMARY KEY, token int NOT NULL, sender int NOT NULL, receiver int NOT NULL,
        amount bigint NOT NULL, at timestamptz NOT NULL DEFAULT now()
    );
    CREATE FUNCTION transfer(identifier uuid, of int, sender int, receiver int, amount bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO transfers VALUES (identifier, of, sender, receiver, amount);
        PERFORM 1 FROM balances WHERE token = of AND holder IN (sender, receiver) ORDER BY holder FOR UPDATE;
        UPDATE balances SET free = free - amount WHERE token = of AND holder = sender;
        UPDATE balances SET free = free + amount WHERE token = of AND holder = receiver;
        IF NOT FOUND THEN RAISE EXCEPTION 'no such holder'; END IF;
    END $$;
"""
SCRIPT = """
\\set of random(1, {tokens})
\\set sender random(1, {holders})
\\set receiver 1 + (:sender + random(0, {holders} - 2)) % {holders}
SELECT transfer(gen_random_uuid(), :of, :sender, :receiver, 1);
"""


class Peer(NamedTuple):
    """A server that runs, reached by the socket in `folder`."""

    folder: Path
    tokens: int

    def transfers_per_second(self, clients: int, seconds: int) -> float:
        """Transfers a second of so many clients, driven by PostgreSQL's own pgbench."""
        script = self.folder / f"transfer-{clients}.sql"
        script.write_text(SCRIPT.format(tokens=self.tokens, holders=HOLDERS))
        load: Command = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", script]
        told = output([program("pgbench"), *load, "-h", self.folder, "-U", USER, "postgres"])
        found = re.search(r"tps = ([0-9.]+)", told)
        if found is None:
            raise Unavailable(told[-500:])
        return float(found[1])

    def checked_transfers_per_second(self, clients: int, seconds: float) -> float:
        """The same with an Ed25519 check in Python before each, in two processes with threads."""
        share = max(1, clients // PROCESSES)
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            return sum(pool.starmap(_drive, [(str(self.folder), self.tokens, share, seconds)] * PROCESSES))


@contextlib.contextmanager
def running(records: int) -> Iterator[Peer]:
    """A fresh server with so many balances; gone afterwards."""
    with postgres_server.running(SETTINGS) as server:
        tokens = max(1, records // HOLDERS)
        with server.connect() as connection:
            connection.execute(SCHEMA)
            fill = (
                "INSERT INTO balances SELECT t, h, 1000000000 FROM generate_series(1, %s) t, generate_series(1, %s) h"
            )
            connection.execute(fill, (tokens, HOLDERS))
            connection.execute("VACUUM ANALYZE balances")
            connection.execute("CHECKPOINT")
        yield Peer(server.folder, tokens)


def _drive(folder: str, tokens: int, threads: int, seconds: float) -> float:
    key = ED25519.generate()
    message = bytes(250)
    signature = key.sign(message)
    counts = [0] * threads
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        with Server(Path(folder)).connect() as connection:
            while time.perf_counter() < until:
                identifier = uuid.uuid4()
                sender, of = identifier.int % HOLDERS, identifier.int // HOLDERS % tokens
                if not ED25519.verify(key.public_key, message, signature):
                    raise RuntimeError("a good signature fails")
                arguments = (identifier, of + 1, sender + 1, (sender + 1) % HOLDERS + 1)
                connection.execute("SELECT transfer(%s, %s, %s, %s, 1)", arguments, prepare=True)
                counts[number] += 1

    clients = [threading.Thread(target=client, args=(number,)) for number in range(threads)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return sum(counts) / seconds
