"""A skip of a due move names the version of the contract that failed, whatever the clock of who signs says."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from driven import Driven
from world import TOKEN, World

from infoharbor.cli.recovering import skip
from infoharbor.contracts.governance.actions import ActivateContract, Propose
from infoharbor.engine.cometbft.skips import read_skip

YEAR_NS = 365 * 24 * 3600 * 10**9


def test_signers_whose_clocks_differ_sign_the_same_skip(
    drive: Callable[..., Driven], world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = drive()
    node.open_accounts()
    upgrade = Propose.to(ActivateContract("asset", 2, bytes(32)), id="upgrade", reason="in force in some days")
    assert node.block([world.signed(upgrade, by="bank")]).codes == [0]
    node.machine.flush()
    node.close()
    ahead, now_ns = 0, time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + ahead)
    signed = []
    for number, ahead in enumerate((0, YEAR_NS)):  # noqa: B007 - the clock reads it.
        file = tmp_path / f"skip-{number}.json"
        due = "00000000" + "11" * 28
        skip(node.height + 1, due, data=node.data, file=file, record=f"asset/balances/{TOKEN}/bank", sign=True)
        signed.append(read_skip(file))
    assert signed[0] == signed[1]
    assert signed[0].version == 1
