"""Judgements that no order of arrival changes."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from infoharbor.contracts.trace.conftest import (
    CRATE,
    HAULIER,
    LOT,
    ONE,
    PALLET,
    TEA,
    TWO,
    breaks,
    created,
    destroyed,
    founded,
    made,
    packed,
    send,
    shipped,
    taken_back,
    unpacked,
    weighed,
)
from infoharbor.contracts.trace.records import CapturedEvent, Object
from infoharbor.engine.trial import Trial


class Trade(RuleBasedStateMachine):
    """Events about few things, with random times, as they happen to arrive; the same ones in order must be
    judged alike."""

    things = st.sampled_from((ONE, TWO, PALLET, CRATE))
    parents = st.sampled_from((PALLET, CRATE))
    times = st.integers(0, 12)
    who = st.sampled_from((TEA, HAULIER))

    @initialize()
    def found(self) -> None:
        self.trial = founded()
        self.sent: list[tuple[str, CapturedEvent]] = []
        self.returned: set[int] = set()

    def arrive(self, by: str, make: Any, *arguments: Any) -> None:
        event = make(len(self.sent), *arguments)
        send(self.trial, event, by=by)
        self.sent.append((by, event))

    @rule(by=who, make=st.sampled_from((created, destroyed, shipped)), time=times, thing=things)
    def say(self, by: str, make: Any, time: int, thing: str) -> None:
        self.arrive(by, make, time, thing)

    @rule(by=who, time=times, parent=parents, thing=things)
    def ship_together(self, by: str, time: int, parent: str, thing: str) -> None:
        self.arrive(by, shipped, time, *dict.fromkeys((parent, thing)))

    @rule(by=who, make=st.sampled_from((packed, packed, unpacked)), time=times, parent=parents, thing=things)
    def pack(self, by: str, make: Any, time: int, parent: str, thing: str) -> None:
        self.arrive(by, make, time, parent, thing)

    @rule(by=who, time=times, parent=parents)
    def empty(self, by: str, time: int, parent: str) -> None:
        self.arrive(by, unpacked, time, parent)

    @rule(by=who, time=times, source=things, into=things)
    def transform(self, by: str, time: int, source: str, into: str) -> None:
        self.arrive(by, made, time, source, into)

    @rule(by=who, time=times, kilograms=st.integers(1, 9), step=st.sampled_from(("commissioning", "destroying")))
    def weigh(self, by: str, time: int, kilograms: int, step: str) -> None:
        action = "ADD" if step == "commissioning" else "DELETE"
        event = weighed(len(self.sent), time, LOT, kilograms, action=action, biz_step=step)
        send(self.trial, event, by=by)
        self.sent.append((by, event))

    @precondition(lambda self: len(self.returned) < len(self.sent))
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        index = data.draw(st.sampled_from([each for each in range(len(self.sent)) if each not in self.returned]))
        by, event = self.sent[index]
        send(self.trial, taken_back(event), by=by)
        self.returned.add(index)

    @invariant()
    def invariants_hold(self) -> None:
        self.trial.audit()

    def teardown(self) -> None:
        if not hasattr(self, "trial"):
            return
        ordered = founded()
        for index, (by, event) in sorted(enumerate(self.sent), key=lambda each: (each[1][1].event_time, each[0])):
            send(ordered, event, by=by)
            if index in self.returned:
                send(ordered, taken_back(event), by=by)
        assert breaks(self.trial) == breaks(ordered)
        assert states(self.trial) == states(ordered)


def states(trial: Trial) -> dict[str, tuple[Any, ...]]:
    return {
        each.id: (each.origin_known, each.ended, each.parent, each.made, each.gone, each.last)
        for each in trial.all(Object)
    }


TestTrade = Trade.TestCase
TestTrade.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
