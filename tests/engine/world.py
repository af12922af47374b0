"""A small ledger on disk for the engine's tests: founders, their keys, and transactions signed by them."""

import hashlib
import time
from pathlib import Path
from typing import Any

from infoharbor.contractkit import Action
from infoharbor.contracts.asset.records import TokenKind
from infoharbor.contracts.asset.tokens import IssueToken, Mint, Transfer
from infoharbor.contracts.identity.accreditations import GrantRole
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.contracts.identity.records import NewKey, Registration
from infoharbor.crypto.hashes import hash_suite
from infoharbor.crypto.suites import SUITES
from infoharbor.edgekit.cast import Cast, Signer
from infoharbor.engine.founding import chain_id, genesis
from infoharbor.engine.lifecycle import create
from infoharbor.kernel.encoding import encode
from infoharbor.kernel.registry import Registry, installed_registry
from infoharbor.kernel.transaction import Ceilings, SaltedAction, assemble, build_body, salts, signing_bytes

SECRET = hashlib.sha256(b"secret of the test").digest()
LOG_KEY = SUITES["ed25519"].private_key(hashlib.sha256(b"log").digest())
CEILINGS = Ceilings(100, 50, 64 * 1024)
TOKEN = "bank:cny"


class World:
    """Knows the chain, signs for its organisations; `nonce` makes every transaction another."""

    def __init__(self, organisations: int = 3, *, suite: str = "sha256", begin: int | None = None) -> None:
        self.suite = hash_suite(suite)
        self.registry: Registry = installed_registry(self.suite)
        self.cast = Cast(b"world")
        self.names = ["bank", *(f"firm-{number}" for number in range(1, organisations))]
        self.begin = milliseconds() - 1000 if begin is None else begin
        founders = [self._admission(name) for name in self.names]
        self.genesis = genesis(
            "test", suite=suite, time=self.begin, secret=SECRET, registry=self.registry, founders=founders
        )
        role = GrantRole("bank", "money-issuer", "CN", 0, 0, "example")
        encoded = encode(SaltedAction(bytes(16), (), "identity", "GrantRole", encode(role)))
        self.genesis = type(self.genesis)(
            *(
                (*self.genesis.actions, encoded) if name == "actions" else getattr(self.genesis, name)
                for name in self.genesis.__struct_fields__
            )
        )
        self.chain = chain_id(self.genesis)
        self.nonce = 0

    def _admission(self, name: str) -> AdmitOrganisation:
        administrator = self.signer(name)
        key = NewKey("ed25519", administrator.key.public_key, administrator.possession, 0, 0)
        return AdmitOrganisation(
            name,
            name,
            name,
            "CN",
            Registration.REGISTRY,
            f"EXAMPLE-{name}",
            name == "bank",
            administrator.user,
            key,
        )

    def create(self, data: Path) -> Path:
        create(data, self.genesis, SECRET, LOG_KEY)
        return data

    def signer(self, organisation: str) -> Signer:
        return self.cast.signer(organisation)

    def signed(
        self,
        *actions: Action,
        by: str,
        expiry: int | None = None,
        chain: bytes | None = None,
        salt: bytes | None = None,
        also: tuple[str, ...] = (),
    ) -> bytes:
        """A transaction of these actions, signed by `by` and the organisations in `also`."""
        self.nonce += 1
        salt = salt or hashlib.sha256(self.nonce.to_bytes(8, "big")).digest()[:16]
        encoded = [
            encode(SaltedAction(own, (by,), action.__action__.contract, action.__action__.name, encode(action)))
            for own, action in zip(salts(salt), actions, strict=False)
        ]
        signers = {each.key_id: each for each in map(self.signer, (by, *also))}
        body = build_body(
            self.suite,
            chain=chain or self.chain,
            keys=list(signers),
            nonce=salt,
            expiry=milliseconds() + 60_000 if expiry is None else expiry,
            ceilings=CEILINGS,
            actions=encoded,
        )
        message = signing_bytes(body)
        return assemble(body, encoded, {key: each.key.sign(message) for key, each in signers.items()})

    def opening(self) -> list[bytes]:
        """The bank issues its token and mints some for everyone."""
        issue = self.signed(IssueToken("cny", TokenKind.MONEY, "CNY", 2, "CN", None), by="bank")
        return [issue, *(self.signed(Mint(TOKEN, name, 10**12, "example"), by="bank") for name in self.names)]

    def transfer(self, sender: str, receiver: str, amount: int = 1, **options: Any) -> bytes:
        return self.signed(Transfer(TOKEN, receiver, amount, "example"), by=sender, **options)


def milliseconds() -> int:
    return time.time_ns() // 1_000_000
