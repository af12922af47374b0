"""What the measures are meant to reach, and what that comes to on the machine that they were taken on.

Rates were set on a machine where the peer did `PEER_THERE`; on another machine, or in another hour of the same, both are
slower or faster together. So a rate stands beside its aim twice: as it was set, and times what the peer does here over
what it did there. Times and sizes are compared as they are.
"""

from collections.abc import Sequence
from typing import NamedTuple

from bench.report import Measure, number

PEER = "peer: transfers, PostgreSQL 18, 32 clients"
PEER_THERE = 10_100


class Aim(NamedTuple):
    """A rate is to be reached at least, everything else at most; in the measure's unit."""

    measure: str
    value: float
    is_rate: bool = False


AIMS = (
    Aim("transfers, 100,000 records", 8_000, True),
    Aim("transfers, 2,000,000 records", 6_000, True),
    Aim("submit to final at half that load, p99", 150),
    Aim("proof made", 2),
    Aim("proof checked, without the signatures", 2),
    Aim("EPCIS events over HTTP, 50 a document", 1_000, True),
    Aim("EPCIS events over HTTP, each judged by its objects' stories", 1_000, True),
    Aim("trace of a graph of 999 events", 100),
    Aim("anonymous memory under load, 1,000,000 records", 400),
    Aim("start of a node, 1,000,000 records", 3_000),
    Aim("receivable: a leaf is cut in two", 5_000, True),
    Aim("receivable: a leaf is offered on, for an invoice", 5_000, True),
    Aim("receivable: a leaf that was offered is taken", 5_000, True),
    Aim("farm: a harvest is recorded, in its season", 5_000, True),
    Aim("reach of a recall over 100,000 lots", 1_000),
    Aim("receivable: 10,000 leaves are paid and collected", 1_000),
    Aim("receivable: slowest report over 1,000,000 leaves", 2_000),
    # A quarter of what it may take over a million, which the soak measures.
    Aim("farm: mass balance over 250,000 lots with their events", 500),
    Aim("farm: slowest report over 250,000 lots", 2_000),
    Aim("network, 1 validator: transfers", 8_000, True),
    Aim("network, 4 validators: transfers", 2_500, True),
    Aim("network, 4 validators: submit to final at half that load, median", 1_000),
    Aim("network, 4 validators: submit to final at half that load, p99", 2_000),
    Aim("network, 4 validators: commit to evidence with a quorum, p99", 2_000),
    Aim("snapshot checked and taken over, 1,000,000 records", 60_000),
)


def show(measures: Sequence[Measure]) -> None:
    """Each measure that has an aim beside it, and whether it is reached: as set, in the peer's measure, or not."""
    here = (_value(measures, PEER) or PEER_THERE) / PEER_THERE
    print(f"\n  {'aim':<64} {'value':>9} {'set':>9} {'here':>9}  (here: rates times {here:.2f}, as the peer)")
    for aim in AIMS:
        value = _value(measures, aim.measure)
        if value is not None:
            scaled = aim.value * here if aim.is_rate else aim.value
            numbers = " ".join(f"{number(each):>9}" for each in (value, aim.value, scaled))
            print(f"  {aim.measure:<64} {numbers}  {_verdict(aim, value, scaled)}")


def _value(measures: Sequence[Measure], name: str) -> float | None:
    """Of the measure of this name, or the first that goes on after it with a colon."""
    those = (each.value for each in measures if each.measure == name or each.measure.startswith(f"{name}:"))
    return next(those, None)


def _verdict(aim: Aim, value: float, scaled: float) -> str:
    if value >= aim.value if aim.is_rate else value <= aim.value:
        return "reached"
    return "reached in the peer's measure" if aim.is_rate and value >= scaled else "not reached"
