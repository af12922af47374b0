"""Every refusal that we can give has a sentence in both languages."""

import re
from pathlib import Path

import infoharbor
from infoharbor.edgekit.languages import Words
from infoharbor.kernel.registry import installed_registry

PACKAGE = Path(infoharbor.__file__).parent
PARTS = ("kernel", "contractkit", "engine", "edgekit", "sdk", "gateway")
CODE = re.compile(r'"((?:ledger|contract|input|http|node|client|log)\.[a-z_]+)"')
NO_CODES = {"log.json", "node.json", "http.request", "http.route"}
"""Files' names, a message of ASGI, and what a trace calls a route."""


def test_every_code_has_its_sentences() -> None:
    words = Words(installed_registry())
    codes = {
        code
        for part in PARTS
        for file in (PACKAGE / part).rglob("*.py")
        for code in CODE.findall(file.read_text(encoding="utf-8"))
    } - NO_CODES
    assert codes
    assert sorted(code for code in codes if not words.has_refusal(code)) == []
