"""What may be done about the limits of devices' and agents' keys: set them."""

from collections.abc import Iterator

from infoharbor.contractkit import Action, Ledger, ensure, invariant
from infoharbor.contractkit.types import Code
from infoharbor.contracts.identity.limits import Limits, Quota, Use, Within, set_limits
from infoharbor.contracts.identity.records import Key, UserKind
from infoharbor.contracts.identity.rules import acting

LIMITS_MAX = 20
PREFIXES_MAX = 20


class LimitKey(Action):
    """Hold a device's or agent's key of the acting organisation to some objects and amounts, from now on; in place of
    its earlier limits, with nothing used yet."""

    key: Code
    within: tuple[Within, ...]
    quotas: tuple[Quota, ...]

    def apply(self, ledger: Ledger) -> None:
        key = ledger.get(Key, self.key, field="key")
        ensure(key.organisation == acting(ledger), "not_your_user", field="key", expected="a key of your own")
        ensure(key.kind != UserKind.PERSON, "limits_of_people", field="key", expected="a device's or agent's key")
        right = f"at most {LIMITS_MAX}"
        ensure(len(self.within) <= LIMITS_MAX, "too_many_limits", field="within", expected=right)
        ensure(len(self.quotas) <= LIMITS_MAX, "too_many_limits", field="quotas", expected=right)
        few = all(1 <= len(each.prefixes) <= PREFIXES_MAX for each in self.within)
        ensure(few, "limit_prefixes", field="within.prefixes", expected=f"1 to {PREFIXES_MAX}")
        covered = {*key.scope, ""}
        for field, actions in (("within", self.within), ("quotas", self.quotas)):
            others = [each.action for each in actions if each.action not in covered]
            ensure(not others, "limit_out_of_scope", field=f"{field}.action", expected=" or ".join(key.scope))
        summed = all(each.action or not each.field for each in self.quotas)
        ensure(summed, "limit_field", field="quotas.field", expected="none where any action counts")
        set_limits(ledger, Limits(key.id, key.organisation, self.within, self.quotas))


@invariant
def no_key_has_used_more_than_its_quotas(ledger: Ledger) -> Iterator[str]:
    """Each quota has its count, and no count is beyond it."""
    for limits in ledger.scan(Limits):
        use = ledger.find(Use, limits.key)
        counted = use.counted if use is not None else ()
        within = len(counted) == len(limits.quotas) and all(
            used.amount <= quota.most for quota, used in zip(limits.quotas, counted, strict=True)
        )
        if not within:
            yield f"identity/limits/{limits.key}"
