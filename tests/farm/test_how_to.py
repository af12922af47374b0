"""What the how-to of a cooperative tells to type works as it stands, in both languages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.farm.conftest import Farm

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from documents import blocks

from infoharbor.contracts.farm.demo import GROWER


@pytest.mark.parametrize("document", ["how-to/capture-for-farmers.md", "how-to/capture-for-farmers.zh.md"])
def test_a_cooperative_does_as_the_document_says(farm: Farm, tmp_path: Path, document: str) -> None:
    first, *others = [block.body for block in blocks(document) if block.language == "bash"]
    assert "infoharbor run --demo" in first  # the node that runs here
    script = "\n".join(["set -euo pipefail", *others]).replace("http://127.0.0.1:8600", farm.address)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=os.environ | {"TOKEN": farm.token(GROWER)}, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "work.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert (tmp_path / "label.pdf").read_bytes().startswith(b"%PDF")
