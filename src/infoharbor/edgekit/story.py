"""A story: what a contract's demo tells, once, for the demo, the docs and the tests."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from infoharbor.contractkit import Action, Record
from infoharbor.edgekit.cast import Cast, Player, Signer

Kind = TypeVar("Kind", bound=Record)


class World(Protocol):
    """Where a story happens: a trial in memory, or a running node."""

    cast: Cast
    things: dict[str, Any]
    """What steps leave for later steps, by name."""

    @property
    def now(self) -> int:
        """Milliseconds since 1970 UTC."""
        ...

    def act(self, *actions: Action, by: str | Sequence[str], users: Sequence[Signer] = ()) -> Any:
        """Send one bundle of actions, each in the name of `by`; signed by `users`, or by administrators."""
        ...

    def bundle(self, parts: Sequence[tuple[Action, tuple[str, ...]]], *, users: Sequence[Signer] = ()) -> Any:
        """Send actions as one, all or nothing, each with the organisations that act in it."""
        ...

    def get(self, of: type[Kind], *key: Any) -> Kind:
        """The record as it stands."""
        ...

    def advance(self, milliseconds: int) -> Any:
        """Let time pass; `StoryWaits` where time cannot be driven and has not passed yet."""
        ...


class StoryWaits(Exception):
    """The story goes on when its time has come."""


class Step(NamedTuple):
    title_en: str
    title_zh: str
    tell: Callable[[World], None]
    today: bool = False


class Story:
    """The steps of one contract's demo; `needs` names the stories that are told before it."""

    def __init__(self, contract: str, *, needs: Sequence[str] = (), players: Sequence[Player] = ()) -> None:
        self.contract, self.needs, self.players = contract, tuple(needs), tuple(players)
        self.steps: list[Step] = []

    def step(
        self, title_en: str, title_zh: str, *, today: bool = False
    ) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
        """Registers the next step; the titles say what happens, as a sentence. From a step of `today` on, a demo that
        began in the past goes by the machine's clock."""

        def add(tell: Callable[[World], None]) -> Callable[[World], None]:
            self.steps.append(Step(title_en, title_zh, tell, today))
            return tell

        return add


def in_order(stories: dict[str, Story]) -> list[Story]:
    """The stories, each after those it needs."""
    ordered: list[Story] = []
    waiting = dict(sorted(stories.items()))
    while waiting:
        ready = [name for name, story in waiting.items() if not set(story.needs) & set(waiting)]
        if not ready:
            raise ValueError(f"these stories need one another: {', '.join(waiting)}")
        ordered.extend(waiting.pop(name) for name in ready)
    return ordered
