"""Buffer settings of a device: after repeated underruns it gets larger blocks, then more latency."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

BLOCK_MS = 10
"""Block length of files and silence."""

UNDERRUNS = 2
WITHIN_S = 10.0
"""UNDERRUNS within this time lead to the next setting."""

Latency = Literal["low"] | float


@dataclass(frozen=True)
class Setting:
    """Block length and latency that a device is opened with.

    Attributes:
        block_ms: length of a block.
        latency: ``"low"`` for the device's default low latency, or seconds.
    """

    block_ms: int = 10
    latency: Latency = "low"


LADDER = (Setting(10, "low"), Setting(20, "low"), Setting(20, 0.1))
"""From the lowest latency to the safest."""


class LatencyLadder:
    """Position of a device on `LADDER`. It never goes back: a setting that failed once would fail again.

    Args:
        setting: the first setting; if it is not on the ladder, the safest one is next.
    """

    def __init__(self, setting: Setting = LADDER[0]) -> None:
        self.setting = setting
        self._recent: deque[float] = deque(maxlen=UNDERRUNS)

    def underrun(self, now: float) -> Setting | None:
        """Record an underrun at ``now`` (seconds); returns the setting to reopen with, or None for no change."""
        self._recent.append(now)
        if len(self._recent) < UNDERRUNS or now - self._recent[0] > WITHIN_S or self.setting == LADDER[-1]:
            return None
        self._recent.clear()
        following = LADDER.index(self.setting) + 1 if self.setting in LADDER else -1
        self.setting = LADDER[following]
        return self.setting
