"""Tells the contracts' stories on a running node: every organisation of the demo signs with keys that the data folder keeps."""

import importlib
import importlib.util
import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from infoharbor.contractkit import Action, Record
from infoharbor.contracts.identity.demo import admission
from infoharbor.crypto.hashes import hash_suite
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast, Signer
from infoharbor.edgekit.story import Story, StoryWaits, in_order
from infoharbor.engine.folder import write_private
from infoharbor.engine.founding import genesis
from infoharbor.engine.interface import Engine
from infoharbor.engine.lifecycle import create
from infoharbor.engine.reader import open_reader
from infoharbor.engine.trial import HARBOR
from infoharbor.kernel.records import record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.kernel.registry import Registry, installed_registry
from infoharbor.kernel.transaction import HIGHEST
from infoharbor.sdk.building import EXPIRY_MS, Chain, build, now_ms
from infoharbor.vault.vaults import Vaults

Kind = TypeVar("Kind", bound=Record)
SEED_FILE = "demo.seed"
TOLD_FILE = "demo.told.json"
WAIT_SECONDS = 30
PAST_DAYS = 95
"""How long before today a demo's story begins: long enough for what falls due in ninety days."""
DAY_MS = 24 * 60 * 60 * 1000


class StoryClock:
    """The clock of a demo's ledger: it begins in the past, goes forward as the story does, and at its end joins the
    machine's. Block times of what was told before are the story's; those of what is done later are the machine's."""

    def __init__(self, data: Path) -> None:
        """Goes on where the ledger's last block stands, or with the machine, if the whole story has been told."""
        self._behind = 0
        if _told(data) != {each.contract: len(each.steps) for each in stories_of(installed_registry())}:
            with closing(open_reader(data)) as reader:
                self._behind = max(now_ms() - reader.status().time, 0)

    def __call__(self) -> int:
        return now_ms() - self._behind

    def forward(self, milliseconds: int) -> None:
        """Let time pass, though not beyond the machine's."""
        self._behind = max(self._behind - milliseconds, 0)

    def join(self) -> None:
        self._behind = 0


def found_demo(data: Path, *, suite: str = "sha256", time: int = 0) -> None:
    """Found a demo ledger in an empty folder, now or at `time`; its keys follow from a random seed that stays there."""
    seed, secret = secrets.token_bytes(32), secrets.token_bytes(32)
    founder = admission(HARBOR, Cast(seed).signer(HARBOR.id))
    founding = genesis(
        "demo.infoharbor.example",
        suite=suite,
        time=time or now_ms(),
        secret=secret,
        registry=installed_registry(hash_suite(suite)),
        founders=[founder],
        parameters={"governance.activation_delay_ms": 1000},
    )
    create(data, founding, secret, SUITES["ed25519"].generate())
    write_private(data / SEED_FILE, seed)


def is_demo(data: Path) -> bool:
    return (data / SEED_FILE).exists()


def stories_of(registry: Registry) -> list[Story]:
    """The story of every contract that tells one, each after those it needs."""
    stories = {}
    for name, contract in registry.contracts.items():
        module = f"{contract.package}.demo"
        if importlib.util.find_spec(module) is not None:
            stories[name] = importlib.import_module(module).story
    return in_order(stories)


class LiveWorld:
    """Where a story happens on a running node: each act is signed, sent, and waited for."""

    def __init__(self, engine: Engine, registry: Registry, seed: bytes, *, clock: StoryClock | None = None) -> None:
        self.engine, self.registry, self._clock = engine, registry, clock
        self.cast = Cast(seed)
        self.things: dict[str, Any] = {}
        self._chain = Chain(engine.status().chain, registry.suite)

    @property
    def now(self) -> int:
        return now_ms() if self._clock is None else self._clock()

    def act(self, *actions: Action, by: str | Sequence[str], users: Sequence[Signer] = ()) -> Any:
        organisations = (by,) if isinstance(by, str) else tuple(by)
        return self.bundle([(action, organisations) for action in actions], users=users)

    def bundle(self, parts: Sequence[tuple[Action, tuple[str, ...]]], *, users: Sequence[Signer] = ()) -> Any:
        """Send actions of several organisations as one; raises the `Refusal` if the bundle is refused."""
        organisations = sorted({organisation for _, by in parts for organisation in by})
        signers = list(users) or [self.cast.signer(each) for each in organisations]
        keys, expiry = [each.key_id for each in signers], self.now + EXPIRY_MS
        unsigned = build(self._chain, parts, keys, expiry=expiry, ceilings=HIGHEST)
        receipt = self.engine.submit(unsigned.signed_by(*signers)).result(WAIT_SECONDS)
        if receipt.code:
            raise Refusal(receipt.code, field=receipt.field, expected=receipt.expected)
        return receipt

    def get(self, of: type[Kind], *key: Any) -> Kind:
        with self.engine.snapshot() as snapshot:
            found = snapshot.find(of, *key)
        if found is None:
            raise KeyError(record_type(of).path(key))
        return found

    def advance(self, milliseconds: int) -> None:
        """Let time pass by a story's clock; by the machine's, the story waits until it has passed."""
        if milliseconds <= 0:
            return
        if self._clock is None or milliseconds > now_ms() - self._clock():
            raise StoryWaits
        self._clock.forward(milliseconds)


def tell(
    data: Path,
    engine: Engine,
    registry: Registry,
    report: Callable[[str, str], None],
    *,
    clock: StoryClock | None = None,
) -> None:
    """Tell what has not been told yet; `report` gets each step's titles, in English and Chinese, before it happens.

    A story whose telling was cut short goes on with the next run at the step that had not finished; so does one that
    waits for a day to come. `clock` is the engine's, where it can be driven.
    """
    told = _told(data)
    world = LiveWorld(engine, registry, (data / SEED_FILE).read_bytes(), clock=clock)
    with closing(Vaults(data, engine.status().chain)) as vaults:

        def keep_held(owner: str, record: str, field: str, content: bytes) -> bytes:
            return vaults.of(owner).put(record, field, content).commitment

        world.things["keep_held"] = keep_held
        for story in stories_of(registry):
            for number, step in enumerate(story.steps):
                if number < told.get(story.contract, 0):
                    continue
                report(step.title_en, step.title_zh)
                if step.today and clock is not None:
                    clock.join()
                try:
                    step.tell(world)
                except StoryWaits:
                    break
                told[story.contract] = number + 1
                write_private(data / TOLD_FILE, json.dumps(told).encode())
    if clock is not None:
        clock.join()


def _told(data: Path) -> dict[str, int]:
    """How many steps of each story have been told."""
    file = data / TOLD_FILE
    return json.loads(file.read_bytes()) if file.exists() else {}
