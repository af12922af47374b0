"""The mass balance out of an SQL mirror is that of a scan of the ledger, whatever events tell of lots to whom."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.farm.mirroring import Answering, mirror_of

from infoharbor.contracts.farm.actions import DisposeLot
from infoharbor.contracts.farm.conftest import BODY, GROWER, STATE, TRADER, WORKS, event, founded, harvest, make, some
from infoharbor.contracts.farm.pages.balance import balance
from infoharbor.contracts.trace.actions import CaptureEvents, SetAudience
from infoharbor.contracts.trace.records import ErrorDeclaration
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.trial import START
from infoharbor.kernel.readers import ANONYMOUS, Reader

LOTS = 4
NONE: tuple[str, ...] = ()


told = st.tuples(
    st.sampled_from((GROWER, WORKS)),
    st.sets(st.integers(0, LOTS), min_size=1, max_size=3),
    st.sampled_from(("ADD", "OBSERVE", "ADD")),
    st.integers(0, 3),
    st.sampled_from(("", "https://example.com/hill", "https://example.com/valley")),
    st.sampled_from(("", "https://example.com/gate")),
    st.sampled_from((NONE, (TRADER,), (WORKS, TRADER), ("public",))),
    st.booleans(),
)


@settings(max_examples=10, deadline=None)
@given(events=st.lists(told, max_size=7), disposed=st.booleans())
def test_the_balance_out_of_the_mirror_is_that_of_a_scan(events: list[Any], disposed: bool) -> None:
    trial = founded()
    lots = [harvest(trial, f"{at}", 10**at) for at in range(LOTS)]
    lots.append(make(trial, "made", (lots[3], 600), grams=500, by=GROWER))
    if disposed:
        trial.act(DisposeLot(lots[0], START), by=GROWER)
    for at, (who, named, action, ago, place, read_point, audience, in_error) in enumerate(events):
        stated = event(
            f"a{at}", action=action, quantities=tuple(some(lots[each], 1) for each in sorted(named)),
            event_time=START - ago, biz_location=place, read_point=read_point,
        )  # fmt: skip
        trial.act(SetAudience("*", audience), CaptureEvents((stated,)), by=who)
        if in_error:
            again = msgspec.structs.replace(stated, error_declaration=ErrorDeclaration(START, "", ()))
            trial.act(CaptureEvents((again,)), by=who)
    with tempfile.TemporaryDirectory() as folder:
        follower = mirror_of(trial, Path(folder))
        for reader in (ANONYMOUS, *map(Reader, (GROWER, WORKS, TRADER, BODY, STATE))):
            found, expected = (
                list(balance(Sight(trial.view, lambda _: iter(()), trial.registry, trial.now, reader, rows=rows)))
                for rows in (Answering(follower), None)
            )
            assert found == expected
        follower.database.dispose()
