"""What a node tells while it runs: lines for a person or JSON objects for a machine, and traces for a collector."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

import structlog
from cyclopts import Parameter
from structlog.types import EventDict, Processor

from infoharbor.cli.output import Failure, as_failure

if TYPE_CHECKING:
    from infoharbor.gateway.observing import Observer

Form = Literal["text", "json"]
LogFormat = Annotated[
    Form,
    Parameter(
        env_var="INFOHARBOR_LOG_FORMAT",
        help="What the node tells on standard error: text, or JSON objects, one a line and one for each request. "
        "日志格式：文本，或逐行 JSON（含每个请求）。",
    ),
]
logger = logging.getLogger("infoharbor.run")


@contextmanager
def told_as(form: Form) -> Iterator[None]:
    """Tells everything in this form while the block runs; as JSON also why it ends, and then with exit code 1."""
    if form == "text":
        yield
        return
    tell_as_json()
    try:
        yield
    except Exception as fault:
        failure = as_failure(fault)
        if failure is None:
            logger.critical("the command has failed", exc_info=fault)
        else:
            facts = {"code": failure.code, "field": failure.field, "expected": failure.expected}
            logger.critical("the command is refused", extra={name: value for name, value in facts.items() if value})
        sys.exit(1)


@contextmanager
def following(form: Form, collector: str) -> Iterator["Observer | None"]:
    """What follows requests while the block runs, for a log in JSON or a collector of traces; None for neither."""
    from infoharbor.gateway.observing import Observer  # Only a node loads what answers requests.

    if not collector:
        yield Observer() if form == "json" else None
        return
    parts = urlsplit(collector)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Failure("cli.collector", "--trace-to", "http://HOST:PORT, where a collector takes OTLP over HTTP")
    try:
        from infoharbor.gateway.tracing import exported  # Its library is there only where traces are wanted.
    except ModuleNotFoundError:
        raise Failure("cli.no_telemetry", "--trace-to", "the package infoharbor[telemetry]") from None
    with exported(collector) as tracing:
        yield Observer(tracing.begin)


def tell_as_json() -> None:
    """From now on each line of the log is a JSON object: `time` with its offset, `level`, `logger`, `event`, and what else
    there is to it, such as `request`, `organisation`, `transaction`, `height`; `exception` holds a traceback."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        _add_time,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _in_order,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.root.handlers = [handler]
    logging.getLogger("infoharbor").setLevel(logging.INFO)
    logging.captureWarnings(True)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )  # fmt: skip


def _add_time(_: Any, __: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds")
    return event


def _in_order(_: Any, __: str, event: EventDict) -> EventDict:
    """What every line has stands first."""
    return {name: event.pop(name) for name in ("time", "level", "logger", "event")} | dict(event)
