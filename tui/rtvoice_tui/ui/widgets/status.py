"""The two rows on top that never scroll: how the session stands, and how loud both sides are."""

from math import ceil

from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.levels import FLOOR_DB, Meter
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece

WARN_DB, CLIP_DB = -18.0, -6.0

_CONNECTION = {
    Phase.OFFLINE: ("○ OFFLINE", "warn"),
    Phase.CONNECTING: ("◌ CONNECTING", "warn"),
    Phase.CONFIGURING: ("◌ CONFIGURING", "warn"),
    Phase.REFUSED: ("✗ REFUSED", "error"),
}
_WORDS = {
    Phase.READY: ("READY", "live"),
    Phase.LISTENING: ("LISTENING", "live"),
    Phase.HEARING: ("HEARING", "you"),
    Phase.THINKING: ("THINKING", "warn"),
    Phase.TOOL: ("TOOL", "tool"),
    Phase.SPEAKING: ("SPEAKING", "agent"),
}


class StatusRow(FixedLine):
    """State, profile and unsaved mark, provider, age, latency, usage."""

    def __init__(self, store: Store, profile: str, about: str) -> None:
        super().__init__(id="status")
        self._store = store
        self._profile = profile
        self._about = about
        self.unsaved = False

    def fill(self) -> None:
        """The start: nothing has happened yet."""
        self.sync(0.0)

    def sync(self, now: float) -> None:
        """Show what is."""
        session, usage = self._store.session, self._store.usage
        word, ink = _CONNECTION.get(session.phase, ("● LIVE", "live"))
        wide = self.size.width >= 100
        pieces: list[Piece] = [(f" {word}", ink)]
        if session.opened_at is not None and ink == "live":
            pieces.append((f" {minutes(now - session.opened_at)}", "plain"))
        pieces.append((f"   {self._profile}{'*' if self.unsaved else ''}", "title"))
        pieces.append((f"   {self._about if wide else self._about.rpartition(' · ')[2]}", "dim"))
        if wide and session.session_id and ink == "live":
            pieces.append((f"   …{one_line(session.session_id, 64)[-4:]}", "dim"))
        p50 = self._store.timings.percentile(0.5)
        if p50 is not None:
            pieces.append((f"   p50 {p50:.0f} ms", "plain"))
        if usage.answers:
            pieces.append((f"   {usage.input_tokens + usage.output_tokens:,} tok".replace(",", " "), "dim"))
        if wide:
            pieces.append((f"   {self._store.events.events:,} events".replace(",", " "), "dim"))
        if self._store.events.unreadable:
            pieces.append((f"   ✗{self._store.events.unreadable}", "error"))
        self.write(pieces)

    def describe(self, profile: str, about: str) -> None:
        """Another profile or voice."""
        self._profile, self._about = profile, about


class MeterRow(FixedLine):
    """Both meters with numbers, buffer and underruns, and the one state word."""

    def __init__(self, store: Store) -> None:
        super().__init__(id="meters")
        self._store = store

    def fill(self) -> None:
        """The start: nothing was heard yet."""
        self.sync(0.0)

    def sync(self, now: float) -> None:
        """Let the meters fall, and show them."""
        store, audio = self._store, self._store.audio
        store.mic.settle(now)
        store.speaker.settle(now)
        wide = self.size.width >= 100
        fixed = 96 if wide else 52
        cells = max(4, min((self.size.width - fixed) // 2, 24))
        pieces: list[Piece] = [(" MIC ", "dim")]
        if audio.muted:
            pieces.append((f"{'MUTED':<{cells + 2}}", "error"))
        elif not audio.input_name:
            pieces.append((f"{'none':<{cells + 2}}", "dim"))
        else:
            pieces += _bar(store.mic, cells)
        pieces += _numbers(store.mic, now, wide)
        pieces.append((" │ OUT " if wide else " OUT ", "dim"))
        if audio.agent_muted:
            pieces.append((f"{'MUTED':<{cells + 2}}", "error"))
        else:
            pieces += _bar(store.speaker, cells)
        pieces += _numbers(store.speaker, now, wide)
        if wide:
            buffered = audio.buffered_ms
            pieces.append((f" buf {f'{buffered:3.0f}ms' if buffered < 1000 else f'{buffered / 1000:4.1f}s'}", "dim"))
            pieces.append((f" under {audio.underruns}", "warn" if audio.underruns else "dim"))
            if audio.dropped or audio.overflows:
                pieces.append((f" lost {audio.dropped + audio.overflows}", "error"))
            pieces.append((" │", "dim"))
        word, ink = _WORDS.get(store.session.phase, (store.session.phase.upper(), "warn"))
        if audio.talk_until is not None:
            word = f"TALK {max(0, ceil(audio.talk_until - now))}s"
        pieces.append((f" {word:<9}", ink))
        if store.session.turn:
            pieces.append((f" turn {store.session.turn}" if wide else f" t{store.session.turn}", "dim"))
        self.write(pieces)


def _bar(meter: Meter, cells: int) -> list[Piece]:
    """A level from -60 to 0 dBFS in eighths of a cell, with the held peak."""
    filled = (meter.level_db - FLOOR_DB) / -FLOOR_DB * cells
    whole, part = int(filled), int(filled % 1 * 8)
    peak = min(cells - 1, int((meter.peak_db - FLOOR_DB) / -FLOOR_DB * cells)) if meter.peak_db > FLOOR_DB else -1
    glyphs = ["█"] * whole + ([" ▏▎▍▌▋▊▉"[part]] if whole < cells else [])
    glyphs += [" "] * (cells - len(glyphs))
    if peak >= whole + (part > 0):
        glyphs[peak] = "▏"
    edges = [int((limit - FLOOR_DB) / -FLOOR_DB * cells) for limit in (WARN_DB, CLIP_DB)]
    zones = ((0, edges[0], "meter-ok"), (edges[0], edges[1], "meter-warn"), (edges[1], cells, "meter-clip"))
    return [("▕", "dim"), *(("".join(glyphs[a:b]), ink) for a, b, ink in zones), ("▏", "dim")]


def _numbers(meter: Meter, now: float, wide: bool) -> list[Piece]:
    level = f"{meter.level_db:4.0f}" if meter.level_db > FLOOR_DB else "   ·"
    pieces: list[Piece] = [(f"{level} dB" if wide else level, "plain")]
    if wide:
        peak = f"{meter.peak_db:3.0f}" if meter.peak_db > FLOOR_DB else "  ·"
        pieces.append((f" pk {peak}", "dim"))
    pieces.append(("CLIP" if meter.clipped(now) else "    ", "error"))
    return pieces
