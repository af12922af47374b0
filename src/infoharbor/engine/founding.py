"""How a chain begins: its genesis, from the founding organisation and the contracts that are here."""

import hashlib
from collections.abc import Sequence

from infoharbor.contractkit import Action
from infoharbor.contracts.governance.actions import ActivateContract, SetParameter
from infoharbor.contracts.identity.attesting import Attest
from infoharbor.contracts.identity.organisations import AdmitOrganisation
from infoharbor.crypto.hashes import SHA256, hash_suite
from infoharbor.kernel import block
from infoharbor.kernel.block import Genesis
from infoharbor.kernel.encoding import encode, tagged_hash
from infoharbor.kernel.registry import Registry
from infoharbor.kernel.transaction import SaltedAction


def genesis(
    name: str,
    *,
    suite: str,
    time: int,
    secret: bytes,
    registry: Registry,
    founders: list[AdmitOrganisation],
    parameters: dict[str, int] | None = None,
    attesters: Sequence[Attest] = (),
    decisions: Sequence[Action] = (),
) -> Genesis:
    """The genesis that admits the founders, activates every contract of the registry, and names who attests checkpoints
    (nobody: one operator signs). `decisions` are what the founders have agreed on besides.

    `suite` is `sha256` or `sm3`, `time` milliseconds since 1970 UTC; `secret` (32 bytes) makes the blinds.
    """
    actions: list[Action] = [*founders, *attesters]
    for contract in sorted(registry.contracts.values(), key=lambda each: each.name):
        actions.append(ActivateContract(contract.name, contract.version, contract.rules_hash))
    actions += [SetParameter(parameter, value) for parameter, value in sorted((parameters or {}).items())]
    actions += decisions
    commitment = tagged_hash(SHA256, "blind-secret", secret)
    hash_suite(suite)
    return Genesis(block.FORMAT, name, suite, time, commitment, tuple(map(_unsigned, actions)), None)


def _unsigned(action: Action) -> bytes:
    kind = action.__action__
    arguments = encode(action)
    salt = hashlib.sha256(b"genesis" + arguments).digest()[:16]
    return encode(SaltedAction(salt, (), kind.contract, kind.name, arguments))


def chain_id(founding: Genesis) -> bytes:
    """32 bytes: the SHA-256 hash of the encoded genesis, on every chain."""
    return hashlib.sha256(encode(founding)).digest()
