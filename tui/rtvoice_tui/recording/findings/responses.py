"""Rules about responses: asked for twice, not completed, late, or without sound."""

from collections.abc import Iterator

from rtvoice_tui.recording.findings.frames import Finding, Frame

FIRST_AUDIO_S = 3.0
"""Seconds after which a user wonders whether anybody answers."""

SILENT_DB, SILENT_MS = -55.0, 1_000.0
"""Sound below this level, of at least this duration, is no speech."""


class SecondResponse:
    """`response.create` while a response is in progress: servers refuse it."""

    def __init__(self) -> None:
        self._active: set[str] = set()
        self._asked = False  # and not begun yet

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Follow the responses of the conversation."""
        response = frame.object("response")
        match frame.type:
            case "response.created" if response.get("conversation_id", "") is not None:  # null: out-of-band
                self._active.add(frame.text("response", "id"))
                self._asked = False
            case "response.done":
                self._active.discard(frame.text("response", "id"))
                self._asked = False
            case "session.created":
                self._active.clear()
                self._asked = False
            case "error" | "response.cancel":
                self._asked = False
            case "response.create" if frame.up and response.get("conversation") != "none":
                known, self._asked = self._active or self._asked, True
                if not known:
                    return
                yield Finding(
                    frame.at,
                    "second response",
                    "a response was asked for while another was in progress, which servers refuse",
                    "wait for response.done, or cancel the first; with server turn detection leave it to the server",
                )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


class ServerError:
    """An error that the server reported."""

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Look at error events."""
        if frame.type == "error" and not frame.up:
            code = frame.text("error", "code") or frame.text("error", "type")
            message = frame.text("error", "message") or "the server says no reason"
            cause = frame.text("error", "event_id")
            yield Finding(
                frame.at,
                "server error",
                f"{message}{f' ({code})' if code else ''}",
                f"see what was sent as {cause[:60]}" if cause else "see what was sent right before",
            )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


class NotCompleted:
    """A response that failed or is incomplete."""

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Look at the ends of responses."""
        if frame.type != "response.done":
            return
        status = frame.text("response", "status")
        details = frame.object("response").get("status_details")
        details = details if isinstance(details, dict) else {}
        error = details.get("error")
        why = error.get("message") or error.get("code") if isinstance(error, dict) else details.get("reason")
        if status == "failed":
            yield Finding(
                frame.at,
                "failed response",
                f"a response failed: {why or 'the server says no reason'}",
                "the user heard nothing or half of it: ask again, and see the event for the code",
            )
        elif status == "incomplete":
            remedy = "raise max tokens" if why == "max_output_tokens" else "see the reason in the event"
            yield Finding(
                frame.at, "incomplete response", f"a response ended early: {why or 'no reason given'}", remedy
            )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


class NoFirstAudio:
    """No sound and no text for a while after the user's turn, or after `response.create`."""

    def __init__(self) -> None:
        self._since: float | None = None

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Measure from the end of the user's turn to the first piece of the answer."""
        yield from self.end(frame.at)
        match frame.type:
            case "input_audio_buffer.speech_stopped" | "input_audio_buffer.committed":
                self._since = frame.at
            case "response.create" if frame.up and self._since is None:
                self._since = frame.at
            case "input_audio_buffer.speech_started" | "response.done" | "error" | "response.cancel":
                self._since = None
            case name if (frame.audio_ms and not frame.up) or name.endswith(("text.delta", "arguments.delta")):
                self._since = None

    def end(self, at: float) -> Iterator[Finding]:
        """Whether it waits for too long already."""
        if self._since is not None and at - self._since > FIRST_AUDIO_S:
            began, self._since = self._since, None
            yield Finding(
                began + FIRST_AUDIO_S,
                "no first audio",
                f"nothing was heard of the agent for {FIRST_AUDIO_S:.0f} s after the user's turn",
                "shorten the instructions, let slow tools say a filler, or use a faster model",
            )


class SilentAudio:
    """A response whose sound is almost silent."""

    def __init__(self) -> None:
        self._ms = 0.0
        self._loudest: float | None = None
        self._began = 0.0

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Find the loudest piece of each response."""
        if not frame.up and frame.audio_ms and frame.level_db is not None:
            self._began = self._began if self._ms else frame.at
            self._ms += frame.audio_ms
            self._loudest = frame.level_db if self._loudest is None else max(self._loudest, frame.level_db)
        elif frame.type == "response.done":
            ms, loudest, self._ms, self._loudest = self._ms, self._loudest, 0.0, None
            if loudest is not None and ms >= SILENT_MS and loudest < SILENT_DB:
                yield Finding(
                    self._began,
                    "silent audio",
                    f"{ms / 1000:.1f} s of the agent are almost silent (at most {loudest:.0f} dBFS)",
                    "check the voice and the output format: a wrong rate or encoding sounds like this",
                )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()
