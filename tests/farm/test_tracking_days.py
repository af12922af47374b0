"""Critical tracking events of some days are found by an index of the mirror: the same as by a look at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from tests.farm.mirroring import Answering, mirror_of

from infoharbor.contracts.identity.demo import IMPORTER, PROCESSOR
from infoharbor.contracts.identity.demo import story as identity
from infoharbor.contracts.trace.demo import story
from infoharbor.contracts.trace.pages.reports import fsma
from infoharbor.contracts.trace.records import Mention
from infoharbor.edgekit.sight import Sight
from infoharbor.engine.trial import Trial
from infoharbor.kernel.readers import ANONYMOUS, Reader
from infoharbor.readmodel.follower import Follower

READERS = (ANONYMOUS, Reader(PROCESSOR.id), Reader(IMPORTER.id))
DAYS = ("", "2025-04-05", "2025-04-18", "2025-09-12", "2030-01-01")
TEA = "9521002002010"


class Narrow(Sight):
    """Does not go through all that was ever said."""

    def scan(self, of: type[Any], *prefix: Any, after: str = "") -> Iterator[Any]:
        assert prefix or of is not Mention
        return super().scan(of, *prefix, after=after)


@pytest.fixture(scope="module")
def told() -> Trial:
    return Trial().tell(identity, story)


@pytest.fixture
def follower(told: Trial, tmp_path: Path) -> Iterator[Follower]:
    made = mirror_of(told, tmp_path)
    yield made
    made.database.dispose()


def sight(of: type[Sight], told: Trial, reader: Reader, follower: Follower | None) -> Sight:
    rows = None if follower is None else Answering(follower)
    return of(told.view, lambda _: iter(()), told.registry, told.now, reader, rows=rows)


@pytest.mark.parametrize("further", [{}, {"captured_by": PROCESSOR.id}, {"product": TEA}])
@pytest.mark.parametrize("reader", READERS)
def test_the_sheet_of_some_days_is_the_same_by_index_and_by_scan(
    told: Trial, follower: Follower, reader: Reader, further: dict[str, str]
) -> None:
    for since in DAYS:
        for until in DAYS if since else DAYS[1:]:
            asked = {"since": since, "until": until, **further}
            found = list(fsma(sight(Narrow, told, reader, follower), **asked))
            assert found == list(fsma(sight(Sight, told, reader, None), **asked))


def test_what_is_said_of_some_days_is_looked_up_by_its_time(told: Trial, follower: Follower) -> None:
    steps: list[str] = []

    @sql.event.listens_for(follower.database, "before_cursor_execute")
    def _explain(connection: Any, _: Any, statement: str, given: Any, *__: Any) -> None:
        plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", given)
        steps.extend(step[3] for step in plan if "trace__mentions " in step[3])

    assert list(fsma(sight(Narrow, told, Reader(PROCESSOR.id), follower), since="2025-04-18", until="2025-04-18"))
    assert [step for step in steps if "(order>? AND order<?)" in step]
    assert not [step for step in steps if step.startswith("SCAN trace__mentions") and "COVERING" not in step]
