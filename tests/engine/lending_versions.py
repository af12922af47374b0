"""The contract `lending` in two versions, each installed in a folder of its own: what `infoharbor contract new` writes, and a
next version with a changed action, a new one, a longer record, and a job that converts the old ones."""

import json
import os
import subprocess
import sys
from pathlib import Path
from string import Template
from typing import Any

from infoharbor.cli.contracts import IN_PROJECT, templates

NEXT = Path(__file__).parent / "lending_next"
WAIT_S = 120
MORE_WORDS: dict[str, dict[str, str]] = {
    "tables": {"conversions": "Conversions"},
    "fields": {
        "loans.lost_at": "lost from",
        **{f"conversions.{name}": name for name in ("name", "after", "next", "seen", "status")},
    },
    "statuses": {"lost": "lost", "running": "running", "done": "done"},
    "actions": {"ReportLost": "Report as lost", "ConvertLoans": "Convert the loans"},
    "refusals": {"too_long": "Lend for at most a year."},
}
MORE_CHINESE: dict[str, dict[str, dict[str, str]]] = {
    "tables.zh": {"about": {"conversions": "对借用记录的转换。"}},
    "actions.zh": {"about": {"ReportLost": "报告物品遗失。", "ConvertLoans": "转换借用记录。"}},
    "expected.zh": {"expected": {"at most a year ahead": "最多一年之后"}},
}
"""What the docstrings and refusals say in Chinese, by file."""


def install(folder: Path, version: int) -> Path:
    """Lay out this version as an installed package brings it; the folder, for `PYTHONPATH`."""
    package, information = folder / "lending", folder / f"lending-{version}.dist-info"
    (package / "words").mkdir(parents=True)
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: lending\nVersion: {version}\n")
    (information / "entry_points.txt").write_text("[infoharbor.contracts]\nlending = lending\n")
    for source, text in templates().items():
        if source not in IN_PROJECT:
            (package / source).write_text(Template(text).substitute(name="lending"), encoding="utf-8")
    if version > 1:
        for file in NEXT.glob("*.py"):
            (package / file.name).write_bytes(file.read_bytes())
        for words in (package / "words").iterdir():
            known = json.loads(words.read_text(encoding="utf-8"))
            added = MORE_CHINESE.get(words.stem, MORE_WORDS)
            more = {part: known[part] | texts for part, texts in added.items()}
            words.write_text(json.dumps(known | more), encoding="utf-8")
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Put other words into an installed rule file."""
    path = folder / "lending" / file
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new), encoding="utf-8")


def environment(installed: Path) -> dict[str, str]:
    """The variables of a process for which this version is installed."""
    before = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{installed}{os.pathsep}{before}" if before else str(installed)}


def infoharbor(*arguments: str | Path, installed: Path, code: int = 0) -> Any:
    """What the command answers where this version is installed, as JSON; it ends with this exit code."""
    run = [sys.executable, "-P", "-c", "from infoharbor.cli.main import main; main()", *map(str, arguments), "--json"]
    done = subprocess.run(run, env=environment(installed), capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)
