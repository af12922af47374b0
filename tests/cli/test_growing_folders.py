"""A pilot's folder becomes its network's: wherever the command is cut off, the next call goes on, and nothing is lost."""

import errno
import functools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from nodes import as_json
from tests.cli.test_founding import flags

from infoharbor.cli import network
from infoharbor.cli.growing import growers, let_members_attest
from infoharbor.cli.local_network import NetworkFolder
from infoharbor.cli.output import Failure
from infoharbor.cli.trial_members import key_file
from infoharbor.crypto.keyfile import public_key_in, read_key
from infoharbor.engine import folder as folder_module
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.cometbft.growing import GROWING, move_pilot
from infoharbor.engine.cometbft.home import ConsensusHome, new_keys
from infoharbor.engine.folder import DataFolder
from infoharbor.engine.reader import open_reader
from infoharbor.engine.store_file import used_bytes
from infoharbor.kernel.registry import installed_registry

STEPS = {"os.rename", "shutil.copytree", "shutil.rmtree"}
"""As Python's audit names them: files are written beside their place, and take it by the first of these."""
NAMES = ["port", "member-2"]


class CutOff(Exception):
    pass


class Cutting:
    """Before the step after so many that change a folder, what runs ends; so does each later one."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.apart_from = ""
        sys.addaudithook(self._audit)  # For the life of the process, so it does nothing outside `after`.

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.left is not None and event in STEPS and self.apart_from not in Path(str(arguments[0])).parts:
            self.left -= 1
            if self.left < 0:
                raise CutOff(event)

    @contextmanager
    def after(self, steps: int) -> Iterator[None]:
        self.left = steps
        try:
            yield
        finally:
            self.left = None


@pytest.fixture(scope="module")
def cutting() -> Cutting:
    return Cutting()


@pytest.fixture(scope="module")
def voted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot whose two members have voted that they attest it."""
    folder = tmp_path_factory.mktemp("voted")
    as_json("init", "--data", "pilot", *flags(), cwd=folder)
    let_members_attest(folder / "pilot", growers(folder / "pilot", "", None, ""), NAMES[1:])
    store = folder / "pilot/state/data.mdb"
    os.truncate(store, used_bytes(store))  # The room that it has to grow would take long to copy.
    return folder / "pilot"


@pytest.fixture(params=["the same disk", "another disk"])
def ground(
    request: pytest.FixtureRequest, voted: Path, cutting: Cutting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Path]:
    """A folder with that pilot, made anew at each call; the network is to be on the same disk or on another."""
    monkeypatch.setattr(network, "cometbft", lambda builds: Path("none"))
    for waits in ("sync", "fsync"):  # For whatever else this machine writes.
        monkeypatch.setattr(os, waits, lambda *_: None)
    monkeypatch.setattr(folder_module, "installed_registry", functools.cache(installed_registry))
    rename = Path.rename

    def across(source: Path, target: Path) -> Path:
        if "net" in target.parts and "net" not in source.parts:
            raise OSError(errno.EXDEV, "another disk")
        return rename(source, target)

    if request.param == "another disk":
        monkeypatch.setattr(Path, "rename", across)
        monkeypatch.setattr(cutting, "apart_from", GROWING)  # What is done in there is the same.

    def fresh() -> Path:
        folder = tmp_path / "ground"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(voted, folder / "pilot")
        return folder

    return fresh


def init(folder: Path) -> None:
    network.init(pilot=folder / "pilot", directory=folder / "net", validators=2)


def ensure_whole(folder: Path, voted: Path) -> None:
    """A network with the pilot's history, in which nothing is left of how it came to be."""
    net = NetworkFolder(folder / "net")
    assert [path.name for path in folder.iterdir()] == ["net"]
    assert {path.name for path in net.path.iterdir()} == {"network.json", "nodes"}
    assert sorted(path.name for path in net.nodes.iterdir()) == sorted(NAMES)
    assert [node.name for node in net.layout().nodes] == NAMES
    founding = {}
    for name in NAMES:
        data = net.data(name)
        founding[name] = ConsensusHome(data).validator_key().hex()
        assert ConsensusHome(data).config().name == name
        assert read_key(key_file(data, name))
        kept = voted if name == "port" else voted / GROWING / name
        assert AttesterKeys.read(data / "keys").public(name) == AttesterKeys.read(kept / "keys").public(name)
        assert not (data / GROWING).exists()
        with closing(open_reader(data)) as reader, closing(open_reader(voted)) as before:
            assert reader.root(reader.status().height + 1) == before.root(before.status().height + 1)
    assert all(ConsensusHome(net.data(name)).founding_members() == founding for name in NAMES)
    logs = {public_key_in(DataFolder(data).log_key) for data in (voted, *map(net.data, NAMES))}
    assert len(logs) == 3


def test_cut_off_anywhere_it_goes_on_at_the_next_call_and_the_log_key_goes_last(
    ground: Callable[[], Path], voted: Path, cutting: Cutting
) -> None:
    steps = 0
    while True:
        folder = ground()
        try:
            with cutting.after(steps):
                init(folder)
        except CutOff:
            log_keys = {public_key_in(file) for file in folder.glob("**/keys/log.json")}
            is_destroyed = public_key_in(DataFolder(voted).log_key) not in log_keys
            if is_destroyed:
                assert not (folder / "pilot").exists()
                assert all(ConsensusHome(NetworkFolder(folder / "net").data(name)).has_keys for name in NAMES)
            init(folder)
            ensure_whole(folder, voted)
        else:
            break
        steps += 1
    ensure_whole(folder, voted)
    assert steps > 12


def test_another_copy_of_a_pilot_that_has_moved_is_left_alone(voted: Path, tmp_path: Path) -> None:
    pilot, nodes = tmp_path / "pilot", NetworkFolder(tmp_path / "net").nodes
    shutil.copytree(voted, pilot)
    move_pilot(pilot, nodes, {name: new_keys() for name in NAMES})
    shutil.copytree(voted, pilot, ignore=shutil.ignore_patterns(GROWING))
    with pytest.raises(Failure) as refused:
        init(tmp_path)
    assert (refused.value.code, refused.value.field) == ("network.folder_taken", "--from")
    assert (pilot / "genesis").exists()
