"""What is said of a sheet's rows before they are taken in, whatever they become."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from infoharbor.edgekit.countries import ensure_countries
from infoharbor.edgekit.imports import Made
from infoharbor.edgekit.languages import Words
from infoharbor.engine.interface import Refused
from infoharbor.gateway.rehearsal import Rehearsal
from infoharbor.gateway.service import Gateway
from infoharbor.kernel.actions import Action
from infoharbor.kernel.encoding import Malformed
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.refusal import Refusal
from infoharbor.sdk.building import Part
from infoharbor.sdk.problems import Problem

CONFORMING: Final = "conforming"
NONCONFORMING: Final = "nonconforming"
KNOWN: Final = "known"
REFUSED: Final = "refused"
OUTCOMES: Final = (CONFORMING, NONCONFORMING, KNOWN, REFUSED)
"""What becomes of a row: taken in; taken in and marked; there already, so left; not taken in."""
ACTIONS_MAX: Final = 200
"""How many rows that are actions go into one transaction: all of them or none."""


class Break(NamedTuple):
    """A rule that a row's fact breaks, and what it breaks it at."""

    rule: str
    about: str


class Verdict(NamedTuple):
    """What would become of one row; `problem` says why it is refused, its field is the column."""

    number: int
    outcome: str
    problem: Problem | None = None
    breaks: tuple[Break, ...] = ()

    def form(self, words: Words, contract: str) -> dict[str, Any]:
        """The verdict in JSON's terms, with a sentence in both languages for whatever is wrong."""
        form: dict[str, Any] = {"row": self.number, "outcome": self.outcome}
        if self.problem is not None:
            said = words.refusal(self.problem.code)
            right = words.expected(self.problem.code, self.problem.expected)
            form["problem"] = {
                "code": self.problem.code,
                "field": self.problem.field,
                "expected": right.en,
                "expected_zh": right.zh,
                "title": said.en,
                "title_zh": said.zh,
            }
        if self.breaks:
            form["breaks"] = [
                {"rule": each.rule, "about": each.about, "title": said.en, "title_zh": said.zh}
                for each in self.breaks
                for said in (words.text(contract, "rules", each.rule),)
            ]
        return form


class Taken(NamedTuple):
    """How rows were taken in: a status, what is answered, and where to look further."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


class Rows(Protocol):
    """What takes in rows of one kind."""

    def judge(self, reader: Reader, rows: Sequence[Made]) -> list[Verdict]:
        """What would become of each row, in order."""
        ...

    async def take(self, reader: Reader, rows: Sequence[Made]) -> Taken:
        """Take in these rows, which were judged before."""
        ...


def unreadable(row: Made) -> Verdict | None:
    """The verdict on a row of which nothing could be made."""
    return None if row.fault is None else Verdict(row.number, REFUSED, problem_of(row.fault))


def problem_of(fault: Malformed | Refusal | Refused) -> Problem:
    return Problem(fault.code, field=fault.field, expected=fault.expected)


class ActionRows:
    """Rows that become actions, which the organisation's agent signs."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def judge(self, reader: Reader, rows: Sequence[Made]) -> list[Verdict]:
        if len(rows) > ACTIONS_MAX:
            raise Problem("import.rows", field="file", expected=f"at most {ACTIONS_MAX} rows")
        with self._gateway.ledger.sight(reader) as sight:
            rehearsal = Rehearsal(sight, reader.organisation)
            return [unreadable(row) or self._judged(rehearsal, row) for row in rows]

    async def take(self, reader: Reader, rows: Sequence[Made]) -> Taken:
        parts: list[Part] = [(row.value, (reader.organisation,)) for row in rows]
        receipt = await self._gateway.submit(reader, self._gateway.sign_as_agent(reader, parts))
        return Taken(200 if receipt else 202, {"receipt": receipt}, {})

    def _judged(self, rehearsal: Rehearsal, row: Made) -> Verdict:
        action: Action = row.value
        try:
            ensure_countries(action)
            rehearsal.of(action)
        except (Refusal, Malformed) as fault:
            return Verdict(row.number, REFUSED, problem_of(fault))
        return Verdict(row.number, CONFORMING)
