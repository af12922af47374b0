"""The frozen ledger as if four members kept it."""

import dataclasses
from typing import Any

from frozen_ledger import LOG_KEY, START, FrozenLedger, secret_of

from infoharbor.crypto.suites import SUITES
from infoharbor.evidence.note import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, SM2_COSIGNATURE, VerifierKey, sign_note
from infoharbor.evidence.trust import REPLICATED, Group, TrustPolicy, Witness

ATTESTERS = {"bank": "ed25519", "customs": "ml-dsa-44", "harbour": "ed25519", "trader": "ed25519"}


class Attested:
    """The same ledger as if four members kept it: three of four attesters cosign, one of them in SM2 too."""

    def __init__(self, ledger: FrozenLedger) -> None:
        self.ledger = ledger
        self.history, self.block, self.inclusion = ledger.history, ledger.block, ledger.inclusion
        kinds = {"ed25519": ED25519_COSIGNATURE, "ml-dsa-44": ML_DSA_44_COSIGNATURE}
        self.keys = {
            name: SUITES[suite].private_key(secret_of(f"attester {name}")) for name, suite in ATTESTERS.items()
        }
        self.sm2 = SUITES["sm2"].private_key(secret_of("attester bank in SM2"))
        keys = {
            name: VerifierKey(f"{name}.example", kinds[suite], self.keys[name].public_key)
            for name, suite in ATTESTERS.items()
        }
        in_sm2 = {"bank": VerifierKey("bank.example", SM2_COSIGNATURE, self.sm2.public_key)}
        self.witnesses = tuple(Witness(name, key, "", in_sm2.get(name)) for name, key in keys.items())

    @property
    def trust(self) -> TrustPolicy:
        return dataclasses.replace(
            self.ledger.trust,
            engine=REPLICATED,
            witnesses=self.witnesses,
            groups=(Group("attesters", 3, tuple(ATTESTERS)),),
            quorum="attesters",
        )

    def proof(self, paths: list[str]) -> Any:
        proved = self.ledger.proof(paths)
        text = self.ledger.checkpoint.encode()
        lines = [self.ledger.log_key.sign(text, LOG_KEY)]
        for witness in self.witnesses[:3]:
            lines.append(witness.key.sign(text, self.keys[witness.name], START + 2_000_000))
            if witness.sm2_key:
                lines.append(witness.sm2_key.sign(text, self.sm2, START + 2_000_000))
        proved.checkpoint = sign_note(text, lines).decode()
        return proved
