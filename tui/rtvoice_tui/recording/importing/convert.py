"""Makes a recording of the frames of another tool. The machine sees them as it would have seen them live."""

import base64
import binascii
import datetime
import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rtvoice_tui import __version__
from rtvoice_tui.audio.pcm.levels import measure
from rtvoice_tui.engine.observers import FrameReceived, FrameSent, MachineMade, Stepped
from rtvoice_tui.media import DEFAULT_AUDIO_SETTINGS
from rtvoice_tui.protocol.realtime.dialects import DIALECTS, Dialect
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.recording.format import MANIFEST, Manifest, State, encoded
from rtvoice_tui.recording.importing.frames import Found, Frame, timed
from rtvoice_tui.recording.importing.playout import Playout
from rtvoice_tui.recording.recorder import Recorder
from rtvoice_tui.recording.summary import SummaryCounter
from rtvoice_tui.session.commands import Interrupt, MicFrame, SendText, TakeAsReady, TimerFired, ToolFinished
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.session.inputs import Closed, Connecting, Input, Opened, Received, Started
from rtvoice_tui.session.realtime.machine import SessionMachine
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE
from rtvoice_tui.session.timers import ResponseLate

_INTERRUPTING = frozenset(("conversation.item.truncate", "response.cancel", "output_audio_buffer.clear"))
_INTERRUPTIBLE = frozenset((Phase.SPEAKING, Phase.THINKING))
_OPENING = ("session.", "transcription_session.", "conversation.created", "rate_limits.", "error")
"""How the types of events begin that come before the conversation."""

STEP_S = 0.1
"""Seconds between two reports of what was played."""


def convert(found: Found, folder: Path, name: str) -> list[str]:
    """Write a recording of frames into an empty folder; returns sentences about what is missing.

    Args:
        found: the frames.
        folder: the folder.
        name: what they are of, for the manifest.
    """
    frames, made_up = timed(found.frames)
    missing = [*found.missing]
    if made_up:
        missing.append("the file holds no times: those shown are made up")
    if any(frame.up is None for frame in found.frames):
        missing.append("the file holds no directions: they follow from the events' types")
    made = _made(frames, found.host, name)
    writer = _Writer(folder, made, truncations(frames))
    for frame in frames:
        writer.frame(frame)
    writer.finish(frames[-1].at or 0.0)
    if not writer.sound:
        missing.append("the file holds no sound")
    if writer.skipped:
        missing.append(f"{writer.skipped} sent events are of no known type and were left out")
    rate = made.settings.output_rate
    manifest = Manifest(
        app=__version__,
        started=datetime.datetime.fromtimestamp(_wall_clock(found.frames), datetime.UTC).isoformat(),
        state=State.COMPLETE,
        asked=True,
        profile=name,
        provider=made.dialect,
        identity=made.identity,
        input_rate=made.settings.input_rate,
        output_rate=rate,
        sound=writer.sound,
        summary=writer.summary,
    )
    (folder / MANIFEST).write_bytes(encoded(manifest))
    return missing


