"""The ledger that is measured: organisations that hold balances of many tokens, and bundles that they sign."""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.tokens import IssueToken, Mint, Transfer
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import NewKey, Registration
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast, Signer
from infoharbor.engine.attester import AttesterKeys
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.interface import Engine
from infoharbor.engine.lifecycle import create
from infoharbor.kernel import limits
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.registry import installed_registry
from infoharbor.kernel.transaction import Ceilings, SaltedAction, assemble, build_body, salts, signing_bytes

BANK = "bank"
SECRET = hashlib.sha256(b"secret of the bench").digest()
CEILINGS = Ceilings(40, 40, 64 * 1024)
MINTING = Ceilings(1_000, 1_000, limits.WRITTEN_BYTES_PER_TRANSACTION)
OPENING_BALANCE = 10**9
WAITING_BUNDLES = 64
"""How many minting bundles wait at once: enough to fill blocks, and far below what the node takes."""


class Payer(NamedTuple):
    """Who signs a transfer."""

    id: str
    signer: Signer


class Town:
    """A bank and its customers; each of `tokens` gives every customer one balance. `begin` is in milliseconds. Those with
    `attesters` have a seat and attest what is committed; `roles` are pairs of an organisation and what it may in CN."""

    def __init__(
        self,
        customers: int,
        *,
        suite: str = "ed25519",
        attesters: Mapping[str, AttesterKeys] | None = None,
        roles: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.suite, self.registry = suite, installed_registry()
        self._cast, self._chance = Cast(b"bench"), random.Random(1)
        self._attesters = attesters or {}
        self.bank = self._payer(BANK)
        self.customers = [self._payer(f"customer-{number}") for number in range(customers)]
        self.begin = milliseconds() - 1000
        founders: list[Any] = [self._admission(payer) for payer in (self.bank, *self.customers)]
        granted = [(BANK, "money-issuer"), *roles]
        founders += [GrantRole(organisation, role, "CN", 0, 0, "example") for organisation, role in granted]
        self.genesis = genesis(
            "bench.example", suite="sha256", time=self.begin, secret=SECRET, registry=self.registry, founders=founders,
            attesters=[keys.enrolment(name) for name, keys in self._attesters.items()],
        )  # fmt: skip
        self.chain = chain_id(self.genesis)
        self.tokens = self._signed = 0
        self.clock: Callable[[], int] = milliseconds

    @property
    def records(self) -> int:
        """How many balances there are."""
        return self.tokens * len(self.customers)

    def found(self, data: Path) -> None:
        create(data, self.genesis, SECRET, SUITES["ed25519"].private_key(hashlib.sha256(b"log").digest()))

    def grow(self, engine: Engine, records: int) -> None:
        """Issue and mint, through the ledger's own door, until there are at least so many balances."""
        while self.records < records:
            symbol = f"t{self.tokens}"
            issue = IssueToken(symbol, TokenKind.MONEY, "CNY", 2, "CN", None)
            ensure_done([engine.submit(self.signed([issue], self.bank))])
            token = f"{BANK}:{symbol}"
            mints = [Mint(token, payer.id, OPENING_BALANCE, "") for payer in self.customers]
            size = limits.ACTIONS_PER_TRANSACTION
            bundles = [mints[at : at + size] for at in range(0, len(mints), size)]
            for at in range(0, len(bundles), WAITING_BUNDLES):
                some = bundles[at : at + WAITING_BUNDLES]
                ensure_done([engine.submit(self.signed(each, self.bank, ceilings=MINTING)) for each in some])
            self.tokens += 1

    def transfers(self, count: int, *, actions: int = 1, refused: float = 0) -> Iterator[bytes]:
        """Signed bundles between random customers in random tokens; the part `refused` asks for too much."""
        for _ in range(count):
            amount = 2 * 10**17 if self._chance.random() < refused else 1
            sender, *receivers = self._chance.sample(self.customers, actions + 1)
            tokens = [f"{BANK}:t{self._chance.randrange(self.tokens)}" for _ in receivers]
            asked = [Transfer(token, to.id, amount, "") for token, to in zip(tokens, receivers, strict=True)]
            yield self.signed(asked, sender)

    def signed(self, actions: list[Any], payer: Payer, *, ceilings: Ceilings = CEILINGS) -> bytes:
        """One bundle of the payer's actions, as it goes over the wire."""
        self._signed += 1
        salt = hashlib.sha256(self._signed.to_bytes(8, "big")).digest()[:16]
        encoded = [
            encode(SaltedAction(own, (payer.id,), each.__action__.contract, each.__action__.name, encode(each)))
            for own, each in zip(salts(salt), actions, strict=False)
        ]
        key = payer.signer.key_id
        body = build_body(
            self.registry.suite,
            chain=self.chain,
            keys=[key],
            nonce=salt,
            expiry=self.clock() + limits.EXPIRY_MS // 2,
            ceilings=ceilings,
            actions=encoded,
        )
        return assemble(body, encoded, {key: payer.signer.key.sign(signing_bytes(body))})

    def balance_path(self) -> str:
        """Where some customer's balance of some token lies."""
        holder = self._chance.choice(self.customers)
        return f"asset/balances/{BANK}:t{self._chance.randrange(self.tokens)}/{holder.id}"

    def _payer(self, name: str) -> Payer:
        return Payer(name, self._cast.signer(name, suite=self.suite))

    def _admission(self, payer: Payer) -> AdmitOrganisation:
        name, user = payer.id, payer.signer
        seat = name == BANK or name in self._attesters
        key = NewKey(self.suite, user.key.public_key, user.possession, 0, 0)
        return AdmitOrganisation(name, name, name, "CN", Registration.REGISTRY, f"EXAMPLE-{name}", seat, user.user, key)


def ensure_done(futures: list[Any]) -> None:
    """Wait for the receipts, all of which must say that the bundle took effect."""
    codes = {future.result(timeout=120).code for future in futures} - {""}
    if codes:
        raise RuntimeError(f"a bundle of the bench was refused: {sorted(codes)}")


def milliseconds() -> int:
    """The wall clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000
