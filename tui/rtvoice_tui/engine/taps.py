"""Who wants the sound itself: lists of callables, to be joined with one line."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


@dataclass
class Taps:
    """Each list's callables get PCM16 mono and must return at once. One that raises is logged and taken off its list.

    Attributes:
        sent: speech of the microphone when it has gone to the server, at its input rate. On the session's thread.
        received: an item's id and its speech as it comes, at the output rate. On the session's thread.
        heard: every block as it is handed to the speaker, silence included, at the output rate. On the device's thread.
    """

    sent: list[Callable[[bytes], None]] = field(default_factory=list)
    received: list[Callable[[str, bytes], None]] = field(default_factory=list)
    heard: list[Callable[[bytes], None]] = field(default_factory=list)

    def give_sent(self, pcm: bytes) -> None:
        """Speech of the microphone has left."""
        for tap in tuple(self.sent):
            try:
                tap(pcm)
            except Exception:
                log.exception("a tap of what is sent failed")
                self.sent.remove(tap)

    def give_received(self, item_id: str, pcm: bytes) -> None:
        """Speech of the agent has come."""
        for tap in tuple(self.received):
            try:
                tap(item_id, pcm)
            except Exception:
                log.exception("a tap of what is received failed")
                self.received.remove(tap)

    def give_heard(self, pcm: bytes) -> None:
        """The speaker was handed a block."""
        for tap in tuple(self.heard):
            try:
                tap(pcm)
            except Exception:
                log.exception("a tap of what is heard failed")
                self.heard.remove(tap)
