"""The second row, which never scrolls: levels of both directions, device problems, and the state word."""

from math import ceil

from rich.cells import cell_len

from rtvoice_tui.media import FLOOR_DB, DeviceState, Level
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.audio import AudioStatus, DeviceView
from rtvoice_tui.store.levels import Meter
from rtvoice_tui.store.sound_history import LevelColumns
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.widgets.bars import level_words, peak_words, wave
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece

WIDE, ROOMY, NARROW = 108, 146, 72
"""Minimum widths in cells: for all usual fields; for jitter buffer and jitter, too; for more than levels and state."""

MOST_CELLS = 24

TROUBLES = {
    DeviceState.GONE: "GONE",
    DeviceState.FROZEN: "FROZEN",
    DeviceState.SILENT: "SILENT",
    DeviceState.WRONG: "WRONG?",
    DeviceState.DENIED: "DENIED",
    DeviceState.REFUSED: "REFUSED",
}
"""The word shown in place of the wave if the device does not work."""

GATES = ("gate", "half-duplex")
"""Echo modes that open and close the microphone."""

_WORDS = {
    Phase.READY: ("READY", "live"),
    Phase.LISTENING: ("LISTENING", "live"),
    Phase.HEARING: ("HEARING", "you"),
    Phase.THINKING: ("THINKING", "warn"),
    Phase.TOOL: ("TOOL", "tool"),
    Phase.SPEAKING: ("SPEAKING", "agent"),
}

_WAITS = frozenset((Phase.CONNECTING, Phase.CONFIGURING, Phase.THINKING, Phase.TOOL))
"""Phases in which the user waits, so that the seconds are shown."""

_MODES = {TalkMode.TOGGLE: "push", TalkMode.HOLD: "hold"}
"""Talk modes that use a key."""


