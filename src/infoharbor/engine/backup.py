"""Copies of a ledger: backup while it runs, restore, export as one file, replay from the genesis."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from infoharbor.engine.blocklog import BlockLog, LogRecord, Place, read_record
from infoharbor.engine.folder import PRIVATE_FILE, DataFolder, sync_folder
from infoharbor.engine.interface import Damaged, HeightGone, Refused
from infoharbor.engine.machine import Machine
from infoharbor.engine.reader import Reader
from infoharbor.engine.snapshot import Snapshot
from infoharbor.engine.state_check import restore as restore_state
from infoharbor.engine.state_format import BadSnapshot, Manifest
from infoharbor.engine.state_shelf import Shelf
from infoharbor.engine.store import Store
from infoharbor.kernel.block import Genesis, genesis_codec
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.registry import Registry

Progress = Callable[[int], None]
"""Called with the height that has been reached."""
EXPORT_MARK = b"infoharbor/export/1\n"


def backup(data: Path | str, target: Path | str, *, progress: Progress | None = None) -> int:
    """Copy a ledger to an empty folder, also while a node runs it; returns the height of the copy.

    The copy is checked and on the disk when this returns. It holds the secret and the log's key, and never
    `signed.json`, so that a restored ledger that lies behind what was signed is noticed.
    """
    folder = DataFolder(Path(data))
    folder.founded()
    with contextlib.closing(Store(folder.state, readonly=True)) as store:
        return copy_ledger(folder, store, Path(target), progress)


def copy_ledger(folder: DataFolder, store: Store, target: Path, progress: Progress | None = None) -> int:
    """`backup` for who has the store open already."""
    copy = DataFolder(target)
    if target.exists() and any(target.iterdir()):
        raise Refused("node.target_not_empty", "target", "an empty folder")
    copy.make_folders()
    # The store first: the log that is copied after it then reaches at least as far.
    store.copy(copy.state)
    _copy_files(folder, copy)
    with contextlib.closing(Store(copy.state)) as copied, copied.read() as stored:
        least = stored.height
    log = BlockLog(copy.blocks)
    height = log.first - 1
    for record in log.scan():
        height = record.height
        if progress is not None:
            progress(height)
    if height < least:
        raise Damaged("blocks", f"blocks up to {least}; the log ends at {height}")
    return height


def restore(source: Path | str, target: Path | str) -> int:
    """Put a backup into a folder that is empty but for `signed.json`; returns its height.

    Refused as `node.behind_signed` if the folder's signer has signed more than the backup holds: running on
    would be a second history. Copy `signed.json` of the lost node here first; it lies outside of backups for
    this."""
    folder, copy = DataFolder(Path(source)), DataFolder(Path(target))
    marks = (copy.signed.name, copy.attested.name)
    if copy.path.exists() and any(path.name not in marks for path in copy.path.iterdir()):
        raise Refused("node.target_not_empty", "target", "a folder that is empty but for signed.json and attested.json")
    founded = folder.founded()
    with contextlib.closing(Reader(folder.path, founded.chain.registry)) as reader:
        reader.check_signed(copy.last_signed())
        height = reader.status().height
    copy.make_folders()
    shutil.copyfile(folder.state / "data.mdb", copy.state / "data.mdb")
    _sync(copy.state / "data.mdb")
    _copy_files(folder, copy)
    return height


def export(data: Path | str, target: Path | str, *, progress: Progress | None = None) -> int:
    """Write genesis and block log as one file, every record checked; returns the last height. Fails if it
    exists, or if this node does not keep all blocks."""
    folder = DataFolder(Path(data))
    genesis = folder.genesis.read_bytes()
    log, height = BlockLog(folder.blocks), -1
    if log.first > 0:
        raise HeightGone(log.first)
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as file:
        file.write(EXPORT_MARK + len(genesis).to_bytes(4, "big") + genesis)
        for record in log.scan():
            file.write(record.raw)
            height = record.height
            if progress is not None:
                progress(height)
        file.flush()
        os.fsync(file.fileno())
    return height


def read_export(source: Path | str) -> tuple[Genesis, Iterator[LogRecord]]:
    """The genesis and the log records of an exported file; raises `Damaged` where it is not what was
    written."""
    path = Path(source)
    with path.open("rb") as file:
        mark, length = file.read(len(EXPORT_MARK)), int.from_bytes(file.read(4), "big")
        if mark != EXPORT_MARK or length > path.stat().st_size:
            raise Damaged(path.name, "an export of a ledger")
        genesis: Genesis = genesis_codec.decode(file.read(length))
    return genesis, _exported(path, len(EXPORT_MARK) + 4 + length)


def _exported(path: Path, offset: int) -> Iterator[LogRecord]:
    place, size = Place(0, offset), path.stat().st_size
    with path.open("rb") as file:
        while place.offset < size:
            record = read_record(file, place, path.name)
            if record is None:
                raise Damaged(path.name, "whole records to its end")
            yield record
            place = record.end


@contextlib.contextmanager
def replay(
    data: Path | str,
    *,
    registry: Registry | None = None,
    exported: Path | str | None = None,
    root: Callable[[int], bytes] | None = None,
    progress: Progress | None = None,
) -> Iterator[Snapshot]:
    """Run every block again from the genesis, signatures included, and give the state that comes out.

    Raises `Damaged`, naming the first difference, if any header, receipt or written record is not as the log
    has it. The blocks come from `exported`, if given; the secret and the rules from the folder `data`. A node that does
    not keep all blocks begins with a snapshot that it keeps, if that is of the header log's `root` at its size; without
    one it is refused as `HeightGone`.
    """
    folder = DataFolder(Path(data))
    founded = folder.founded(registry)
    with contextlib.ExitStack() as held:
        working = held.enter_context(tempfile.TemporaryDirectory(prefix="replay-"))
        log = BlockLog(folder.blocks)
        if exported is None and log.first > 0:
            _begin_with_state(folder, founded.chain, root, Path(working))
        store = held.enter_context(contextlib.closing(Store(Path(working))))
        machine = Machine(founded.chain, founded.genesis, store, log)
        kept = (record for record in log.scan() if record.height > machine.height)
        records = kept if exported is None else read_export(exported)[1]
        machine.run_again(records, verify=True, progress=progress)
        yield held.enter_context(machine.view())


def replays_from(data: Path) -> int | None:
    """The height from which `replay` begins: 0, or that of the oldest snapshot which the blocks follow; None without one."""
    folder = DataFolder(data)
    first = BlockLog(folder.blocks).first
    found = _snapshots_before(folder, first)
    return 0 if first == 0 else found[0].height if found else None


def _snapshots_before(folder: DataFolder, first: int) -> list[Manifest]:
    manifests = (kept.manifest for kept in Shelf(folder.snapshots).kept())
    return [manifest for manifest in manifests if manifest.height + 1 >= first]


def _begin_with_state(folder: DataFolder, chain: Chain, root: Callable[[int], bytes] | None, target: Path) -> None:
    first = BlockLog(folder.blocks).first
    found = _snapshots_before(folder, first)
    if root is None or not found:
        raise HeightGone(first)
    try:
        restore_state(chain, Shelf(folder.snapshots), found[0], root(found[0].height + 1), target)
    except BadSnapshot as bad:
        raise Damaged(f"snapshots/{found[0].order}", bad.expected) from None


def _copy_files(folder: DataFolder, copy: DataFolder) -> None:
    for path in (folder.genesis, folder.secret, folder.log_key):
        _copy(path, copy.path / path.relative_to(folder.path))
    if folder.skips.exists():
        shutil.copytree(folder.skips, copy.skips)
        for path in copy.skips.iterdir():
            _sync(path)
        sync_folder(copy.skips)
    for segment in BlockLog(folder.blocks).segments():
        name = BlockLog(folder.blocks).path(segment).name
        _copy(folder.blocks / name, copy.blocks / name)
    for path in (copy.state, copy.blocks, copy.path / "keys", copy.path):
        sync_folder(path)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    _sync(target)


def _sync(path: Path) -> None:
    path.chmod(PRIVATE_FILE)
    file = os.open(path, os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)