class _Writer:
    """Steps a machine with frames, and records both."""

    def __init__(self, folder: Path, made: MachineMade, truncated_ms: Mapping[str, float]) -> None:
        self._folder = folder
        self._wire = RealtimeWire()
        self._recorder = Recorder(self._wire, self._append)
        self._recorder.keep_sound(True)
        self._counter = SummaryCounter()
        ids = itertools.count(1)
        self._machine = SessionMachine(
            DIALECTS[made.dialect], made.settings, made.tools, lambda prefix: f"{prefix}-{next(ids)}", 0, made.talk
        )
        self._playout = Playout(made.settings.output_rate, truncated_ms)
        self._at = 0.0
        self._late: ResponseLate | None = None  # timer of the last response that was requested
        self.sound = False
        self.skipped = 0
        self._observe(made, 0.0)
        for happened in (Started(), Connecting(), Opened()):
            self._step(happened, 0.0)

    @property
    def summary(self) -> Any:
        """What a list shows of it."""
        return self._counter.summary

    def frame(self, frame: Frame) -> None:
        """Record a frame, and what was played before it."""
        at = frame.at or 0.0
        self._play_until(at)
        if not self._machine.ready and not _is_of_opening(frame.event):
            self._step(TakeAsReady(), at)
        text = json.dumps(frame.event, ensure_ascii=False)
        if frame.sent:
            self._sent(frame.event, at)
        else:
            decoded = self._wire.decode(text)
            self.sound = self.sound or bool(self._wire.speech(decoded.event))
            effects = self._machine.step(Received(decoded.event), at)
            self._observe(Stepped(Received(decoded.event), tuple(effects)), at)
            self._observe(FrameReceived(text, decoded), at)
            self._carry_out(effects, at)

    def finish(self, at: float) -> None:
        """Play what is left, and end the session."""
        ends = at + self._playout.left_s
        self._play_until(ends + STEP_S)
        self._step(Closed("the file ends here", wanted=True), ends + STEP_S)
        self._recorder.flush()

    def _sent(self, event: dict[str, Any], at: float) -> None:
        pcm = b""
        if event.get("type") == "input_audio_buffer.append":
            try:
                pcm = base64.b64decode(str(event.get("audio", "")))
            except (ValueError, binascii.Error):
                pcm = b""
            self.sound = self.sound or bool(pcm)
        try:
            event = {"event_id": "", **event}  # other clients send no ids
            decoded = self._wire.decode_sent(json.dumps(event | {"audio": ""} if pcm else event), pcm)
        except ValueError:
            self.skipped += 1
            return
        if pcm:
            self._step(MicFrame(pcm, measure(pcm[: len(pcm) // 2 * 2]).rms_db), at)
        self._observe(FrameSent(decoded, json.dumps(event, ensure_ascii=False)), at)
        item, kind = event.get("item"), event.get("type")
        if kind in _INTERRUPTING and self._machine.phase in _INTERRUPTIBLE:
            self._step(Interrupt(), at)
        if isinstance(item, dict) and item.get("type") == "function_call_output":
            self._step(ToolFinished(str(item.get("call_id", "")), str(item.get("output", "")), ok=True), at)
        elif words := self._wire.typed_text(decoded):
            if self._late is not None:  # the message before was not answered
                self._step(TimerFired(self._late), at)
                self._late = None
            self._step(SendText(words), at)

    def _play_until(self, at: float) -> None:
        while self._playout.busy and self._at < at:
            step = min(STEP_S, at - self._at)
            heard, pcm = self._playout.advance(step)
            self._recorder.heard(pcm, self._at, self._playout.rate)
            self._at += step
            self._step(heard, self._at)
        self._at = max(self._at, at)

    def _step(self, happened: Input, at: float) -> None:
        effects = self._machine.step(happened, at)
        self._observe(Stepped(happened, tuple(effects)), at)
        self._carry_out(effects, at)

    def _carry_out(self, effects: Any, at: float) -> None:
        """Play, and be silent; everything else was done by the client of that time."""
        for effect in effects:
            if isinstance(effect, Schedule) and isinstance(effect.timer, ResponseLate):
                self._late = effect.timer
        flushed = self._playout.take(effects, at)
        if flushed is not None:
            self._step(flushed, at)

    def _observe(self, observed: Any, at: float) -> None:
        self._recorder(observed, at)
        self._counter(observed, at)

    def _append(self, name: str, data: bytes) -> None:
        with (self._folder / name).open("ab") as file:
            file.write(data)


def _is_of_opening(event: dict[str, Any]) -> bool:
    return str(event.get("type")).startswith(_OPENING)


def truncations(frames: Iterable[Frame]) -> dict[str, float]:
    """How much of each item was heard, in ms, by the truncation that its client sent."""
    found: dict[str, float] = {}
    for frame in frames:
        event = frame.event
        if event.get("type") == "conversation.item.truncate":
            item, end_ms = event.get("item_id"), event.get("audio_end_ms")
            if isinstance(item, str) and isinstance(end_ms, int | float) and end_ms >= 0:
                found.setdefault(item, float(end_ms))
    return found


def _made(frames: list[Frame], host: str, name: str) -> MachineMade:
    """What the session was made of, as far as the frames tell."""
    dialect = _dialect_of(host)
    sessions = (frame.event.get("session") for frame in frames)
    session: dict[str, Any] = next((found for found in sessions if isinstance(found, dict)), {})
    rates = [_rate(session, side) for side in ("input", "output")]
    settings = SessionSettings(input_rate=rates[0], output_rate=rates[1])
    identity = " ".join(word for word in (host or dialect.name, str(session.get("model") or "")[:200]) if word)
    return MachineMade(
        dialect.name, settings, _tools(frames), OPEN_MICROPHONE, DEFAULT_AUDIO_SETTINGS, 10_000, 0, name, identity
    )


def _wall_clock(frames: list[Frame]) -> float:
    """When the first frame was sent or received, in seconds since 1970; 0 if the file does not say."""
    at = next((frame.at for frame in frames if frame.at is not None), 0.0)
    return at if 1e9 < at < 1e10 else 0.0


def _tools(frames: list[Frame]) -> tuple[ToolSpec, ...]:
    """The functions that were offered or called."""
    found: dict[str, ToolSpec] = {}
    for frame in frames:
        session, item = frame.event.get("session"), frame.event.get("item")
        offered = session.get("tools") if isinstance(session, dict) else None
        called = [item] if isinstance(item, dict) and item.get("type") == "function_call" else []
        for tool in [*(offered if isinstance(offered, list) else []), *called]:
            name = tool.get("name") if isinstance(tool, dict) else None
            if isinstance(name, str) and name and name not in found:
                parameters = tool.get("parameters")
                found[name] = ToolSpec(
                    name=name,
                    description=str(tool.get("description") or ""),
                    parameters=parameters if isinstance(parameters, dict) else {},
                    kind="recorded",
                )
    return tuple(found.values())


def _dialect_of(host: str) -> Dialect:
    for dialect in DIALECTS.values():
        for known in dialect.hosts:
            if host and (host == known or (known.startswith(".") and host.endswith(known))):
                return dialect
    return DIALECTS["generic"]


def _rate(session: dict[str, Any], side: str) -> int:
    try:
        rate = session["audio"][side]["format"]["rate"]
    except (KeyError, TypeError):
        return 24_000
    return rate if isinstance(rate, int) and 4_000 <= rate <= 96_000 else 24_000
