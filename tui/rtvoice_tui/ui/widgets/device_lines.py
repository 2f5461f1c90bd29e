"""Device status of one direction: state with remedy, device parameters, level and volume."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace
from textual.strip import Strip

from rtvoice_tui.media import AudioSettings, DeviceState
from rtvoice_tui.store.audio import AudioStatus, DeviceView
from rtvoice_tui.store.levels import Meter
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.own_keys import with_own_keys
from rtvoice_tui.ui.widgets.bars import bar, level_words, peak_words
from rtvoice_tui.ui.widgets.lines import Inked, Piece
from rtvoice_tui.ui.widgets.meters import trouble
from rtvoice_tui.ui.wrapping import GrowingLines

_INDENT = "     "


@dataclass(frozen=True)
class Side:
    """One audio direction, with its labels and its fields in store and settings.

    Attributes:
        direction: ``input`` or ``output``.
        title: label in the rows, such as ``MIC``.
        plural: name of its devices.
        part: name of one device.
    """

    direction: str
    title: str
    plural: str
    part: str

    def view(self, audio: AudioStatus) -> DeviceView:
        """Status of its device."""
        return audio.input if self.direction == "input" else audio.output

    def meter(self, store: Store) -> Meter:
        """Its level meter."""
        return store.mic if self.direction == "input" else store.speaker

    def muted(self, settings: AudioSettings) -> bool:
        """Whether the user muted it."""
        return settings.muted if self.direction == "input" else settings.agent_muted

    def gain_db(self, settings: AudioSettings) -> float:
        """Its gain in dB."""
        return settings.mic_gain_db if self.direction == "input" else settings.agent_gain_db

    def with_gain(self, settings: AudioSettings, db: float) -> AudioSettings:
        """The settings with another gain (dB) for this direction."""
        return replace(settings, **{"mic_gain_db" if self.direction == "input" else "agent_gain_db": db})


INPUT = Side("input", "MIC", "Microphones", "microphone")
OUTPUT = Side("output", "OUT", "Speakers", "speaker")


class DeviceLines(Inked):
    """Two lines about a device, and more if there is a problem to explain.

    Args:
        store: source of status, levels and settings.
        side: the direction.
        no_devices: returns why the session uses no devices; empty if it uses them.
    """

    DEFAULT_CSS = "DeviceLines { height: 2; }"

    def __init__(self, store: Store, side: Side, no_devices: Callable[[], str]) -> None:
        super().__init__(id=f"{side.direction}-lines")
        self._no_devices = no_devices
        self._store = store
        self._side = side
        self._lines: list[list[Piece]] = []

    def sync(self, now: float) -> None:
        """Update the lines if the status changed."""
        if not self.size.width:
            return
        lines = [self._about(), self._level(now), *self._sentences()]
        if len(lines) != len(self._lines):
            self.styles.height = len(lines)
        if lines != self._lines:
            self._lines = lines
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        return self.strip(self._lines[y] if y < len(self._lines) else [], self.size.width)

    @property
    def words(self) -> str:
        """What is shown, without colour."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def _about(self) -> list[Piece]:
        audio = self._store.audio
        view = self._side.view(audio)
        word = trouble(view, self._side.muted(self._store.audio_settings)) or ("none" if view.silence else "")
        state: Piece = (f"{word or 'OPEN':<8}", ("dim" if word == "none" else "error") if word else "live")
        facts = [f"{kilohertz(view.rate)}{' converted' if view.converted else ''}"] if view.rate else []
        if view.block_ms:
            facts.append(f"{view.block_ms:.0f} ms blocks")
        if view.latency_ms:
            facts.append(f"{view.latency_ms:.0f} ms{' latency' if self._wide else ''}")
        if view.steps and self._wide:
            facts.append(f"grown {view.steps}×")
        name = "silent: nothing is heard" if view.silence else one_line(view.name or view.wanted, 60)
        return [(f"{self._side.title}  ", "title"), state, (name, "plain"), (f"   {' · '.join(facts)}", "dim")]

    @property
    def _wide(self) -> bool:
        return self.size.width >= 90

    def _level(self, now: float) -> list[Piece]:
        audio, side = self._store.audio, self._side
        meter, view = side.meter(self._store), side.view(audio)
        reading = meter.read(now)
        peak: Piece = (f" pk {peak_words(reading)}", "dim")
        pieces: list[Piece] = [(_INDENT, "plain"), *bar(reading, 26 if self._wide else 14, self.ascii_only)]
        pieces += [(f"{level_words(reading)} dB", "plain"), (" CLIP  ", "error") if meter.clipped(now) else peak]
        gain = side.gain_db(self._store.audio_settings)
        pieces.append((f"  vol {gain:+.0f} dB", "plain" if gain else "dim"))
        if side.direction == "output":
            low, high = audio.jitter_buffer_bounds_ms
            pieces.append((f"  pre {audio.jitter_buffer_ms:.0f}{f' ({low:.0f}–{high:.0f})' if high else ''}", "dim"))
        xruns = max(view.xruns, audio.underruns if side.direction == "output" else audio.overflows)
        words = "under" if side.direction == "output" else "lost"
        return [*pieces, (f"  {words} {xruns}", "warn" if xruns else "dim")]

    def _sentences(self) -> list[list[Piece]]:
        """The problem and its remedy, wrapped."""
        audio = self._store.audio
        view = self._side.view(audio)
        sentence, remedy = view.sentence, view.remedy
        if not sentence and not view.name:
            sentence, remedy = audio.problem, audio.remedy
        if not sentence and view.absent and (why := self._no_devices()):
            return [[(_INDENT, "plain"), (why, "plain")]]
        ink = "dim" if view.state is DeviceState.OPEN else "error"
        if not sentence and view.name and view.wanted and view.wanted.lower() not in view.name.lower():
            sentence, remedy, ink = f"'{view.wanted}' is not there, so this one is used", "", "warn"
        room = max(20, self.size.width - len(_INDENT))
        lines = [[(_INDENT, "plain"), (words, ink)] for words in _wrap(sentence, room)]
        return lines + [[(_INDENT, "plain"), (words, "plain")] for words in _wrap(with_own_keys(remedy), room)]


def _wrap(text: str, width: int) -> list[str]:
    return GrowingLines.of(one_line(text, 400), width).lines if text else []


def kilohertz(rate: int) -> str:
    """``48 kHz``, ``44.1 kHz``."""
    return f"{rate / 1000:g} kHz"
