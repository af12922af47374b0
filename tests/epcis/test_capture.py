"""Capturing over HTTP: all or none, or as many as can be; nothing twice; refused with the field named."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from trading import PROCEED, Trader, TradingNode, alone, document, event, events_in, following, refused

from infoharbor.contracts.trace.exchange import times
from infoharbor.contracts.trace.exchange.capturing import digest_of
from infoharbor.contracts.trace.records import Event
from infoharbor.gateway.epcis.jobs import Jobs
from infoharbor.sdk.building import now_ms

LIST = "epcisBody.eventList"
SECRET_ORDER = {"bizTransactionList": [{"type": "po", "bizTransaction": "urn:example:order:4711"}]}


def recorded(trading: TradingNode, owner: str, event_id: str) -> Event | None:
    with trading.engine.snapshot() as snapshot:
        return snapshot.find(Event, owner, digest_of(event_id))


def test_a_document_becomes_a_job_and_its_events_stand_on_the_ledger(trading: TradingNode, firm: Trader) -> None:
    one, two = event(), event()
    answer = firm.capture(document(one, two))
    assert answer.status_code == 202
    job = firm.finished(answer.headers["Location"])
    assert (job["success"], job["errors"], job["captured"], job["present"]) == (True, [], 2, 0)
    assert job["captureErrorBehaviour"] == "rollback"
    assert job["createdAt"] <= job["finishedAt"]
    assert job["captureID"] == answer.headers["Location"].rpartition("/")[2]
    assert recorded(trading, "firm-1", one["eventID"]) is not None


def test_events_that_are_known_count_as_present(firm: Trader) -> None:
    one, two = event(), event()
    firm.job(document(one))
    job = firm.job(document(one, two, two))
    assert (job["success"], job["captured"], job["present"]) == (True, 1, 2)


def test_rollback_refuses_a_document_for_one_event_and_names_the_field(trading: TradingNode, firm: Trader) -> None:
    good = event()
    answer = firm.capture(document(good, event(bizStep="flying")))
    refused(answer, 400, "ValidationException", "trace.epcis_vocabulary", f"{LIST}[1].bizStep")
    assert recorded(trading, "firm-1", good["eventID"]) is None


def test_proceed_keeps_the_good_events_and_tells_of_each_other_one(trading: TradingNode, firm: Trader) -> None:
    good = event()
    job = firm.job(document(event(bizStep="flying"), good, event(eventTime="noon")), **PROCEED)
    assert (job["success"], job["captured"]) == (False, 1)
    assert [each["field"] for each in job["errors"]] == [f"{LIST}[0].bizStep", f"{LIST}[2].eventTime"]
    assert {each["type"] for each in job["errors"]} == {"epcisException:ValidationException"}
    assert recorded(trading, "firm-1", good["eventID"]) is not None


def test_what_the_ledger_refuses_is_named_as_the_document_has_it(trading: TradingNode, firm: Trader) -> None:
    later, good = event(eventTime=times.utc(now_ms() + 3_600_000)), event()
    job = firm.job(document(later, good))
    assert (job["success"], job["captured"]) == (False, 0)
    assert [(each["code"], each["field"]) for each in job["errors"]] == [
        ("trace.event_from_future", f"{LIST}[0].eventTime")
    ]
    assert recorded(trading, "firm-1", good["eventID"]) is None
    job = firm.job(document(later, good, later | {"eventID": "urn:example:2"}), **PROCEED)
    assert (job["captured"], len(job["errors"])) == (1, 2)


def test_a_document_without_events_and_one_with_too_many_are_refused(firm: Trader) -> None:
    refused(firm.capture(document()), 400, "ValidationException", "trace.epcis_no_events", LIST)
    many = firm.capture(document(*(event() for _ in range(501))))
    refused(many, 413, "CaptureLimitExceededException", "trace.epcis_too_large", LIST)
    assert many.headers["GS1-EPCIS-Capture-Limit"] == "500"


def test_five_hundred_events_are_one_capture(firm: Trader) -> None:
    job = firm.job(document(*(event(epcList=[f"urn:example:{number}"]) for number in range(500))))
    assert (job["success"], job["captured"]) == (True, 500)


def test_what_is_too_long_for_a_record_is_refused_at_the_door(firm: Trader) -> None:
    long = document(event(epcList=["urn:example:" + "a" * 200]))
    refused(firm.capture(long), 400, "ValidationException", "trace.epcis_identifier", f"{LIST}[0].epcList")
    large = document(event(epcList=[f"https://example.org/{'a' * 115}/{number}" for number in range(990)]))
    answer = firm.capture(large)
    refused(answer, 413, "CaptureLimitExceededException", "trace.epcis_record_size", f"{LIST}[0]")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "trace.epcis_json"),
        (b"{", "trace.epcis_json"),
        (b"[" * 100, "trace.epcis_depth"),
        (b"[]", "trace.epcis_type"),
    ],
)
def test_what_is_no_document_is_refused(firm: Trader, body: bytes, code: str) -> None:
    refused(firm.capture(body), 400, "ValidationException", code)


def test_headers_that_ask_for_what_there_is_not_are_refused(firm: Trader) -> None:
    good = document(event())
    behaviour = firm.capture(good, **{"GS1-Capture-Error-Behaviour": "all"})
    refused(behaviour, 400, "ValidationException", "trace.epcis_behaviour", "GS1-Capture-Error-Behaviour")
    refused(firm.capture(good, **{"GS1-EPCIS-Version": "1.2"}), 406, "NotAcceptableException", "trace.epcis_version")
    for other in ("text/csv", "text/xml"):
        answer = firm.capture(good, **{"Content-Type": other})
        refused(answer, 415, "UnsupportedMediaTypeException", "http.media_type", "Content-Type")
    refused(firm.capture(good, Accept="text/csv"), 406, "NotAcceptableException", "trace.epcis_format", "Accept")


def test_who_has_no_token_or_no_agent_captures_nothing(trading: TradingNode) -> None:
    with trading.asking() as client:
        answer = Trader(client).capture(document(event()))
        refused(answer, 401, "SecurityException", "http.credential", "Authorization")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    with trading.trader("firm-3") as trader:
        refused(trader.capture(document(event())), 403, "SecurityException", "http.no_agent")


def test_jobs_are_listed_page_by_page_for_their_own_organisation_only(firm: Trader, other: Trader) -> None:
    made = [firm.job(document(event()))["captureID"] for _ in range(3)]
    found, path = [], "/capture?perPage=2"
    while path:
        answer = firm.get(path)
        found += [job["captureID"] for job in answer.json()]
        path = following(answer)
        assert ("GS1-Next-Page-Token-Expires" in answer.headers) == bool(path)
    assert found[-3:] == made
    refused(other.get(f"/capture/{made[0]}"), 404, "NoSuchNameException", "trace.epcis_job_unknown")
    assert made[0] not in other.get("/capture?perPage=500").text


def test_an_error_declaration_is_recorded_once(trading: TradingNode, firm: Trader) -> None:
    wrong = event()
    firm.job(document(wrong))
    taken_back = wrong | {"errorDeclaration": {"declarationTime": "2026-04-09T00:00:00Z", "reason": "did_not_occur"}}
    assert firm.job(document(taken_back))["captured"] == 1
    assert firm.job(document(taken_back))["present"] == 1
    shown = events_in(firm.get(f"/events/{quote(wrong['eventID'], safe='')}"))[0]
    assert shown["errorDeclaration"]["reason"] == "did_not_occur"


def test_nothing_withheld_reaches_the_ledger_in_any_form_that_could_be_guessed(
    trading: TradingNode, other: Trader
) -> None:
    one = alone(event(eventID=None, **SECRET_ORDER))
    event_id = other.post(one).json()["eventID"]
    assert event_id.startswith("ni:///sha-256;")
    with trading.engine.snapshot() as snapshot:
        kept = [(path, entry.value) for path, entry in snapshot.scan("trace/") if "firm-2" in path]
    assert kept
    for path, value in kept:
        assert b"4711" not in value
        assert event_id.encode() not in value
        assert digest_of(event_id) not in path


def test_a_job_that_was_accepted_before_a_crash_is_finished_after_it(trading_alone: TradingNode) -> None:
    one, two, bad = event(), event(), event(bizStep="flying")
    with trading_alone.trader() as trader:
        trader.job(document(one))
    data, user = trading_alone.data, trading_alone.signer("firm-1").user
    trading_alone.close()
    jobs = Jobs(data)
    waiting = [
        jobs.add("firm-1", user, behaviour, json.dumps(sent).encode())
        for behaviour, sent in (("rollback", document(one, two)), ("proceed", document(two, bad)))
    ]
    jobs.close()
    again = TradingNode(data)
    try:
        with again.trader() as trader:
            first, second = (trader.finished(f"/epcis/capture/{job.id}") for job in waiting)
            assert (first["success"], first["captured"] + first["present"]) == (True, 2)
            assert (second["success"], second["captured"] + second["present"]) == (False, 1)
            assert len(events_in(trader.get("/events"))) == 2
    finally:
        again.close()


def test_a_job_is_found_by_its_own_organisation_alone_while_it_runs_and_after(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    job = jobs.add("firm-1", "agent", "proceed", b"{}")
    assert jobs.running("firm-1", job.id) == jobs.find("firm-1", job.id) == job
    assert jobs.running("firm-2", job.id) is jobs.find("firm-2", job.id) is None
    jobs.finish(job, captured=2, present=1, errors=[])
    found = jobs.find("firm-1", job.id)
    assert found is not None
    assert (found.finished is not None, found.captured, found.present) == (True, 2, 1)
    assert jobs.running("firm-1", job.id) is None
    jobs.close()


@pytest.fixture
def trading_alone(tmp_path: object) -> TradingNode:
    node = TradingNode(tmp_path / "data")  # type: ignore[operator]
    node.open_for_trade()
    return node


def test_one_event_is_created_answered_with_its_place_and_then_conflicts(firm: Trader) -> None:
    one = event(**SECRET_ORDER)
    answer = firm.post(alone(one))
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/epcis/events/{quote(one['eventID'], safe='')}"
    assert answer.json()["eventID"] == one["eventID"]
    assert events_in(firm.client.get(answer.headers["Location"]))[0]["epcList"] == one["epcList"]
    refused(firm.post(alone(one)), 409, "ResourceAlreadyExistsException", "trace.event_known", "eventID")


def test_events_takes_one_event_with_its_context(firm: Trader) -> None:
    refused(firm.post(event()), 400, "ValidationException", "trace.epcis_missing", "@context")
    refused(firm.post(document(event())), 400, "ValidationException", "trace.epcis_one_event")
    future = alone(event(eventTime="2200-01-01T00:00:00Z"))
    refused(firm.post(future), 400, "ValidationException", "trace.event_from_future")
