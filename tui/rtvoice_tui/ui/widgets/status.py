"""The first row, which never scrolls: the status of the session."""

from typing import NamedTuple

from rich.cells import cell_len

from rtvoice_tui.session.facts import Phase
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.clock import minutes
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece

_CONNECTION = {
    Phase.OFFLINE: ("○ OFFLINE", "warn"),
    Phase.CONNECTING: ("◌ CONNECTING", "warn"),
    Phase.CONFIGURING: ("◌ CONFIGURING", "warn"),
    Phase.REFUSED: ("✗ REFUSED", "error"),
}


class _Part(NamedTuple):
    """A part of the row.

    Attributes:
        text: what it says.
        ink: its ink.
        rank: which part gives way first where there is no room: the one with the highest rank. 0 stays.
        shorter: what it says then, one after the other; after the last it is left out.
    """

    text: str
    ink: str
    rank: int
    shorter: tuple[str, ...] = ()

    @property
    def piece(self) -> Piece:
        """Text and ink."""
        return self.text, self.ink


def _fitting(parts: list[_Part], width: int) -> list[_Part]:
    """The parts that fit into a width, in their order."""
    while sum(cell_len(part.text) for part in parts) > width:
        last = max(parts, key=lambda part: part.rank)
        if not last.rank:
            break
        place = parts.index(last)
        shorter = [_Part(last.shorter[0], last.ink, last.rank, last.shorter[1:])] if last.shorter else []
        parts[place : place + 1] = shorter
    return parts


def _width(pieces: list[Piece]) -> int:
    return sum(cell_len(text) for text, _ in pieces)


class StatusRow(FixedLine):
    """State, profile and unsaved mark, provider, age, latency, usage."""

    def __init__(self, store: Store, profile: str, about: str) -> None:
        super().__init__(id="status")
        self._store = store
        self._profile = profile
        self._about = about
        self.unsaved = False
        self.recording = False
        self.replay = False
        self._now = 0.0

    def fill(self) -> None:
        """Show the state again for the size that is known now."""
        self.sync(self._now)

    def sync(self, now: float) -> None:
        """Show the current status; ``now`` is in seconds on the store's clock."""
        self._now = now
        word, ink = _CONNECTION.get(self._store.session.phase, ("● LIVE", "live"))
        live = ink == "live"
        state: list[Piece] = [(" ▸ REPLAY", "key"), (f"  {word}", ink)] if self.replay else [(f" {word}", ink)]
        if self._store.session.opened_at is not None and live:
            state.append((f" {minutes(now - self._store.session.opened_at)}", "plain"))
        parts = [*self._identity(live), *self._numbers()]
        self.write([*state, *(part.piece for part in _fitting(parts, self.size.width - _width(state)))])

    def _identity(self, live: bool) -> "list[_Part]":
        """Profile, model and voice, and the end of the session's id."""
        agent, voice = self._about.partition(" · ")[2], self._about.rpartition(" · ")[2]
        session_id = one_line(self._store.session.session_id or "", 64)
        parts = [_Part("   ● REC", "error", 0)] if self.recording else []
        parts += [_Part(f"   {self._profile}{'*' if self.unsaved else ''}", "title", 0)]
        parts += [_Part(f"   {self._about}", "dim", 4, (f"   {agent}", f"   {voice}"))]
        return [*parts, _Part(f"   …{session_id[-4:]}", "dim", 6)] if live and session_id else parts

    def _numbers(self) -> "list[_Part]":
        """Latency, usage, number of events and of errors."""
        usage, events = self._store.usage, self._store.events
        p50 = self._store.timings.percentile(0.5)
        parts = [_Part(f"   p50 {p50:.0f} ms", "plain", 1)] if p50 is not None else []
        if usage.answers:
            tokens = f"{usage.input_tokens + usage.output_tokens:,}".replace(",", " ")
            parts.append(_Part(f"   {tokens} tok", "dim", 3))
        parts.append(_Part(f"   {events.events:,} events".replace(",", " "), "dim", 5))
        return [*parts, _Part(f"   ✗{events.unreadable}", "error", 0)] if events.unreadable else parts

    def describe(self, profile: str, about: str) -> None:
        """Set the profile's name and description (`describing.about`), shown at the next `sync`."""
        self._profile, self._about = profile, about
