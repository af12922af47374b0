"""The ledger that every simulated network begins from: founded, accounts opened, the same bytes on every member's disk."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from random import Random
from typing import NamedTuple, cast

from infoharbor.contractkit import Action
from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.tokens import IssueToken, Mint
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.demo import admission
from infoharbor.crypto.hashes import SHA256
from infoharbor.crypto.suites import ED25519, PrivateKey
from infoharbor.edgekit.cast import Cast, Player, Signer
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.blocklog import BlockLog
from infoharbor.engine.cometbft import validators
from infoharbor.engine.cometbft.application import OrderedMachine
from infoharbor.engine.cometbft.order import Order
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.store import Store
from infoharbor.engine.trial import HARBOR, START
from infoharbor.engine.validity import ensure_valid_block
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.chain import Chain
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.registry import installed_registry
from infoharbor.kernel.transaction import (
    Ceilings,
    SaltedAction,
    assemble,
    build_body,
    open_transaction,
    salts,
    signing_bytes,
)
from infoharbor.simulation.disk import Disk, Disks
from infoharbor.simulation.store import MemoryStore

NAME = "simulation"
SEED = b"simulation"
TOKEN = "member-1:points"
MINTED = 1_000_000
CEILINGS = Ceilings(2_000, 500, 1024 * 1024)
Part = tuple[Action, tuple[str, ...]]


class Founding(NamedTuple):
    """What all nodes of all histories with so many organisations share; nobody changes it."""

    members: tuple[str, ...]
    genesis: Genesis
    chain: Chain
    cast: Cast
    attesters: dict[str, AttesterKeys]
    files: dict[str, bytes]
    store: MemoryStore
    time: int

    @property
    def validators(self) -> dict[bytes, int]:
        """Public keys and votes, as CometBFT's genesis has them."""
        return {_key(f"validator of {member}").public_key: validators.POWER for member in self.members}

    def signed(
        self,
        parts: Sequence[Part],
        signers: Sequence[Signer],
        nonce: bytes,
        expiry: int,
        *,
        ceilings: Ceilings = CEILINGS,
    ) -> bytes:
        """A transaction; `nonce` (16 bytes) makes it another than the same actions were before."""
        encoded = [
            encode(SaltedAction(salt, by, action.__action__.contract, action.__action__.name, encode(action)))
            for salt, (action, by) in zip(salts(nonce), parts, strict=False)
        ]
        by_key = {signer.key_id: signer for signer in signers}
        body = build_body(
            self.chain.suite, chain=self.chain.id, keys=list(by_key), nonce=nonce, expiry=expiry, ceilings=ceilings,
            actions=encoded,
        )  # fmt: skip
        message = signing_bytes(body)
        return assemble(body, encoded, {key: signer.key.sign(message) for key, signer in by_key.items()})


@functools.cache
def found(organisations: int) -> Founding:
    """Found the ledger and open an account with tokens for each member: all of it before the network begins."""
    cast_, members = Cast(SEED), tuple(f"member-{number}" for number in range(1, organisations + 1))
    registry, secret = installed_registry(), hashlib.sha256(SEED).digest()
    players = [
        HARBOR,
        *(Player(name, name, name, "CN", "registry", f"DEMO-1{at:03}", seat=True) for at, name in enumerate(members)),
    ]
    attesters = {member: _attester_keys(member) for member in members}
    founding = genesis(
        NAME, suite=SHA256.name, time=START, secret=secret, registry=registry,
        founders=[admission(player, cast_.signer(player.id)) for player in players],
        parameters={"governance.activation_delay_ms": 1000},
        attesters=[keys.enrolment(member) for member, keys in attesters.items()],
    )  # fmt: skip
    role = GrantRole(members[0], "money-issuer", "CN", 0, 0, "simulation")
    granted = encode(SaltedAction(bytes(16), (), "identity", "GrantRole", encode(role)))
    founding = with_action(founding, granted)
    begun = Founding(
        members,
        founding,
        Chain(chain_id(founding), SHA256, secret, registry),
        cast_,
        attesters,
        {},
        MemoryStore(),
        START,
    )
    return _opened(begun)


def with_action(founding: Genesis, action: bytes) -> Genesis:
    """The genesis with one more action at its end."""
    fields = {name: getattr(founding, name) for name in founding.__struct_fields__}
    return Genesis(**{**fields, "actions": (*founding.actions, action)})


def _opened(begun: Founding) -> Founding:
    issuer = begun.members[0]
    actions: list[Action] = [IssueToken("points", TokenKind.MONEY, "CNY", 2, "CN", None)]
    actions += [Mint(TOKEN, member, MINTED, "opening") for member in begun.members]
    disks, disk, time = Disks(), Disk(Random(0)), START
    with disks.installed():
        log = BlockLog(disk.path("blocks"))
        machine = OrderedMachine(begun.chain, begun.genesis, cast(Store, begun.store), log)
        log.append_from(machine.recover())
        executed = machine.found()
        machine.accept(executed, *log.append(0, executed.payload))
        for number, action in enumerate(actions):
            time += 1
            nonce = hashlib.sha256(f"opening {number}".encode()).digest()[:16]
            raw = begun.signed([(action, (issuer,))], [begun.cast.signer(issuer)], nonce, time + 60_000)
            with machine.view() as view:
                signed = ensure_valid_block(begun.chain, view, time, [open_transaction(SHA256, raw)])
                executed = machine.execute(time, signed, view)
            if executed.outcome.results[-1].code:
                raise ValueError(f"the opening was refused: {executed.outcome.results[-1].code}")
            machine.accept(executed, *log.append(machine.height + 1, executed.payload))
        machine.flush()
        Order.create(disk.path("order"), machine.height)
    return begun._replace(files=disk.files_now(), time=time)


def _attester_keys(member: str) -> AttesterKeys:
    cosigner, log, submission = (_key(f"{role} of {member}") for role in ("cosigner", "log", "submission"))
    return AttesterKeys(cosigner, None, log, submission)


def _key(purpose: str) -> PrivateKey:
    return ED25519.private_key(hashlib.sha256(SEED + purpose.encode()).digest())
