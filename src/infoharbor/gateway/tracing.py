"""Traces of requests by OpenTelemetry, from HTTP to the block. Needs the package's part `telemetry`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from litestar.types import HTTPScope
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import infoharbor
from infoharbor.gateway.observing import Submission

PATH: Final = "/v1/traces"
"""Where a collector takes traces by OTLP over HTTP."""
EXPORT_SECONDS: Final = 5


@contextmanager
def exported(collector: str) -> Iterator["Tracing"]:
    """Sends what is traced while the block runs to a collector, such as `http://127.0.0.1:4318`, from a thread of its own:
    where nobody takes it, it is dropped. The library's own variables (`OTEL_…`) say how much, and with which headers."""
    with exporting(OTLPSpanExporter(endpoint=f"{collector.rstrip('/')}{PATH}", timeout=EXPORT_SECONDS)) as tracing:
        yield tracing


@contextmanager
def exporting(exporter: SpanExporter) -> Iterator["Tracing"]:
    provider = TracerProvider(
        resource=Resource.create({SERVICE_NAME: "infoharbor", SERVICE_VERSION: infoharbor.__version__}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Tracing(provider)
    finally:
        provider.shutdown()


class Tracing:
    """Makes a span of each request, in the trace that its `traceparent` names (W3C Trace Context)."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("infoharbor", infoharbor.__version__)
        self.flush = provider.force_flush

    def begin(self, scope: HTTPScope) -> "TracedRequest":
        carried = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parent = TraceContextTextMapPropagator().extract(carried)
        span = self._tracer.start_span(scope["method"], parent, SpanKind.SERVER)
        return TracedRequest(self._tracer, span)


class TracedRequest:
    """The spans of one request: `submit` for a transaction, and in it `wait` (for the checks of its signatures, and for its
    turn), `block` (until that is durable) and `answer`."""

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer, self._span = tracer, span

    def submitted(self, submission: Submission) -> None:
        if not self._span.is_recording():
            return
        attributes: dict[str, Any] = {"infoharbor.transaction": submission.transaction}
        if submission.height >= 0:
            attributes |= {"infoharbor.height": submission.height, "infoharbor.ran_before": submission.ran_before}
        if submission.code:
            attributes["infoharbor.code"] = submission.code
        outer = self._part(self._span, "submit", submission.given, submission.answered, attributes)
        if submission.height >= 0 and not submission.ran_before:
            self._part(outer, "wait", submission.given, submission.block)
            height = {"infoharbor.height": submission.height}
            self._part(outer, "block", submission.block, submission.durable, height)
            self._part(outer, "answer", submission.durable, submission.answered)

    def end(self, facts: dict[str, Any]) -> None:
        """`facts` as the log's line has them."""
        span, status = self._span, int(facts["status"])
        span.update_name(f"{facts['method']} {facts['route']}".rstrip())
        span.set_attribute("http.request.method", facts["method"])
        span.set_attribute("http.route", facts["route"])
        span.set_attribute("http.response.status_code", status)
        for name in ("request", "organisation", "transactions"):
            if name in facts:
                span.set_attribute(f"infoharbor.{name}", facts[name])
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end()

    def _part(self, of: Span, name: str, begun: int, ended: int, attributes: dict[str, Any] | None = None) -> Span:
        context: Context = set_span_in_context(of)
        span = self._tracer.start_span(name, context, attributes=attributes, start_time=begun)
        span.end(ended)
        return span
