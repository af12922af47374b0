"""The project as it is handed on: locks, tracked files, the anatomy of contracts, the wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "setup/uv.lock", "setup/go.lock")
CONTRACTS = sorted(
    folder
    for folder in (ROOT / "src/infoharbor/contracts").iterdir()
    if folder.is_dir() and not folder.name.startswith(("_", "."))
)

MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|farm|home/\w+|Users/\w+|tmp/\w+)/")
REGISTRY_HOST = re.compile(
    r"\b(?:(?:[\w-]+\.)?pypi\.org|pythonhosted\.org|registry\.npmjs\.org|(?:proxy|sum)\.golang\.org"
    r"|crates\.io|repo1?\.maven|deb\.debian\.org)\b"
)
SCREENSHOTS_AND_FONTS = {".png", ".jpg", ".ico", ".woff2", ".pdf", ".gz", ".mdb"}


def tracked_files() -> Iterator[Path]:
    """The files that git keeps or would keep; of a folder without git, all that no tool left behind."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
        yield from (path for name in names if name and (path := ROOT / name).is_file())
        return
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name != "__pycache__" and (name == ".ci" or not name.startswith("."))]
        yield from (Path(folder, name) for name in names)


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    """Each `file:line` of a tracked text in which `pattern` is found."""
    found = []
    for path in tracked_files():
        if path.suffix in SCREENSHOTS_AND_FONTS:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def keys(words: object, prefix: str = "") -> set[str]:
    """The dotted keys of nested words."""
    if not isinstance(words, dict):
        return {prefix}
    return {key for name, inner in words.items() for key in keys(inner, f"{prefix}.{name}".lstrip("."))}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_pinned_with_its_hashes(name: str) -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / name).read_text())
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert packages
    for package in packages:
        assert re.match(r"[\w.\[\],-]+==\S+", package), package.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package.splitlines()[0]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_registry(name: str) -> None:
    assert not re.findall(r"://|--index|--extra-index|--find-links", (ROOT / name).read_text())


def test_what_runs_is_pinned_alike_for_users_and_developers() -> None:
    pins = {
        name: dict(re.findall(r"^([\w.\[\],-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    }
    assert pins["requirements.lock"].items() <= pins["requirements-dev.lock"].items()


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    assert lines_matching(MACHINE_PATH) == []


def test_no_tracked_file_names_the_host_of_a_registry() -> None:
    assert lines_matching(REGISTRY_HOST) == []


@pytest.mark.parametrize("folder", CONTRACTS, ids=lambda folder: folder.name)
def test_a_contract_has_the_files_that_mean_the_same_everywhere(folder: Path) -> None:
    anatomy = (
        "README.md",
        "records.py",
        "words/zh.json",
        "words/en.json",
        "demo.py",
        f"test_{folder.name}.py",
    )
    assert [name for name in anatomy if not (folder / name).is_file()] == []


@pytest.mark.parametrize("folder", CONTRACTS, ids=lambda folder: folder.name)
def test_a_contract_says_the_same_in_chinese_and_english(folder: Path) -> None:
    chinese, english = (
        keys(json.loads((folder / f"words/{tongue}.json").read_text("utf-8"))) for tongue in ("zh", "en")
    )
    assert chinese ^ english == set()


def test_the_wheel_holds_the_code_and_its_data_but_no_tests(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("infoharbor-*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("infoharbor/")}
    source = ROOT / "src"
    meant = {
        path.relative_to(source).as_posix()
        for path in tracked_files()
        if path.is_relative_to(source / "infoharbor")
        and not (path.suffix == ".py" and (path.name.startswith("test_") or path.name == "conftest.py"))
    }
    assert held == meant
