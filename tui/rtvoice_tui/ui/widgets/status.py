"""The first row, which never scrolls: the status of the session."""

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


class StatusRow(FixedLine):
    """State, profile and unsaved mark, provider, age, latency, usage."""

    def __init__(self, store: Store, profile: str, about: str) -> None:
        super().__init__(id="status")
        self._store = store
        self._profile = profile
        self._about = about
        self.unsaved = False

    def fill(self) -> None:
        """Show the initial state."""
        self.sync(0.0)

    def sync(self, now: float) -> None:
        """Show the current status; ``now`` is in seconds on the store's clock."""
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
        """Set the profile's name and description (`describing.about`), shown at the next `sync`."""
        self._profile, self._about = profile, about
