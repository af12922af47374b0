"""Named queries and subscriptions as clients send and see them."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from infoharbor.contracts.trace.exchange import json_text, times
from infoharbor.contracts.trace.exchange.faults import EventFault
from infoharbor.contracts.trace.exchange.names import Names
from infoharbor.edgekit.webhooks import Targets
from infoharbor.engine.interface import Status
from infoharbor.gateway.epcis.conditions import Compared, EventQuery
from infoharbor.gateway.epcis.facts import moment
from infoharbor.gateway.epcis.headers import Manner
from infoharbor.gateway.epcis.language import read_query
from infoharbor.gateway.epcis.schedule import UNITS, Schedule, read_schedule
from infoharbor.gateway.epcis.sequence import newest_in
from infoharbor.gateway.epcis.store import NOTHING, NamedQuery, Subscription
from infoharbor.kernel.readers import Reader
from infoharbor.sdk.building import now_ms
from infoharbor.sdk.problems import Problem

BODY_BYTES: Final = 64 * 1024
NAME_MAX: Final = 100
SECRET_MAX: Final = 200


class Timing(NamedTuple):
    """When results are wanted: on a schedule, or as they come; and from which record time on."""

    schedule: Mapping[str, Any] | None
    report_if_empty: bool
    initial: int | None

    @property
    def text(self) -> str:
        """The schedule as it is kept; empty for a stream."""
        return msgspec.json.encode(self.schedule).decode() if self.schedule is not None else ""


def object_in(raw: bytes) -> dict[str, Any]:
    """A JSON object, numbers exact; raises `EventFault`."""
    json_text.structure(raw, bytes_max=BODY_BYTES)
    value = json_text.value(raw)
    if not isinstance(value, dict):
        raise EventFault("epcis_type", "an object")
    json_text.count_members(value)
    return value


def read_named_query(raw: bytes, reader: Reader) -> NamedQuery:
    """The query that a client wants to name; raises `EventFault` or `Problem`."""
    body = object_in(raw)
    name, query = body.get("name"), body.get("query")
    if (
        not isinstance(name, str)
        or not 0 < len(name) <= NAME_MAX
        or not name.isprintable()
        or "/" in name
        or name in (".", "..")
    ):
        expected = f"1 to {NAME_MAX} printable characters without /"
        raise Problem("trace.epcis_query_parameter", field="name", expected=expected)
    if not isinstance(query, dict):
        raise Problem("trace.epcis_query_parameter", field="query", expected="an object of query parameters")
    if "@context" in body:
        query = {"@context": body["@context"], **query}
    named = NamedQuery(reader.organisation, name, reader.user, json_text.write(query).decode())
    query_in(named)
    return named


def query_in(named: NamedQuery) -> EventQuery:
    """What a named query asks."""
    parameters = json_text.value(named.definition.encode())
    try:
        names = Names({}).declare(parameters.pop("@context", []))
    except EventFault as fault:
        raise Problem("trace.epcis_query_parameter", field="@context", expected=fault.expected) from None
    return read_query(parameters, names)


def standing_query(named: NamedQuery, initial: int) -> EventQuery:
    """A query as subscriptions ask it: without what only makes sense once, from a record time on."""
    query = query_in(named)
    if (query.order, query.first, query.most) != (None, None, None):
        expected = "a query without orderBy, eventCountLimit and maxEventCount"
        raise Problem("trace.epcis_subscription", field="query", expected=expected)
    return query.also(Compared("recordTime", "GE", initial))


def query_form(named: NamedQuery) -> dict[str, Any]:
    return {"name": named.name, "query": json_text.value(named.definition.encode())}


def read_timing(body: Mapping[str, Any]) -> Timing:
    """From a subscription's body, or a WebSocket's parameters gathered into one."""
    schedule, stream = body.get("schedule"), body.get("stream", False)
    if (schedule is None) == (stream is not True) or not isinstance(stream, bool):
        raise Problem("trace.epcis_subscription", field="stream", expected="either stream: true, or a schedule")
    if schedule is not None:
        if not isinstance(schedule, dict):
            raise Problem("trace.epcis_schedule", field="schedule", expected="an object of " + ", ".join(UNITS))
        read_schedule(schedule)
    report = body.get("reportIfEmpty", False)
    if not isinstance(report, bool) or (report and schedule is None):
        raise Problem("trace.epcis_subscription", field="reportIfEmpty", expected="true or false, with a schedule")
    since = body.get("initialRecordTime")
    initial = moment(since) if isinstance(since, str) else None
    if since is not None and (initial is None or initial < 0):
        raise Problem("trace.epcis_subscription", field="initialRecordTime", expected="a time with an offset")
    return Timing(schedule, report, initial)


def schedule_in(text: str) -> Schedule:
    """A schedule that was kept."""
    return read_schedule(msgspec.json.decode(text))


class Since(NamedTuple):
    """From when on events are wanted: recorded no earlier than `initial`, with sequence numbers beyond `after`."""

    initial: int
    after: int


def since(timing: Timing, status: Status) -> Since:
    """From the record time that is asked for, else from now on. The ledger's time may differ from ours: what now is, it
    has to say."""
    if timing.initial is None:
        return Since(status.time, newest_in(status.height))
    return Since(timing.initial, NOTHING)


def read_subscription(
    raw: bytes, named: NamedQuery, user: str, manner: Manner, *, targets: Targets, status: Status
) -> Subscription:
    """The subscription that a client wants; raises `EventFault`, `Malformed` or `Problem`."""
    body = object_in(raw)
    target = body.get("dest")
    if not isinstance(target, str):
        raise Problem("trace.epcis_subscription", field="dest", expected="the URL that takes the events")
    targets.check(target, "dest")
    # The standard's schema demands the one and describes the other.
    secret = body.get("signatureToken", body.get("secret", ""))
    if not isinstance(secret, str) or len(secret) > SECRET_MAX:
        expected = f"a text of at most {SECRET_MAX} characters"
        raise Problem("trace.epcis_subscription", field="signatureToken", expected=expected)
    timing = read_timing(body)
    now, start = now_ms(), since(timing, status)
    standing_query(named, start.initial)
    return Subscription.new(
        named,
        user=user,
        target=target,
        secret=secret,
        schedule=timing.text,
        report_if_empty=timing.report_if_empty,
        created=now,
        initial=start.initial,
        after=start.after,
        due=next_due(timing.text, now),
        manner=manner,
    )


def next_due(schedule: str, now: int) -> int:
    """When a subscription runs next: a stream may at any time, a schedule that never matches again at none."""
    if not schedule:
        return 0
    found = schedule_in(schedule).after(now)
    return NEVER if found is None else found


NEVER: Final = 2**62


def subscription_form(subscription: Subscription) -> dict[str, Any]:
    """A subscription as its client is shown it: without its secret."""
    form: dict[str, Any] = {
        "subscriptionID": subscription.id,
        "queryName": subscription.query,
        "dest": subscription.target,
        "createdAt": times.utc(subscription.created),
        "initialRecordTime": times.utc(subscription.initial),
        "minRecordTime": times.utc(subscription.executed),
    }
    if subscription.notified:
        form["lastNotifiedAt"] = times.utc(subscription.notified)
    if subscription.failures:
        form |= {"failures": subscription.failures, "lastFailure": subscription.failure}
    if not subscription.schedule:
        return form | {"stream": True}
    return form | {
        "schedule": msgspec.json.decode(subscription.schedule),
        "reportIfEmpty": subscription.report_if_empty,
    }
