"""Writes the frozen vectors that are not there yet: histories, then an example of every format made from them.

A vector is never written over: a changed format has a new version and new files. Run from the root of the project:
`python tests/vectors/make_formats.py`.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import attester_examples  # noqa: E402
import format_examples as examples  # noqa: E402

SUITES = ("sha256", "sm3")


def write(path: Path, content: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def to_json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def main() -> None:
    for suite in SUITES:
        history = HERE / "history" / f"{suite}.json"
        if not history.exists():
            write(history, to_json(examples.new_history(suite)))
        ledger = examples.replay(json.loads(history.read_bytes()))
        write(HERE / "formats" / f"{suite}.json", to_json(examples.of_ledger(ledger)))
        for name, (evidence, trust) in examples.evidence(ledger).items():
            write(HERE / "formats" / f"{suite}-{name}.evidence.json", evidence)
            write(HERE / "formats" / f"{suite}-{name}.trust", trust)
    write(HERE / "formats" / "common.json", to_json(examples.common()))
    write(HERE / "formats" / "attesters.json", to_json(attester_examples.examples()))


if __name__ == "__main__":
    main()
