"""Every refusal that a command can print has its sentences."""

import re
from pathlib import Path

import infoharbor
from infoharbor.edgekit.languages import Words
from infoharbor.kernel.registry import installed_registry

CODE = re.compile(r'"((?:cli|contract|evidence|key|network|node|note|skip|tile|trust)\.[a-z_0-9]+)"')
NO_CODES = {"network.json", "node.json", "skip.json", "trust.txt"}
"""Files' names."""


def test_every_code_has_its_sentences() -> None:
    package, words = Path(infoharbor.__file__).parent, Words(installed_registry())
    files = [
        file for part in ("cli", "crypto", "engine", "evidence", "kernel") for file in (package / part).rglob("*.py")
    ]
    codes = {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))} - NO_CODES
    assert codes
    assert sorted(code for code in codes if not words.has_refusal(code)) == []
