"""Rules about items: truncation, calls and transcripts."""

from collections import Counter
from collections.abc import Iterator

from rtvoice_tui.recording.findings.frames import Finding, Frame

LATE_S = 3.0
"""Seconds after the user's turn within which its transcript should come."""

LOOP = 4
"""So many equal calls within one turn of the user are a loop."""

ECHOED = 0.6
"""Share of the user's words that the agent has just said, from which on it was probably the agent's own echo."""


class Truncation:
    """A truncation of more than was received, or of an item without sound."""

    def __init__(self) -> None:
        self._received: Counter[str] = Counter()
        self._unknown: set[str] = set()  # items whose sound was left out of a file

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Count the sound of each item, and compare truncations with it."""
        item = frame.text("item_id")
        if not frame.up and frame.type.endswith("audio.delta"):
            self._received[item] += round(frame.audio_ms)
            self._unknown |= {item} if not frame.audio_ms else set()
        if not (frame.up and frame.type == "conversation.item.truncate") or item in self._unknown:
            return
        wanted = frame.number("audio_end_ms") or 0.0
        had = self._received[item]
        if not had:
            yield Finding(
                frame.at,
                "truncation before audio",
                "an item was truncated of which no sound had come",
                "truncate only what was played; cancel the response instead",
            )
        elif wanted > had + 1:
            yield Finding(
                frame.at,
                "truncation beyond audio",
                f"an item was truncated at {wanted:.0f} ms, but only {had} ms of it had come",
                "count what the speaker has played, not the time since the answer began",
            )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


class UnknownCall:
    """An output for a call that the server did not make."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Remember calls, and look at outputs."""
        item = frame.object("item")
        if not frame.up:
            for found in (item, frame.event):
                call = found.get("call_id")
                self._known.update([call] if isinstance(call, str) else [])
        elif item.get("type") == "function_call_output" and frame.text("item", "call_id") not in self._known:
            yield Finding(
                frame.at,
                "output for an unknown call",
                f"an output was sent for the call '{frame.text('item', 'call_id')}', which the server never made",
                "use the call_id of the function_call item, not its id",
            )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


class ToolLoop:
    """The same call again and again."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str]] = Counter()

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Count equal calls within one turn of the user."""
        if (
            frame.type in ("input_audio_buffer.speech_started", "session.created")
            or frame.text("item", "role") == "user"
        ):
            self._calls.clear()
        if frame.type != "response.function_call_arguments.done":
            return
        call = (frame.text("name") or frame.text("item_id"), frame.text("arguments"))
        self._calls[call] += 1
        if self._calls[call] == LOOP:
            yield Finding(
                frame.at,
                "tool loop",
                f"the agent called {call[0]} {LOOP} times with the same arguments",
                "let the tool's result say what to do next, and limit the calls in a row",
            )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


class LateTranscript:
    """The words of the user come long after they were said."""

    def __init__(self) -> None:
        self._stopped: dict[str, float] = {}

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Measure from the end of speech to its words."""
        if frame.type == "input_audio_buffer.speech_stopped":
            self._stopped[frame.text("item_id")] = frame.at
        elif frame.type == "conversation.item.input_audio_transcription.completed":
            stopped = self._stopped.pop(frame.text("item_id"), frame.at)
            if frame.at - stopped > LATE_S:
                yield Finding(
                    frame.at,
                    "late transcript",
                    f"the user's words came {frame.at - stopped:.1f} s after they were said",
                    "the agent may have answered before: do not rely on the transcript for its answer",
                )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


class OwnEcho:
    """The agent was interrupted by speech that is its own."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._cut_at: float | None = None

    def frame(self, frame: Frame) -> Iterator[Finding]:
        """Compare the words that interrupted the agent with its own last words."""
        match frame.type:
            case "response.output_audio_transcript.done" | "response.audio_transcript.done":
                self._said = _words(frame.text("transcript"))
            case "conversation.item.truncate" if frame.up:
                self._cut_at = frame.at
            case "response.done" if frame.text("response", "status_details", "reason") == "turn_detected":
                self._cut_at = frame.at
            case "conversation.item.input_audio_transcription.completed" if self._cut_at is not None:
                cut, self._cut_at = self._cut_at, None
                words = _words(frame.text("transcript"))
                own = sum(word in self._said for word in words)
                if not words or (len(words) > 1 and own / len(words) >= ECHOED):
                    yield Finding(
                        cut,
                        "cut by its own echo",
                        "the agent was interrupted, but the user said nothing of their own",
                        "use headphones or echo cancellation, raise the threshold, or set a gate",
                    )

    def end(self, at: float) -> Iterator[Finding]:
        """Nothing is left."""
        yield from ()


def _words(text: str) -> list[str]:
    return ["".join(filter(str.isalnum, word)).lower() for word in text.split()]
