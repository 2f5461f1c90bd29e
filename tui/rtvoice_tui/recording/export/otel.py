"""Spans of a conversation in OTLP's JSON."""

import json
from typing import Any

from rtvoice_tui import __version__
from rtvoice_tui.recording.export.spans import Span, spans
from rtvoice_tui.recording.reader import Recording

SERVICE = "rtvoice-tui"
_ERROR = 2


def otlp(recording: Recording) -> str:
    """The spans as an ExportTraceServiceRequest in JSON.

    Raises:
        RecordingError: the recording cannot be replayed.
    """
    resource = {"attributes": _attributes({"service.name": SERVICE, "service.version": __version__})}
    made = [_span(span) for span in spans(recording)]
    scope = {"scope": {"name": SERVICE, "version": __version__}, "spans": made}
    whole = {"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _span(span: Span) -> dict[str, Any]:
    status = {"status": {"code": _ERROR, "message": span.error}} if span.error else {}
    return {
        "traceId": span.trace,
        "spanId": span.id,
        "parentSpanId": span.parent,
        "name": span.name,
        "kind": 1,
        "startTimeUnixNano": str(span.begins),
        "endTimeUnixNano": str(span.ends),
        "attributes": _attributes(span.attributes),
        **status,
    }


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": str(value)}
