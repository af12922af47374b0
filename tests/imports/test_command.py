"""`infoharbor import`: a sheet is looked at, refused with its rows, and taken in, over a gateway."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from trading import Trader, TradingNode

PROGRAM = Path(sys.executable).with_name("infoharbor")
GOOD = "time,zone,step,objects\n2026-04-08 10:30,+08:00,storing,(01)09521001003032(21)cli\n"
BAD = GOOD + "2026-04-08 10:30,,storing,(01)09521001003032(21)cli-2\n"


@pytest.fixture
def command(trading: TradingNode, tmp_path: Path) -> Any:
    url, token = trading.url, trading.token_of("firm-1")

    def run(*arguments: str, sheet: str = "") -> subprocess.CompletedProcess[str]:
        (tmp_path / "sheet.csv").write_text(sheet, encoding="utf-8")
        given = [PROGRAM, "import", *arguments, "--url", url, "--token", token]
        return subprocess.run(given, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    return run


def test_a_preview_ends_with_1_if_a_row_is_refused(command: Any) -> None:
    good = command("preview", "sheet.csv", "--json", sheet=GOOD.replace("cli", "only-looked-at"))
    assert (good.returncode, json.loads(good.stdout)["counts"]["conforming"]) == (0, 1)
    bad = command("preview", "sheet.csv", sheet=BAD)
    assert (bad.returncode, "row 行 3" in bad.stdout, "zone" in bad.stdout) == (1, True, True)


def test_a_sheet_is_sent_whole_or_without_what_is_refused(command: Any, firm: Trader) -> None:
    refused = command("send", "sheet.csv", "--json", sheet=BAD)
    assert (refused.returncode, json.loads(refused.stdout)["code"]) == (1, "import.refused_rows")
    sent = command("send", "sheet.csv", "--proceed", "--json", sheet=BAD)
    assert sent.returncode == 0, sent.stderr
    assert firm.finished(json.loads(sent.stdout)["capture"])["captured"] == 1


def test_the_list_shows_columns_in_both_languages(command: Any) -> None:
    said = command("list").stdout
    assert "trace/events" in said
    assert "时区偏移" in said
