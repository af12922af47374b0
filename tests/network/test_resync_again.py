"""Setting a node right is done by doing it again, wherever it was cut off before."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driven import Driven

from infoharbor.engine.cometbft import resyncing
from infoharbor.engine.cometbft.home import ConsensusHome
from infoharbor.engine.cometbft.resyncing import resync
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.quarantine import Quarantine

ROLLBACK = """#!{python}
import pathlib, sys
file = pathlib.Path(sys.argv[-1], "data", "height")
file.write_text(str(int(file.read_text()) - 1))
print("Rolled back state to height", file.read_text(), "and hash AB")
"""
"""CometBFT, as far as it goes back."""


class Cut(Exception):
    """The process is killed."""


@pytest.mark.parametrize("step", ["shutil.rmtree", "BlockLog.append_from", "Path.rename", "write_private"])
def test_one_that_was_cut_off_keeps_its_blocks(
    drive: Callable[..., Driven], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    node = drive("odd")
    node.open_accounts()
    for _ in range(6):
        node.block([node.world.transfer("firm-1", "firm-2")])
    node.machine.flush()
    wrong, data, home = node.height - 1, node.data, ConsensusHome(node.data)
    (home.path / "data" / "height").write_text(str(node.order.newest.order))
    node.close()
    DataFolder(data).write_quarantine(Quarantine(wrong, "AppHash", "", ""))
    program = tmp_path / "cometbft"
    program.write_text(ROLLBACK.format(python=sys.executable))
    program.chmod(0o700)

    with monkeypatch.context() as cut:
        name, _, method = step.rpartition(".")
        owner = getattr(resyncing, name) if name else resyncing
        real = getattr(owner, method)

        def cut_off(*given: Any, **options: Any) -> Any:
            if method == "rename" and given[0].name != "state":
                return real(*given, **options)
            raise Cut

        cut.setattr(owner, method, cut_off)
        with pytest.raises(Cut):
            resync(data, program)
    done = resync(data, program)
    assert 0 < done.height < wrong
    again = drive("odd")
    assert again.height == done.height
    assert not DataFolder(data).quarantine.exists()
