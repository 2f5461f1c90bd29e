"""Sends the spans of a conversation to an OpenTelemetry collector, over HTTP, through OpenTelemetry's own exporter.

Where to, with which headers, certificates and compression: the exporter reads OTEL_EXPORTER_OTLP_* itself.
"""

import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rtvoice_tui import __version__
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.export.bounded_session import bounded_session
from rtvoice_tui.recording.export.otel import SERVICE
from rtvoice_tui.recording.export.spans import Span, spans
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.redaction import redact, shown_address
from rtvoice_tui.store.plain import one_line

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

INSTALL_HINT = "pip install 'rtvoice-tui[otel]'"
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
_LONGEST_REASON = 200

MOST_S = 20.0
"""Seconds until it is given up, whatever the collector does; the exporter's own limit is one for each step."""


def send(recording: Recording, environment: Mapping[str, str]) -> tuple[int, str]:
    """Send a recording's spans; waits until the collector took them, at most `MOST_S`.

    Returns:
        How many spans, and the address they went to.

    Raises:
        RecordingError: the [otel] extra or an endpoint is missing, or the collector did not take the spans.
    """
    address = next((environment[name] for name in _ENDPOINTS if environment.get(name)), "")
    if not address:
        raise RecordingError("no collector is named", f"set {_ENDPOINTS[1]}, for example to http://localhost:4318")
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult
    except ImportError:
        raise RecordingError("sending spans needs the [otel] extra", INSTALL_HINT) from None
    made = [_readable(span) for span in spans(recording)]
    reasons, results = _Reasons(), []

    def export() -> None:
        try:
            results.append(OTLPSpanExporter(session=bounded_session()).export(made) is SpanExportResult.SUCCESS)
        except (ValueError, OSError) as error:
            reasons.said.append(str(error))

    with reasons.listening():
        thread = threading.Thread(target=export, name="spans", daemon=True)  # may hang at exit
        thread.start()
        thread.join(MOST_S)
    if thread.is_alive():
        reasons.said.append(f"it took longer than {MOST_S:g} s")
    taken = results == [True]
    shown = shown_address(address)
    if not taken:
        reason = one_line(redact(reasons.last, _secrets(address, environment)), _LONGEST_REASON)
        raise RecordingError(
            f"the collector at {shown} did not take the spans: {reason}",
            f"check {' and '.join(name for name in (*_ENDPOINTS, *_HEADERS) if environment.get(name))}",
        )
    return len(made), shown


class _Reasons(logging.Handler):
    """Keeps what the exporter logs: its result does not say why it failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Context in which messages of OpenTelemetry come here, and nowhere else."""
        logger = logging.getLogger("opentelemetry")
        propagated, logger.propagate = logger.propagate, False
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.propagate = propagated

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.said.append(record.getMessage())

    @property
    def last(self) -> str:
        """The cause of the failure, as far as the messages tell it."""
        told = self.said[-2:]  # the failure, and before it what was tried again
        causes = [message.partition("Caused by ")[2] for message in told]
        return next((cause for cause in causes if cause), "; ".join(told)) or "it does not say why"


def _secrets(address: str, environment: Mapping[str, str]) -> list[str]:
    """What no message may repeat: the values of the headers, and what the address holds besides the place."""
    login = address.partition("://")[2].rpartition("@")[0]
    query = address.partition("?")[2]
    pairs = (pair for name in _HEADERS for pair in environment.get(name, "").split(","))
    return [secret for secret in (login, query, *(pair.partition("=")[2].strip() for pair in pairs)) if secret]


def _readable(span: Span) -> "ReadableSpan":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    def context(span_id: str) -> SpanContext:
        return SpanContext(int(span.trace, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(1))

    return ReadableSpan(
        _encodable(span.name),
        context(span.id),
        parent=context(span.parent) if span.parent else None,
        resource=Resource({"service.name": SERVICE, "service.version": __version__}),
        attributes={
            key: _encodable(value) if isinstance(value, str) else value for key, value in span.attributes.items()
        },
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, _encodable(span.error)) if span.error else Status(),
        start_time=span.begins,
        end_time=span.ends,
        instrumentation_scope=InstrumentationScope(SERVICE, __version__),
    )


def _encodable(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair from a server cannot."""
    return text.encode("utf-8", "replace").decode()
