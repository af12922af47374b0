"""Python environments away from this clone, which see our dependencies and nothing else of ours."""

import os
import site
import subprocess
import sys
from pathlib import Path

TIMEOUT_S = 300


class Environment:
    """A fresh virtual environment with pip. What is installed in it comes before what it sees of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=TIMEOUT_S)
        (packages,) = folder.glob("lib/python*/site-packages")
        seen = [*site.getsitepackages()]
        (packages / "seen.pth").write_text("".join(f"import site; site.addsitedir({each!r})\n" for each in seen))

    @property
    def variables(self) -> dict[str, str]:
        """The variables of a shell in which this environment is active."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}
        return kept | {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", "VIRTUAL_ENV": str(self.folder)}

    def program(self, name: str) -> Path:
        return self.folder / "bin" / name

    def install(self, *what: str | Path) -> None:
        """Install without a network."""
        flags = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
        done = subprocess.run(
            [self.program("python"), "-m", "pip", "install", *flags, *map(str, what)],
            capture_output=True, text=True, env=self.variables, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
