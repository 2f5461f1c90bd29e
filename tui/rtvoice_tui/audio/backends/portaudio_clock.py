"""When a block will be heard, by our clock: PortAudio tells it by a clock of its own."""

from collections import deque

BLOCKS = 16
MOST_AHEAD_S = 5.0
"""A device that says it plays later than that, or that it has played already, tells no true time."""


class DacClock:
    """Brings a device's times onto our clock. Only for the device's thread; times are in seconds.

    A callback that waits for the processor comes late, and then the two clocks seem further apart than they are: the
    least distance of the last blocks is the true one.

    Args:
        ahead_s: how far ahead a block is handed over by a device that does not tell.
    """

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s
        self._apart: deque[float] = deque(maxlen=BLOCKS)

    def heard_at(self, now: float, current: float, dac: float) -> float:
        """When a block's first sample is heard.

        Args:
            now: our clock, in the callback.
            current: the device's clock shortly before the callback; 0 if it does not tell.
            dac: when the first sample is heard, by the device's clock; 0 if it does not tell.
        """
        if not current or not dac:
            return now + self._ahead_s
        self._apart.append(now - current)
        at = dac + min(self._apart)
        if now - MOST_AHEAD_S < at < now + MOST_AHEAD_S:
            return at
        self._apart.clear()  # one of the clocks was set
        return now + self._ahead_s
