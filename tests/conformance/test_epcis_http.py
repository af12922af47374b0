"""The standard's own documents over HTTP: captured, refused at their field, answered with the hashes as published."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from trading import PROCEED, Trader, TradingNode, events_in

from infoharbor.contracts.trace.exchange import json_text
from infoharbor.contracts.trace.exchange.document import read_document

SAMPLES = Path(os.environ["CONFORMANCE_SAMPLES"])
VALID = sorted((SAMPLES / "epcis" / "valid").glob("*.json"))
HASHED = sorted((SAMPLES / "epcis-hash").glob("*.jsonld"))
INVALID = sorted((SAMPLES / "epcis" / "invalid").glob("*.json"))
QUERY = "myQuery"


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_document_is_captured(firm: Trader, path: Path) -> None:
    job = firm.job(path.read_bytes())
    assert (job["success"], job["errors"]) == (True, [])
    assert job["captured"] + job["present"] == len(read_document(path.read_bytes()).whole())


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_document_is_refused_with_the_field_named(firm: Trader, path: Path) -> None:
    faults = [fault.field for fault in read_document(path.read_bytes()).faults]
    answer = firm.capture(path.read_bytes())
    assert (answer.status_code, answer.json()["type"]) == (400, "epcisException:ValidationException")
    assert answer.json()["field"] == faults[0]
    job = firm.job(path.read_bytes(), **PROCEED)
    assert (job["success"], [each["field"] for each in job["errors"]]) == (False, faults)


@pytest.mark.parametrize("path", HASHED, ids=lambda path: path.stem)
def test_an_event_is_found_by_its_published_hash_and_has_it(other: Trader, path: Path) -> None:
    """Without their ids, which samples share: so each event goes by its hash, of which ids are no part."""
    assert other.job(json_text.write(without_ids(json_text.value(path.read_bytes()))))["success"]
    for published in path.with_suffix(".hashes").read_text().split():
        answer = other.get(f"/events/{quote(published, safe='')}")
        assert [each.hash() for each in read_document(answer.content).whole()] == [published]
        assert events_in(answer)[0]["eventID"] == published


def without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_ids(each) for name, each in value.items() if name != "eventID"}
    return [without_ids(each) for each in value] if isinstance(value, list) else value


def test_what_is_answered_is_valid_by_the_standards_schema(trading: TradingNode, firm: Trader) -> None:
    """The owner's whole events, and the public parts that others get."""
    schema = json.loads((SAMPLES / "epcis-rest" / "EPCIS-JSON-Schema.json").read_text())
    for path in VALID:
        firm.job(path.read_bytes())
    validator = jsonschema.Draft7Validator(schema)
    with trading.asking() as client:
        for who in (firm, Trader(client)):
            answer = who.get("/events?perPage=200")
            assert len(events_in(answer)) > len(VALID)
            assert [error.message for error in validator.iter_errors(answer.json())] == []


def standard() -> dict[str, Any]:
    """The standard's OpenAPI document, with what is missing in it added, and what contradicts its own text mended."""
    document: dict[str, Any] = without_remote(yaml.safe_load((SAMPLES / "epcis-rest" / "openapi.yaml").read_text()))
    paths, components = document["paths"], document["components"]
    schemas, responses = components["schemas"], components["responses"]
    paths["/capture"]["post"]["requestBody"]["content"]["application/json"]["schema"] = {"type": "object"}
    # A Link value is never a bare URI (RFC 8288), as the standard's own example for it shows: hold it to that form.
    del schemas["Link"]["format"]
    schemas["Link"]["pattern"] = r'^</epcis/[^<>\s]+>; rel="next"$'
    for content in responses["409ResourceAlreadyExistsException"]["content"].values():
        content["schema"]["allOf"][0]["properties"]["status"] = {"type": "integer", "enum": [409]}
    # As it stands, a job without an `errorFile` fits both of two alternatives of which one may fit.
    job = schemas["CaptureJob"]["allOf"][1]
    job["anyOf"] = job.pop("oneOf")
    # One query is one object, as its example shows.
    query = paths["/queries/{queryName}"]["get"]["responses"]["200"]["content"]["application/json"]
    query["schema"] = query["schema"]["items"]
    # Elsewhere a `Location` may be relative, and nothing says why not here.
    subscribed = paths["/queries/{queryName}/subscriptions"]["post"]["responses"]["201"]
    del subscribed["headers"]["Location"]["schema"]["format"]
    # Problems are of one media type, but for one slip.
    issues = responses["400SubscriptionIssues"]["content"]
    issues["application/problem+json"] = issues.pop("application/json")
    # The query language is the same below each resource: `/events` is asked with all of it, each other with a part.
    below = [path for path in paths if path.endswith("}/events") and "queries" not in path]
    for place, path in enumerate(below):
        operation = paths[path]["get"]
        operation["parameters"] = operation["parameters"][place :: len(below)]
    # An upgrade is no HTTP exchange: the tests of subscriptions have WebSockets.
    asked = paths["/queries/{queryName}/events"]["get"]["parameters"]
    asked[:] = [each for each in asked if each["$ref"].rpartition("/")[2] not in ("Upgrade", "Connection")]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/RFC7807ProblemResponseBody"}}}
    for path in paths.values():
        for operation in path.values():
            if isinstance(operation, dict):
                for status in ("400", "405", "413"):
                    operation["responses"].setdefault(status, {"description": "not in the list", "content": problem})
    return document


def without_remote(value: Any) -> Any:
    """Schemas on other hosts become any object, or any word: another test holds events to the standard's schema."""
    if isinstance(value, dict):
        remote = str(value.get("$ref", ""))
        if remote.startswith("http"):
            return {"type": "object" if remote.endswith(("Document", "Event")) else "string"}
        return {name: without_remote(each) for name, each in value.items() if name != "example"}
    return [without_remote(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def subscription(trading: TradingNode) -> str:
    """One of a query that is there, so that some requests find something; the others find nothing, which is as well."""
    with trading.trader() as trader:
        trader.name(QUERY, EQ_action=["OBSERVE"])
        schedule = {"hour": "1", "minute": "5"}
        made = trader.subscribe(QUERY, dest="https://example.org/", schedule=schedule)
        return str(made.json()["subscriptionID"])


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


# Examples and random requests; going through every parameter's boundaries one by one would take many minutes.
CONFIG = schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})


@schemathesis.openapi.from_dict(standard(), config=CONFIG).parametrize()
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_interface_is_as_the_standard_describes_it(
    trading: TradingNode, subscription: str, case: schemathesis.Case
) -> None:
    if case.method != "DELETE":
        known = {"queryName": QUERY, "subscriptionID": subscription}
        case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
    token = case.headers.get("Authorization") or f"Bearer {trading.token_of('firm-1')}"
    response = case.call(base_url=f"{trading.url}/epcis", headers={"Authorization": token})
    case.validate_response(response, checks=CHECKS)
