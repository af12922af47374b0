"""Events out of a sheet: judged as capture would judge them, then captured as a document."""

from collections.abc import Sequence
from typing import Final

from infoharbor.contracts.trace.actions import EVENTS_PER_ACTION, CaptureEvents
from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.exchange.capturing import captured
from infoharbor.contracts.trace.exchange.document import Document, read_document
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.names import STANDARD_CONTEXT
from infoharbor.contracts.trace.exchange.rows import column_of
from infoharbor.contracts.trace.records import CapturedEvent, Judgement
from infoharbor.contracts.trace.rules import uri_of
from infoharbor.edgekit.imports import Made
from infoharbor.gateway.epcis.headers import ROLLBACK
from infoharbor.gateway.epcis.intake import Intake, Received, refused_event
from infoharbor.gateway.epcis.interface import Epcis
from infoharbor.gateway.epcis.problems import from_fault
from infoharbor.gateway.importing import CONFORMING, KNOWN, NONCONFORMING, REFUSED, Break, Taken, Verdict, unreadable
from infoharbor.gateway.rehearsal import Rehearsal
from infoharbor.gateway.service import Gateway
from infoharbor.kernel.readers import Reader
from infoharbor.kernel.records import record_type
from infoharbor.kernel.refusal import Refusal
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem
from infoharbor.vault.vaults import Vaults

WITHOUT: Final = bytes(32)
"""Stands for a commitment: what would be held is not put into the vault for a preview."""


class EventRows:
    """Rows that become EPCIS events."""

    def __init__(self, gateway: Gateway, epcis: Epcis, vaults: Vaults) -> None:
        self._gateway, self._epcis = gateway, epcis
        self._intake = Intake(gateway.ledger, vaults)

    def judge(self, reader: Reader, rows: Sequence[Made]) -> list[Verdict]:
        if len(rows) > EVENTS_PER_ACTION:
            raise Problem("import.rows", field="file", expected=f"at most {EVENTS_PER_ACTION} rows")
        readable = [row for row in rows if row.fault is None]
        verdicts = {row.number: verdict for row in rows if (verdict := unreadable(row)) is not None}
        if readable:
            document = read_document(_document(readable), events_max=EVENTS_PER_ACTION)
            verdicts |= self._judged(reader, readable, document)
        return [verdicts[row.number] for row in rows]

    async def take(self, reader: Reader, rows: Sequence[Made]) -> Taken:
        job = await self._epcis.captures.accept(reader, _document(rows), ROLLBACK)
        place = f"/epcis/capture/{job.id}"
        return Taken(202, {"capture": place}, {"Location": place})

    def _judged(self, reader: Reader, rows: Sequence[Made], document: Document) -> dict[int, Verdict]:
        found = self._intake.sort(reader.organisation, document)
        verdicts = {}
        for fault in found.faults:
            number = rows[fault.event_index or 0].number
            verdicts[number] = Verdict(number, REFUSED, _in_columns(fault))
        for each in found.present:
            number = rows[each.position].number
            verdicts[number] = Verdict(number, KNOWN)
        fresh = list(found.fresh)
        with self._gateway.ledger.sight(reader) as sight:
            rehearsal = Rehearsal(sight, reader.organisation)
            while fresh:
                try:
                    written = rehearsal.of(CaptureEvents(tuple(_as_captured(each) for each in fresh)))
                    break
                except Refusal as refusal:
                    named = refused_event(refusal.field)
                    if named is None or named[0] >= len(fresh):
                        raise Problem(refusal.code, field=refusal.field) from None
                    number = rows[fresh.pop(named[0]).position].number
                    verdicts[number] = Verdict(number, REFUSED, Problem(refusal.code, field=column_of(named[1])))
        for each in fresh:
            number = rows[each.position].number
            judged: Judgement | None = written.get(record_type(Judgement).path((reader.organisation, each.digest)))
            breaks = () if judged is None else tuple(Break(one.rule, uri_of(one.object)) for one in judged.breaks)
            verdicts[number] = Verdict(number, NONCONFORMING if breaks else CONFORMING, None, breaks)
        return verdicts


def _document(rows: Sequence[Made]) -> bytes:
    return json_text.write(
        {
            "@context": [STANDARD_CONTEXT],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": times.utc(now_ms()),
            "epcisBody": {"eventList": [row.value for row in rows]},
        }
    )


def _as_captured(each: Received) -> CapturedEvent:
    return captured(each.event, each.digest, WITHOUT)


def _in_columns(fault: EventFault) -> Problem:
    """The fault, its field named as the sheet names it."""
    problem = from_fault(fault)
    problem.field = column_of(fault.field.partition("].")[2]) or problem.field
    return problem
