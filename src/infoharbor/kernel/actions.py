"""What a contract may be asked to do: an action's fields and its rule, together."""

import functools
import json
import typing
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple

import msgspec

from infoharbor.kernel import limits
from infoharbor.kernel.description import describe_fields
from infoharbor.kernel.encoding import Codec
from infoharbor.kernel.records import Due, record_type
from infoharbor.kernel.refusal import Refusal


class About(NamedTuple):
    """Records that an action's arguments name: a table, and the arguments that are its key."""

    of: type
    key: tuple[str, ...]


def about(of: type, *key: str) -> About:
    """Says in `Action.concerns` which record an action is about; `key` names the arguments that are its key."""
    return About(of, key)


class ActionMeta(msgspec.StructMeta):
    """Takes `since`, the contract's version from which a class answers to `name`, from the class line:
    `class Split2(Action, name="Split", since=2)`."""

    def __new__(
        metaclass,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        *,
        since: int = 1,
        **keywords: Any,
    ) -> Any:
        wire_name = keywords.pop("name", name)
        made: Any = super().__new__(
            metaclass,
            name,
            bases,
            namespace,
            frozen=True,
            array_like=True,
            forbid_unknown_fields=True,
            gc=False,
        )
        if bases and bases[0] is not msgspec.Struct:
            made.__action__ = ActionType(made, made.__module__.split(".")[-2], wire_name, since)
        return made

    def __init__(self, name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **_: Any) -> None:
        super().__init__(name, bases, namespace)


class ActionType:
    """What the kernel knows of one action class."""

    def __init__(self, of: type, contract: str, name: str, since: int) -> None:
        self.of, self.contract, self.name, self.since = of, contract, name, since

    @functools.cached_property
    def decode(self) -> Callable[[bytes], Any]:
        self.describe()
        return Codec(self.of, limit=limits.ACTION_BYTES).decode

    def describe(self) -> str:
        """The action as JSON: name, fields with their types; raises `TypeError` for a type the ledger cannot take."""
        fields = describe_fields(self.of)
        concerns: tuple[About, ...] = self.of.concerns  # type: ignore[attr-defined]
        for each in concerns:
            if len(each.key) != len(record_type(each.of).key) or not set(each.key) <= {name for name, _ in fields}:
                raise TypeError(
                    f"{self.of.__name__} concerns {each.of.__name__} by {', '.join(each.key)}: no key of it"
                )
        return json.dumps({"action": f"{self.contract}.{self.name}", "fields": fields})


class Action(msgspec.Struct, metaclass=ActionMeta):
    """A named request with typed fields; `apply` is the rule. Its docstring speaks to who uses it."""

    __action__: ClassVar[ActionType]
    concerns: ClassVar[tuple[About, ...]] = ()
    """The records whose readers may read that this was refused; none: only its signers may."""

    def apply(self, ledger: Any) -> Any:
        """Check, then write. Raise a `Refusal` to change nothing."""
        raise Refusal("not_written")


def invariant(rule: Callable[[Any], Iterator[Any]]) -> Any:
    """Marks a function of the state that yields what offends; audits and random histories run it."""
    rule.__invariant__ = True  # type: ignore[attr-defined]
    return rule


def when_due(record: type, *, status: str, at: str, since: int = 1) -> Callable[[Any], Any]:
    """Marks the rule that runs once block time has reached the record's field `at` while it has `status`.

    It runs from the calendar at the start of a block, and in any case before the record is next read. `since` is the
    contract's version that brings it; the calendar knows a record of an earlier version once it is written again.
    """

    def declare(rule: Any) -> Any:
        kind = record_type(typing.cast(Any, record))
        others = [due for due in kind.due if due.run.__name__ != rule.__name__]
        kind.plan([*others, Due(at, status, rule, since)])
        return rule

    return declare
