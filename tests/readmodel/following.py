"""Papers of any kind, a follower of the ledger that has them, and what its mirror holds."""

from typing import Any

import sqlalchemy as sql
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from papers import Colour, Paper, PaperLedger, PaperStatus, Terms

from infoharbor.kernel.limits import INTEGER_MAX, INTEGER_MIN
from infoharbor.readmodel.follower import Follower

TEXTS = st.text(max_size=20) | st.sampled_from(["\0", "a\0\1\2", "'; DROP TABLE x--", '"]}', "文字\U0001f375"])
papers = st.builds(
    Paper,
    owner=st.sampled_from(["bank", "importer"]),
    number=st.integers(0, 5),
    country=st.sampled_from(["CN", "VN"]),
    party=st.none() | TEXTS,
    audience=st.lists(TEXTS, max_size=3).map(tuple),
    height=st.integers(INTEGER_MIN, INTEGER_MAX),
    amount=st.integers(1, INTEGER_MAX),
    limit=st.none() | st.integers(0, INTEGER_MAX),
    at=st.integers(0, 253_402_300_799_999),
    text=TEXTS,
    seal=st.binary(max_size=8),
    signed=st.booleans(),
    colour=st.sampled_from(Colour),
    terms=st.none() | st.builds(Terms, price=st.integers(0, INTEGER_MAX), note=TEXTS, seal=st.binary(max_size=4)),
    pair=st.tuples(st.integers(INTEGER_MIN, INTEGER_MAX), st.integers(0, 1)),
    status=st.sampled_from(PaperStatus),
)
unhurried = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def follower(ledger: PaperLedger, database: sql.Engine) -> Follower:
    return Follower(ledger, ledger.registry, ledger.chain, database)  # type: ignore[arg-type]


def rows(following: Follower) -> dict[str, list[Any]]:
    with following.database.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sql.select(table))))
            for name, table in following.mirror.tables.items()
        }


def a_paper(**changes: Any) -> Paper:
    plain = Paper("bank", 1, "CN", None, (), 0, 1, None, 0, "", b"", False, Colour.RED, None, (0, 0), PaperStatus.OPEN)
    return plain.replace(**changes)