class MeterRow(FixedLine):
    """The last second or two of both sides with markers, echo mode, buffered audio, underruns, and the state word."""

    def __init__(self, store: Store) -> None:
        super().__init__(id="meters")
        self._store = store
        self._now = 0.0
        self._mic, self._speaker = _Side(store.mic), _Side(store.speaker)

    def reset(self) -> None:
        """Begin again with what the store holds now."""
        self._mic, self._speaker = _Side(self._store.mic), _Side(self._store.speaker)

    def fill(self) -> None:
        """Show the state again for the size that is known now."""
        self.sync(self._now)

    def sync(self, now: float) -> None:
        """Update the row; ``now`` is in seconds on the store's clock."""
        self._now = now
        store, audio, width = self._store, self._store.audio, self.size.width
        wide = width >= WIDE
        mic, out = self._mic_marks(now, width), self._out_marks(now, width)
        state = self._state(now, width)
        between = " │ OUT " if wide else "  OUT "
        unit = " dB" if wide else ""
        fixed = len(" MIC ") + len(between) + _width([*mic, *out, *state])
        cells = (width - fixed) // 2 - len("-60") - 1 - len(unit)
        cells = max(4, min(cells, MOST_CELLS))
        pieces: list[Piece] = [(" MIC ", "dim")]
        wanted = store.audio_settings
        pieces += self._level(
            self._mic, now, trouble(audio.input, wanted.muted), f"{BY_ID['mute'].shown} opens", cells, unit
        )
        pieces += [*mic, (between, "dim")]
        pieces += self._level(
            self._speaker,
            now,
            trouble(audio.output, wanted.agent_muted),
            f"{BY_ID['mute-agent'].shown} hears",
            cells,
            unit,
        )
        self.write([*pieces, *out, *state])

    def _level(self, side: "_Side", now: float, word: str, hint: str, cells: int, unit: str) -> list[Piece]:
        """Wave and level, or the problem in place of the wave, with the key that helps if there is room."""
        meter = side.meter.read(now)
        number: Piece = (f"{level_words(meter)}{unit}", "plain")
        if not word:
            return [*wave(side.latest(now, cells), self.ascii_only), number]
        ink = "dim" if word == "none" else "error"
        room = cells
        if meter.level_db > FLOOR_DB:  # there is a signal nevertheless
            return [(f"{word:<{room}}", ink), number]
        room += len(number[0])
        hint = hint if word == "MUTED" else f"{BY_ID['devices'].shown} why"
        if room < len(word) + len(hint) + 3:
            return [(f"{word:<{room}}", ink)]
        return [(f"{word}  ", ink), (f"{hint:<{room - len(word) - 2}}", "dim")]

    def _mic_marks(self, now: float, width: int) -> list[Piece]:
        """Markers of the microphone: clipping, gate, local VAD, and echo mode."""
        audio, meter, wide = self._store.audio, self._store.mic, width >= WIDE
        clipped = meter.clipped(now)
        gate: Piece = (
            (" open", "dim")
            if audio.echo in GATES or self._store.audio_settings.gate_db is not None
            else ("     ", "plain")
        )
        near: Piece = (" you ", "you") if audio.local_speech else gate
        near = near if audio.gate_open else (" shut", "warn")
        if width < NARROW:
            return [(" CLIP", "error") if clipped else near]
        echo, ink = echo_word(audio)
        marks: list[Piece] = [near, (f" {echo:<6}", ink)]
        if wide:
            peak: Piece = (f" pk {peak_words(meter.read(now))}", "dim")
            return [(" CLIP  ", "error") if clipped else peak, *marks]
        return [(" CLIP", "error"), *marks[1:]] if clipped else marks

    def _out_marks(self, now: float, width: int) -> list[Piece]:
        """Markers of the speaker: clipping, ducking, buffered audio, and counters if there is room."""
        audio, meter, wide = self._store.audio, self._store.speaker, width >= WIDE
        flag: Piece = (" DUCK", "warn") if audio.ducked else ("     ", "plain")
        flag = (" CLIP", "error") if meter.clipped(now) else flag
        if width < NARROW:
            return [flag]
        waits = audio.buffered_ms
        buffered = f"{waits:4.0f}ms" if waits < 1000 else f"{waits / 1000:5.1f}s"
        if not wide:
            return [flag, (f"{buffered}", "dim")]
        peak: Piece = (f" pk {peak_words(meter.read(now))}", "dim")
        marks = [(f"{flag[0]}  ", flag[1]) if flag[0].strip() else peak, (f" buf {buffered}", "dim")]
        marks.append((f" under {audio.underruns}", "warn" if audio.underruns else "dim"))
        if audio.dropped or audio.overflows:
            marks.append((f" lost {audio.dropped + audio.overflows}", "error"))
        if width >= ROOMY:
            marks.append((f" pre {audio.jitter_buffer_ms:3.0f}ms jitter {audio.jitter_ms:3.0f}ms", "dim"))
        return marks

    def _state(self, now: float, width: int) -> list[Piece]:
        session, until = self._store.session, self._store.talk.until
        word, ink = _WORDS.get(session.phase, (session.phase.upper(), "warn"))
        if until is not None:
            word = f"TALK {max(0, ceil(until - now))}s"
        waited = now - session.phase_at
        if session.phase in _WAITS and waited >= 1.0 and until is None:
            word = f"{word} {min(waited, 999):.0f}s"
        wide = width >= WIDE
        pieces: list[Piece] = [(" │" if wide else " ", "dim")]
        if mode := _MODES.get(self._store.talk.mode, ""):
            pieces.append((f" {mode}{' to talk' if wide else ''}", "key"))
        pieces.append((f" {word:<9}", ink))
        if mode and width < NARROW:
            return pieces
        roomy = wide and not mode
        turn = f" turn {session.turn}" if roomy else f" t{session.turn}"
        return [*pieces, (f"{turn if session.turn else '':<{8 if roomy else 4}}", "dim")]


class _Side:
    """One direction: its meter, and the last seconds of it."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self._past = LevelColumns(meter)

    def latest(self, now: float, cells: int) -> list[Level | None]:
        """The levels of the last ``cells`` tenths of a second."""
        self._past.update()
        return self._past.latest(now, cells)


def trouble(view: DeviceView, muted: bool) -> str:
    """The word shown in place of the wave; empty if the wave is valid."""
    if muted:
        return "MUTED"
    return TROUBLES.get(view.state, "" if view.name else "none")


def echo_word(audio: AudioStatus) -> Piece:
    """Short name of the echo mode, with the echo reduction in dB if it is known."""
    if audio.echo == "converging":
        return ("AEC …", "warn")
    if audio.echo == "cancelling":
        return (f"AEC {audio.echo_db:.0f}" if audio.echo_db is not None else "AEC", "ok")
    if audio.echo == "no echo":
        return ("AEC -", "dim")
    return ({"gate": "GATE", "half-duplex": "HALF"}.get(audio.echo, ""), "warn")


def _width(pieces: list[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)
