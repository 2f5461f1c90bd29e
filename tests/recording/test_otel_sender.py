"""Spans reach a real HTTP collector through OpenTelemetry's exporter; when they do not, one sentence says why."""

import builtins
import contextlib
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from click.testing import CliRunner
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from recording.talk import Talk, recorded_talk
from rtvoice_tui.cli.main import main
from rtvoice_tui.recording.export import otel_sender
from rtvoice_tui.recording.export.otel import otlp


class Collector:
    """An OTLP/HTTP collector on a free port: keeps what it receives, and answers as a test wants."""

    def __init__(self) -> None:
        self.status = 200
        self.headers = {"Content-Length": "0"}
        self.answer: Callable[[BinaryIO], object] = lambda out: None
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((self.path, headers, body))
                self.send_response(collector.status)
                for name, value in collector.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                collector.answer(self.wfile)

            def log_message(self, *arguments: Any) -> None:
                """Writes nothing to the test's output."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    made = Collector()
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.address)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield made
    made.server.shutdown()
    made.server.server_close()


def sent(folder: Path) -> Any:
    return CliRunner().invoke(main, ["sessions", "export", str(folder), "--format", "otel", "--send"])


def test_the_collector_receives_the_spans_that_the_file_holds(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=voice")
    recording = recorded_talk(tmp_path / "talk")
    result = sent(tmp_path / "talk")
    assert result.output == f"sent 5 spans to {collector.address}\n"
    [(path, headers, body)] = collector.requests
    assert path == "/v1/traces"
    assert headers["x-team"] == "voice"
    received = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    in_file = json.loads(otlp(recording))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    for span, written in zip(received, in_file, strict=True):
        assert span.name == written["name"]
        assert span.trace_id.hex() == written["traceId"]
        assert span.span_id.hex() == written["spanId"]
        assert span.parent_span_id.hex() == written["parentSpanId"]
        assert str(span.start_time_unix_nano) == written["startTimeUnixNano"]
        assert str(span.end_time_unix_nano) == written["endTimeUnixNano"]
        assert [pair.key for pair in span.attributes] == [pair["key"] for pair in written["attributes"]]


@pytest.mark.parametrize("tokens", [2**70, -5])
def test_text_that_utf8_cannot_hold_and_an_absurd_number_are_sent_as_well(
    tmp_path: Path, collector: Collector, tokens: int
) -> None:
    talk = Talk().opened().asks("half \ud83d of a pair").answers("yes", 0.2)
    talk.down("response.done", response={"id": "r", "object": "realtime.response", "usage": {"total_tokens": tokens}})
    recorded_talk(tmp_path / "talk", talk)
    result = sent(tmp_path / "talk")
    assert result.exit_code == 0, result.output
    assert len(collector.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_one_sentence_with_what_to_check(tmp_path: Path, collector: Collector, status: int) -> None:
    collector.status = status
    recorded_talk(tmp_path / "talk")
    result = sent(tmp_path / "talk")
    assert result.exit_code == 1
    assert f"the collector at {collector.address} did not take the spans" in result.output
    assert str(status) in result.output
    assert "check OTEL_EXPORTER_OTLP_ENDPOINT" in result.output
    assert "Traceback" not in result.output


def test_a_redirect_is_no_success_and_is_not_followed(tmp_path: Path, collector: Collector) -> None:
    collector.status = 307
    collector.headers |= {"Location": f"{collector.address}/elsewhere"}
    recorded_talk(tmp_path / "talk")
    result = sent(tmp_path / "talk")
    assert result.exit_code == 1
    assert "it redirects to another address" in result.output
    assert [path for path, _, _ in collector.requests] == ["/v1/traces"]


def test_an_endless_answer_is_not_read_to_its_end(tmp_path: Path, collector: Collector) -> None:
    def flood(out: BinaryIO) -> None:
        with contextlib.suppress(OSError):
            while True:
                out.write(bytes(1 << 20))

    collector.headers, collector.answer = {}, flood
    recorded_talk(tmp_path / "talk")
    tracemalloc.start()
    assert sent(tmp_path / "talk").exit_code == 0
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()


def test_a_collector_that_answers_drop_by_drop_is_given_up(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def drop(out: BinaryIO) -> None:
        with contextlib.suppress(OSError):
            while not over.wait(0.05):
                out.write(b".")

    collector.headers, collector.answer = {"Content-Length": "100000"}, drop
    monkeypatch.setattr(otel_sender, "MOST_S", 0.5)
    recorded_talk(tmp_path / "talk")
    result = sent(tmp_path / "talk")
    over.set()
    assert result.exit_code == 1
    assert "it took longer than 0.5 s" in result.output


def test_no_message_repeats_a_login_or_a_header(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:hidden-password@no-such-host.invalid:4318?k=hidden-query"
    )
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hidden-header")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    recorded_talk(tmp_path / "talk")
    result = sent(tmp_path / "talk")
    assert result.exit_code == 1
    assert "no-such-host.invalid" in result.output
    assert "hidden" not in result.output


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "Invalid URL"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3", "wrong version number"),  # https at a server of http
    ],
)
def test_an_address_that_cannot_work_is_a_sentence_with_the_cause(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address.replace("http:", "https:"))
    monkeypatch.setenv(variable, value)
    recorded_talk(tmp_path / "talk")
    result = sent(tmp_path / "talk")
    assert result.exit_code == 1
    assert "did not take the spans" in result.output
    assert said in result.output
    assert "Traceback" not in result.output


def test_without_an_endpoint_it_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    recorded_talk(tmp_path / "talk")
    result = sent(tmp_path / "talk")
    assert result.exit_code == 1
    assert "set OTEL_EXPORTER_OTLP_ENDPOINT" in result.output


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *rest)

    recorded_talk(tmp_path / "talk")
    monkeypatch.setattr(builtins, "__import__", without)
    result = sent(tmp_path / "talk")
    assert result.exit_code == 1
    assert "pip install 'rtvoice-tui[otel]'" in result.output
