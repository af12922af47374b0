"""What holds for every test: properties without a clock, and no test that silently does not run."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

# A slow or busy machine must not turn a true property into a failure.
settings.register_profile("infoharbor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("infoharbor")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def failed_if_skipped(report: Report) -> Report:
    """Count a skip as a failure: a rule that is not tested is not known to hold."""
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"A test that cannot run fails: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hold single tests to it."""
    return failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Hold whole files of tests to it."""
    return failed_if_skipped((yield))
