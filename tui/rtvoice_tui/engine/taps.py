"""Who wants the sound itself: lists of callables, to be joined with one line."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Taps:
    """Each list's callables get PCM16 mono and must return at once.

    Attributes:
        sent: frames of the microphone as they go to the server, at its input rate. On the session's thread.
        received: an item's id and its speech as it comes, at the output rate. On the session's thread.
        heard: every block as it is handed to the speaker, silence included, at the output rate. On the device's thread.
    """

    sent: list[Callable[[bytes], None]] = field(default_factory=list)
    received: list[Callable[[str, bytes], None]] = field(default_factory=list)
    heard: list[Callable[[bytes], None]] = field(default_factory=list)
