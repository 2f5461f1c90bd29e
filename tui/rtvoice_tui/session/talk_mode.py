"""How the user takes turns: by speaking, or by key."""

from enum import StrEnum

import msgspec


class TalkMode(StrEnum):
    """Who says when a turn begins and ends: the server's ear, or a key that is pressed twice, or one that is held."""

    OPEN = "open"
    TOGGLE = "toggle"
    HOLD = "hold"


class TalkRules(msgspec.Struct, frozen=True):
    """What a profile says about talking.

    Attributes:
        mode: how turns are taken to begin with.
        limit_s: a turn by key ends by itself after so many seconds.
        interrupts: whether the local voice detection may silence the agent before the server does.
    """

    mode: TalkMode = TalkMode.OPEN
    limit_s: float = 30.0
    interrupts: bool = False


OPEN_MICROPHONE = TalkRules()
"""What holds where nothing was said about it."""
