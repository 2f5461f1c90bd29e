"""Pane 3: the latency of a turn by stage, from the end of the user's speech to the first audio heard."""

from collections.abc import Callable

from rtvoice_tui.session.facts import Moment
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.timings import TurnTiming
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView

_STAGES = {
    "hear": ("▒", "you", "until the answer begins"),
    "model": ("░", "agent", "to the first sound"),
    "tool": ("▓", "tool", "the tools run"),
    "play": ("▚", "live", "to the speaker"),
}
_SPARK = "▁▂▃▄▅▆▇█"


class TimingView(PlainView):
    """Timing of the selected turn, or of the last turn with a response.

    Args:
        store: source of the timings.
        silence_ms: returns the silence in ms after which the server ends a turn; 0 if it is not set.

    Attributes:
        turn: number of the selected turn; 0 for the last one.
    """

    def __init__(self, store: Store, silence_ms: Callable[[], float]) -> None:
        super().__init__([], id="timing")
        self._store = store
        self._silence_ms = silence_ms
        self._seen: tuple[float | None, ...] = ()
        self.turn = 0

    def reset(self) -> None:
        """Begin again with what the store holds now."""
        super().reset()
        self._seen, self.turn = (), 0

    def refresh_from_model(self) -> bool:
        """Lay out again when a timing changed or another turn is selected."""
        store, width = self._store, self.text_width
        gate = store.audio_settings.gate_db
        state = (store.timings.version, store.usage.version, store.interruptions.version, gate, width, self.turn)
        if state == self._seen:
            return False
        self._seen = state
        timing = self._store.timings.of(self.turn) if self.turn else None
        timing = timing or self._store.timings.last_answered()
        self._lines = self._turn_lines(timing) if timing else [[("no answer yet", "dim")]]
        self._lines += self._session_lines()
        return True

    def show_turn(self, turn: int) -> None:
        """Show a turn; 0 is the last."""
        self.turn = turn
        self.sync()

    def summary(self) -> list[Piece]:
        """The last turn in one line, for small screens."""
        timing = self._store.timings.last_answered()
        if timing is None or timing.waited_ms is None:
            return []
        pieces: list[Piece] = [(f" turn {timing.turn} ", "dim"), (f"{timing.waited_ms:.0f} ms", "title")]
        for name, ms in timing.stages():
            glyph, ink, _ = _STAGES[name]
            pieces += [(f"   {name} ", "dim"), (glyph * 2, ink), (f" {ms:.0f}", "plain")]
        return pieces

    def _turn_lines(self, timing: TurnTiming) -> list[list[Piece]]:
        waited = timing.waited_ms
        if waited is None:
            return [[(f"turn {timing.turn} ", "title"), ("not answered yet", "dim")]]
        since = "your message" if timing.origin is Moment.SENT else "the server heard you stop"
        lines: list[list[Piece]] = [
            [(f"turn {timing.turn} ", "title"), ("you waited ", "plain"), (f"{waited:.0f} ms", "title"),
             (f" after {since}", "plain")],
        ]  # fmt: skip
        room = max(10, self.text_width - 30)
        whole = sum(ms for _, ms in timing.stages()) or 1.0
        if timing.origin is not Moment.SENT and self._silence_ms():
            waits = f"{self._silence_ms():.0f} ms of silence come before that (setting)"
            lines.append([("vad   ", "dim"), (waits, "dim")])
        before = 0.0
        for name, ms in timing.stages():
            glyph, ink, words = _STAGES[name]
            start = round(before / whole * room)
            cells = max(1, round((before + ms) / whole * room) - start)
            lines.append(
                [(f"{name:<6}", "dim"), (" " * start, "plain"), (glyph * cells, ink), (f" {ms:.0f}", "plain"),
                 (f" {words}", "dim")]
            )  # fmt: skip
            before += ms
        if timing.approval_ms >= 1:
            words = f"{timing.approval_ms / 1000:.1f} s more waited for you: not counted"
            lines.append([("asked ", "dim"), (words, "dim")])
        cut = timing.between(Moment.INTERRUPTED, Moment.SILENT)
        if cut is not None:
            lines.append([("interrupted: ", "warn"), (f"silent after {cut:.0f} ms", "plain")])
        spoken = timing.between(Moment.FIRST_HEARD, Moment.HEARD)
        if spoken is not None and cut is None:
            lines.append([("spoke  ", "dim"), (f"{spoken / 1000:.1f} s", "plain")])
        return lines

    def _false_interruptions(self) -> list[list[Piece]]:
        """How often the server detected speech where there was none, and the gate that would have avoided it."""
        found, gate = self._store.interruptions, self._store.audio_settings.gate_db
        false = len(found.false)
        if not found.judged:
            return []
        pieces: list[Piece] = [(f"false interruptions {false} of {len(found.judged)}", "warn" if false else "plain")]
        if found.cut_short:
            pieces.append((f" · {found.cut_short} cut the agent short", "warn"))
        suggested = found.gate_db
        if suggested is not None and gate is not None and gate >= suggested:
            pieces.append((f" · a gate at {gate:.0f} dBFS is set", "plain"))
        elif suggested is not None:
            pieces.append((f" · a gate at {suggested:.0f} dBFS would have avoided them", "plain"))
        elif false and found.measured:
            pieces.append((" · no gate separates them from speech", "dim"))
        return self._broken(pieces)

    def _broken(self, pieces: list[Piece]) -> list[list[Piece]]:
        """Wrap pieces into lines; continuation lines are indented and omit the separator dot."""
        lines: list[list[Piece]] = [[]]
        for words, ink in pieces:
            if lines[-1] and sum(len(text) for text, _ in lines[-1]) + len(words) > self.text_width:
                lines.append([("  " + words.removeprefix(" · "), ink)])
            else:
                lines[-1].append((words, ink))
        return lines

    def _session_lines(self) -> list[list[Piece]]:
        timings, usage = self._store.timings, self._store.usage
        longest = timings.worst()
        lines: list[list[Piece]] = []
        if longest is not None:
            worst_turn, worst = longest
            recent = timings.recent(20)
            spark = "".join(_SPARK[min(7, int(wait / (worst or 1) * 7.99))] for wait in recent)
            p50, p95 = timings.percentile(0.5), timings.percentile(0.95)
            lines.append(
                [(f"p50 {p50:.0f}   p95 {p95:.0f}   worst {worst:.0f} (turn {worst_turn})   ", "plain"),
                 (spark, "agent")]
            )  # fmt: skip
        lines += self._false_interruptions()
        if usage.answers:
            cached = f" (cached {usage.cached_tokens:,})" if usage.cached_tokens else ""
            words = f"tokens in {usage.input_tokens:,}{cached}   out {usage.output_tokens:,}".replace(",", " ")
            lines.append([(words, "plain")])
        for limit in usage.limits[:2]:
            words = f"limit {limit.name}: {limit.remaining} of {limit.limit}, resets in {limit.reset_seconds:.0f} s"
            lines.append([(words, "dim")])
        return lines
