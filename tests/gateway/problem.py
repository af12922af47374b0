"""How the gateway's tests look at a refusal."""

from typing import Any

import httpx


def assert_problem(answer: httpx.Response, status: int, code: str, field: str | None = None) -> dict[str, Any]:
    """The problem, after checking that it is one, with this status, code and field, and has its sentence."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem: dict[str, Any] = answer.json()
    assert (problem["status"], problem["code"]) == (status, code), problem
    assert answer.status_code == status
    assert problem["title"] != code, f"{code} has no sentence"
    assert bool(problem["expected_zh"]) == bool(problem["expected"])
    assert field is None or problem["field"] == field
    return problem
