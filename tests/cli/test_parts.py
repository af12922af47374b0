"""Parts of the package that not everybody installs: named where they are missing, and not loaded where nobody asks."""

import subprocess
from pathlib import Path

import pytest
from nodes import PROGRAM, infoharbor

WITHOUT = "import sys; sys.modules[sys.argv.pop(1)] = None; from infoharbor.cli.main import main; main()"
NODE = """
import sys
import infoharbor.cli.serving, infoharbor.cli.keys, infoharbor.cli.verifying, infoharbor.engine.cometbft.engine
assert not {"pkcs11", "opentelemetry", "rfc3161_client"} & {name.partition(".")[0] for name in sys.modules}
"""


def python(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM.with_name("python"), "-P", "-c", code, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("part", "arguments", "code"),
    [
        ("pkcs11", ("key", "new", "--pkcs11", "x.so", "--pkcs11-token", "x", "--pin-variable", "X"), "key.no_pkcs11"),
        (
            "opentelemetry",
            ("run", "--data", "x", "--port", "0", "--trace-to", "http://127.0.0.1:1"),
            "cli.no_telemetry",
        ),
        ("rfc3161_client", ("stamp", "request", "x.json", "-o", "x.tsq"), "cli.no_stamps"),
    ],
)
def test_a_missing_part_is_named(part: str, arguments: tuple[str, ...], code: str, tmp_path: Path) -> None:
    done = python(WITHOUT, part, *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert code in done.stderr
    assert (
        f"infoharbor[{part.replace('opentelemetry', 'telemetry').replace('rfc3161_client', 'stamps')}]" in done.stderr
    )
    assert "Traceback" not in done.stderr


def test_nothing_of_them_is_loaded_where_nobody_asks(tmp_path: Path) -> None:
    done = python(NODE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    infoharbor("key", "new", cwd=tmp_path)
