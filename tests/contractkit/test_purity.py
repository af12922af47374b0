"""The purity check names whatever two machines could see differently, and nothing else."""

import pytest

from infoharbor.contractkit.purity import faults

IMPURE = {
    "import time": "imports time",
    "from random import choice": "imports random",
    "import os.path": "imports os.path",
    "import collections": "imports collections",
    "import httpx": "imports httpx",
    "from .records import Berth": "imports .records",
    "from infoharbor.contracts.identity.demo import PLAYERS": "imports infoharbor.contracts.identity.demo",
    "from infoharbor.contracts.trace.exchange.times import parse": "imports infoharbor.contracts.trace.exchange.times",
    "from infoharbor.engine import store": "imports infoharbor.engine",
    "from infoharbor.kernel.ledger import Ledger": "imports infoharbor.kernel.ledger",
    "share = 0.5": "the float 0.5",
    "half = whole / 2": "true division",
    "whole /= 2": "true division",
    "number = float(text)": "a call of float",
    "place = hash(text)": "a call of hash",
    "place = id(record)": "a call of id",
    "file = open('x')": "a call of open",
    "fine = text.isdigit()": ".isdigit()",
    "for each in {1, 2}: pass": "an iteration over a set",
    "names = [each for each in set(given)]": "an iteration over a set",
    "while True: pass": "while",
    "async def rule(): pass": "asyncfunctiondef",
    "def rule(n):\n    return rule(n - 1)": "rule calls itself",
    "def one(n):\n    return two(n)\n\ndef two(n):\n    return one(n)": "one calls itself, directly or through others",
}
PURE = (
    "from infoharbor.contractkit import Record",
    "from infoharbor.contracts.identity.records import Organisation",
    "from collections.abc import Iterator",
    "half = whole // 2",
    "for each in sorted({1, 2}): pass",
    "known = name in {1, 2}",
    "def rule(n):\n    return other(n)\n\ndef other(n):\n    return n",
)


@pytest.mark.parametrize("source", IMPURE)
def test_what_could_differ_is_named(source: str) -> None:
    assert any(IMPURE[source] in fault for _, fault in faults(source))


@pytest.mark.parametrize("source", PURE)
def test_what_cannot_differ_is_left_alone(source: str) -> None:
    assert list(faults(source)) == []


def test_a_fault_is_named_with_its_line() -> None:
    assert list(faults("one = 1\n\ntwo = 0.5\n")) == [(3, "the float 0.5")]
