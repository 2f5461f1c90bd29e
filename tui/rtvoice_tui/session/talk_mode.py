"""Talk mode: open microphone or push-to-talk."""

from enum import StrEnum

import msgspec


class TalkMode(StrEnum):
    """What starts and ends a user turn.

    ``OPEN``: the server's turn detection. ``TOGGLE``: push-to-talk, one key press starts and another one ends the turn.
    ``HOLD``: push-to-talk, the turn lasts while the key is held down.
    """

    OPEN = "open"
    TOGGLE = "toggle"
    HOLD = "hold"


class TalkRules(msgspec.Struct, frozen=True):
    """A profile's talk settings.

    Attributes:
        mode: the initial talk mode.
        limit_s: maximum length of a push-to-talk turn in seconds; it is then ended automatically.
        interrupts: whether the local VAD may silence the agent before the server detects speech.
    """

    mode: TalkMode = TalkMode.OPEN
    limit_s: float = 30.0
    interrupts: bool = False


OPEN_MICROPHONE = TalkRules()
"""Default talk settings."""
