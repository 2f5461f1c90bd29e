"""Audio taps: lists of callables that get the session's PCM, such as a recorder."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec

log = logging.getLogger(__name__)

P = ParamSpec("P")


@dataclass
class Taps:
    """Lists of callables that get PCM16 mono and must not block. One that raises is logged and removed.

    Attributes:
        sent: get microphone audio after it was sent, at the input rate. Called on the session's thread.
        received: get an item id and its audio on arrival, at the output rate. Called on the session's thread.
        heard: get every block passed to the speaker, silence included, at the output rate. Called on the device's
            thread.
        unheard: get a time in seconds on the session's clock: from then on nothing is heard of what `heard` got so far,
            because the device discarded it. Called on any thread.
        heard_at: when the first sample of the block that `heard` get is audible, in seconds on the session's clock.
        heard_rate: the output rate in Hz of the blocks in `heard`; it changes only while no device is open.
    """

    sent: list[Callable[[bytes], None]] = field(default_factory=list)
    received: list[Callable[[str, bytes], None]] = field(default_factory=list)
    heard: list[Callable[[bytes], None]] = field(default_factory=list)
    unheard: list[Callable[[float], None]] = field(default_factory=list)
    heard_at: float = 0.0
    heard_rate: int = 24_000

    def notify_sent(self, pcm: bytes) -> None:
        """Pass sent microphone audio to the taps in `sent`."""
        _notify(self.sent, pcm)

    def notify_received(self, item_id: str, pcm: bytes) -> None:
        """Pass received audio of an item to the taps in `received`."""
        _notify(self.received, item_id, pcm)

    def notify_heard(self, pcm: bytes, at: float) -> None:
        """Pass a block that is audible from ``at`` on to the taps in `heard`."""
        self.heard_at = at
        _notify(self.heard, pcm)

    def notify_unheard(self, at: float) -> None:
        """Tell the taps in `unheard` that what `heard` got is not heard from ``at`` on."""
        _notify(self.unheard, at)


def _notify(taps: list[Callable[P, None]], *arguments: P.args, **named: P.kwargs) -> None:
    """Call all taps; one that raises is removed."""
    for tap in tuple(taps):
        try:
            tap(*arguments, **named)
        except Exception:
            log.exception("a tap failed")
            taps.remove(tap)
