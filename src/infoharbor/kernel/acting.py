"""Who acts in an action, and what they may: roles, declared moves, and the parties whom a move names."""

from collections.abc import Collection
from typing import Any, NamedTuple, TypeVar

from infoharbor.kernel.authority import (
    CALENDAR_ACTOR,
    GENESIS,
    AllOf,
    Anyone,
    Authority,
    Calendar,
    Contract,
    Role,
    RoleOf,
    contract_actor,
)
from infoharbor.kernel.records import Record, RecordType, record_type
from infoharbor.kernel.refusal import Refusal, ensure
from infoharbor.kernel.state import Work

Kind = TypeVar("Kind", bound=Record)
NO_ACTION = (GENESIS, CALENDAR_ACTOR)
"""Who moves records by no action, so that a move's `via` does not bind them."""


class Surroundings(NamedTuple):
    """What stays the same for every action of a block. `held` are the records whose due moves are not made."""

    now: int
    height: int
    registry: Any
    authority: Authority
    active: dict[str, int]
    held: Collection[str] = ()


class Acting:
    """`actor` is the organisation that acts, the calling contract, or the calendar; `organisations` are all that act
    together in this action, `contract` whose action it is."""

    __slots__ = ("_around", "_work", "action", "actor", "contract", "organisations")

    def __init__(self, around: Surroundings, work: Work, contract: str, organisations: tuple[str, ...]) -> None:
        self._around, self._work = around, work
        self.contract, self.organisations = contract, organisations
        self.actor = organisations[0]
        self.action = ""

    @property
    def is_genesis(self) -> bool:
        return self.actor == GENESIS

    @property
    def users(self) -> tuple[str, ...]:
        """The users whose keys signed this bundle, for `actor`, ascending."""
        return self.users_of(self.actor)

    def users_of(self, organisation: str) -> tuple[str, ...]:
        """The users whose keys signed this bundle, for one of the acting organisations, ascending."""
        return tuple(sorted({signer.user for signer in self._work.signers if signer.organisation == organisation}))

    @property
    def keys(self) -> tuple[str, ...]:
        """The ids, in hex, of the keys that signed this bundle for `actor`, ascending."""
        return tuple(signer.key.hex() for signer in self._work.signers if signer.organisation == self.actor)

    def holds(self, role: Role, *, jurisdiction: str, organisation: str = "") -> bool:
        """Whether the organisation (the actor by default) holds the role there now; the grant is noted in the receipt."""
        return self._accredited(organisation or self.actor, role.name, jurisdiction)

    def require(self, role: Role, *, jurisdiction: str) -> None:
        """Refuse unless an acting organisation holds the role there now."""
        held = self.is_genesis or any(self._accredited(each, role.name, jurisdiction) for each in self.organisations)
        ensure(held, "ledger.role_missing", field="by", expected=f"{role.name} in {jurisdiction}")

    def jurisdiction(self, organisation: str) -> str:
        """The country of an organisation, as ISO 3166-1; empty if it is unknown."""
        return self._around.authority.jurisdiction(self._reader, organisation)

    def ensure_actor(self, *organisations: str, field: str = "by") -> None:
        """Refuse unless one of these acts."""
        named = self.is_genesis or any(each in self.organisations for each in organisations)
        ensure(named, "ledger.not_entitled", field=field, expected=" or ".join(sorted(organisations)))

    # How the rules above are held

    def _version(self, contract: str) -> int:
        """The version of a contract in force; what belongs to no version in force has the first one's rules."""
        return self._around.active.get(contract, 1)

    def _permit(self, kind: RecordType, before: Any, after: Any, record: Any) -> None:
        version = self._version(kind.contract)
        declared = [move for move in kind.allowed.get((str(before), str(after)), []) if move.since <= version]
        moves = [move for move in declared if not move.via or self.action in move.via or self.actor in NO_ACTION]
        if not moves:
            known = [move for move in kind.moves if move.since <= version and str(move.before) == str(before)]
            follows = sorted({str(move.after) for move in known})
            ways = sorted({f"{after} by {name}" for move in declared for name in move.via})
            raise Refusal(
                "ledger.move_undeclared",
                field="status",
                expected=f"{before} to {' or '.join(ways or follows) or 'nothing'}",
            )
        parties = [party for move in moves for party in move.parties]
        if not any(self._fits(party, record) for party in parties):
            raise Refusal("ledger.not_entitled", field="by", expected=" or ".join(map(str, parties)))

    def _fits(self, party: Any, record: Any) -> bool:
        if self.actor == GENESIS or isinstance(party, Anyone):
            return True
        if isinstance(party, str):
            value = getattr(record, party)
            named = (value,) if isinstance(value, str) else value or ()
            return any(each in self.organisations for each in named)
        if isinstance(party, RoleOf):
            place = getattr(record, party.field)
            place = self.jurisdiction(place) if party.of_organisation else place
            return any(self._accredited(each, party.role, place) for each in self.organisations)
        if isinstance(party, AllOf):
            return all(self._fits(each, record) for each in party.parties)
        if isinstance(party, Contract):
            return self.actor == contract_actor(party.name)
        return isinstance(party, Calendar) and self.actor == CALENDAR_ACTOR

    def _accredited(self, organisation: str, role: str, jurisdiction: str) -> bool:
        grant = self._around.authority.accreditation(self._reader, organisation, role, jurisdiction, self._around.now)
        if grant is not None:
            self._work.relied.add(grant)
        return grant is not None

    def _reader(self, of: type[Kind], *key: Any) -> Kind | None:
        kind = record_type(of)
        found: Kind | None = self._work.find(kind, kind.path(key))
        return found
