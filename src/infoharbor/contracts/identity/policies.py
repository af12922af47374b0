"""What an organisation says of itself: who must sign what for it, and to which key others seal what only it may read."""

from infoharbor.contractkit import Action, Ledger, ensure
from infoharbor.contracts.identity.records import Organisation, PolicyRule, User, may_sign
from infoharbor.contracts.identity.rules import acting

POLICY_RULES_MAX = 50
POLICY_NEEDS_MAX = 4


class SetPolicy(Action):
    """Say who must sign what in the acting organisation, such as a maker and a checker for every payment.

    Whoever signs this must be able to sign the next policy too, so that no policy locks its organisation in.
    """

    rules: tuple[PolicyRule, ...]

    def apply(self, ledger: Ledger) -> None:
        few = len(self.rules) <= POLICY_RULES_MAX
        ensure(few, "too_many_rules", field="rules", expected=f"at most {POLICY_RULES_MAX}")
        counts = all(1 <= len(rule.needs) <= POLICY_NEEDS_MAX for rule in self.rules)
        ensure(counts, "policy_needs", field="rules", expected=f"1 to {POLICY_NEEDS_MAX} signers a rule")
        organisation = ledger.get(Organisation, acting(ledger), field="by").replace(policy=self.rules)
        signers = [ledger.get(User, user) for user in ledger.users]
        again = may_sign(organisation, "identity.SetPolicy", signers)
        ensure(again, "policy_locks_out", field="rules", expected="rules by which you may sign the next ones")
        ledger.put(organisation)


class SetSealingKey(Action):
    """Publish the X25519 key to which others seal what only the acting organisation may read."""

    sealing_key: bytes

    def apply(self, ledger: Ledger) -> None:
        ensure(len(self.sealing_key) == 32, "sealing_key", field="sealing_key", expected="32 bytes")
        organisation = ledger.get(Organisation, acting(ledger), field="by")
        ledger.put(organisation.replace(sealing_key=self.sealing_key))
