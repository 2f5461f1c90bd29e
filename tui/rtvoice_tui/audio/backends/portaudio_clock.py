"""Converts the DAC times that PortAudio reports to our clock, `time.perf_counter`."""

from collections import deque

BLOCKS = 16
MOST_AHEAD_S = 5.0
"""A reported DAC time further than this from now, before or after, is invalid."""


class DacClock:
    """Maps a device's clock to ours. Device thread only; times are in seconds.

    A callback that is scheduled late makes the offset between the clocks look too large, so the smallest offset of the
    last blocks is used.

    Args:
        ahead_s: time from the callback to the sound, for a device that does not report it.
    """

    def __init__(self, ahead_s: float) -> None:
        self._ahead_s = ahead_s
        self._apart: deque[float] = deque(maxlen=BLOCKS)

    def heard_at(self, now: float, current: float, dac: float) -> float:
        """Return when a block's first sample is audible, by our clock.

        Args:
            now: our clock, in the callback.
            current: the device's clock shortly before the callback; 0 if not reported.
            dac: when the first sample is audible, by the device's clock; 0 if not reported.
        """
        if not current or not dac:
            return now + self._ahead_s
        self._apart.append(now - current)
        at = dac + min(self._apart)
        if now - MOST_AHEAD_S < at < now + MOST_AHEAD_S:
            return at
        self._apart.clear()  # one of the clocks jumped
        return now + self._ahead_s
