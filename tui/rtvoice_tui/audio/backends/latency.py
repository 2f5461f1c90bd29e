"""When a device runs dry again and again, it is given larger blocks, and then more latency."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

BLOCK_MS = 10
"""How much files and silence bring or take at a time."""

UNDERRUNS = 2
WITHIN_S = 10.0
"""So many underruns within so long are no accident."""

Latency = Literal["low"] | float


@dataclass(frozen=True)
class Setting:
    """How a device is opened.

    Attributes:
        block_ms: the size of a block.
        latency: ``"low"``, the least that the device calls safe, or seconds.
    """

    block_ms: int = 10
    latency: Latency = "low"


LADDER = (Setting(10, "low"), Setting(20, "low"), Setting(20, 0.1))
"""From the quickest to the safest."""


class Steps:
    """Where on the ladder a device stands. It only climbs: what was too quick once will be so again.

    Args:
        setting: where it begins; one that is not on the ladder is followed by the safest.
    """

    def __init__(self, setting: Setting = LADDER[0]) -> None:
        self.setting = setting
        self._recent: deque[float] = deque(maxlen=UNDERRUNS)

    def underrun(self, now: float) -> Setting | None:
        """The device ran dry at ``now`` (seconds); the setting to open it with again, or None to leave it as it is."""
        self._recent.append(now)
        if len(self._recent) < UNDERRUNS or now - self._recent[0] > WITHIN_S or self.setting == LADDER[-1]:
            return None
        self._recent.clear()
        following = LADDER.index(self.setting) + 1 if self.setting in LADDER else -1
        self.setting = LADDER[following]
        return self.setting
