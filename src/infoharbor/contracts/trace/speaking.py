"""What weight an organisation's word about an object has, and who may read it."""

from infoharbor.contractkit import Ledger, gs1
from infoharbor.contracts.trace.records import EVERYONE, Audience, Prefix, Standing
from infoharbor.contracts.trace.rules import prefix_candidates


class Speaker:
    """The organisation that acts, as one action knows it: what is asked of it again was looked up the first time."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._normal: set[str] = set()
        self._prefixes: dict[str, Prefix | None] = {}
        self._standings: dict[str, Standing] = {}
        self._policies: dict[str, frozenset[str] | None] = {}

    def names_rightly(self, uri: str) -> bool:
        """Whether an identifier is in normal form, with a right check digit where it is a GS1 key."""
        if uri not in self._normal and is_normal(uri):
            self._normal.add(uri)
        return uri in self._normal

    def standing(self, identifier: str) -> Standing:
        """What weight its word about an object has, by who is accredited for the object's prefix."""
        known = self._standings.get(identifier)
        if known is None:
            known = self._standings[identifier] = self._standing(identifier)
        return known

    def audience(self, objects: list[str]) -> tuple[str, ...]:
        """Who may read an event of these objects: the narrowest of its policies for their products."""
        products = sorted({each[3:17] for each in objects if each.startswith("01~")}) or ["*"]
        chosen = frozenset({EVERYONE})
        for product in products:
            allowed = self._policy(product)
            if EVERYONE in chosen:
                chosen = allowed
            elif EVERYONE not in allowed:
                chosen &= allowed
        return tuple(sorted(chosen))

    def _standing(self, identifier: str) -> Standing:
        for prefix in prefix_candidates(identifier):
            if prefix not in self._prefixes:
                self._prefixes[prefix] = self._ledger.find(Prefix, prefix)
            accredited = self._prefixes[prefix]
            if accredited is not None and is_in_force(accredited, self._ledger.now):
                return Standing.OWN if accredited.organisation == self._ledger.actor else Standing.CLAIM
        return Standing.OPEN

    def _policy(self, product: str) -> frozenset[str]:
        """The audience for a product, or else for all of them."""
        if product not in self._policies:
            found = self._ledger.find(Audience, self._ledger.actor, product)
            self._policies[product] = None if found is None else frozenset(found.audience)
        own = self._policies[product]
        if own is None:
            return frozenset() if product == "*" else self._policy("*")
        return own


def is_normal(uri: str) -> bool:
    try:
        return gs1.normal(uri) == uri
    except gs1.Gs1Fault:
        return False


def is_in_force(prefix: Prefix, now: int) -> bool:
    return prefix.valid_from <= now and (prefix.until == 0 or now < prefix.until)
