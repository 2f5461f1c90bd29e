"""How an open device does, told by what comes from it: a system says nothing when one freezes or is muted.

Pure: whoever looks brings the time and the counts.
"""

from rtvoice_tui.media import DeviceState

FROZEN_S = 0.5
"""A device that was at work and comes for no block for so long is frozen."""

FIRST_BLOCK_S = 2.0
"""A device that was just opened may take longer: a headset has to wake up."""

SILENT_S = 2.0
"""A microphone that gives exact zeros for so long is muted: every open one has some noise."""

LOOKS = 3
"""So often nothing must have come: a loop that stalled has looked once after a long time."""


class Watchdog:
    """Judges one direction's device. Times are in seconds of any clock."""

    def __init__(self) -> None:
        self._blocks = 0.0
        self._since = 0.0
        self._looks = 0
        self._awake = False
        self._silent = False

    def opened(self, now: float, blocks: float) -> None:
        """A device was opened."""
        self._blocks, self._since, self._looks, self._awake = blocks, now, 0, False
        self._silent = False

    def look(self, now: float, blocks: float, silent_s: float | None = 0.0) -> DeviceState:
        """``OPEN``, ``FROZEN`` or ``SILENT``.

        Args:
            now: the time.
            blocks: a number that changes with every block that the device brings or takes.
            silent_s: for how long it has brought exact zeros only; ``None`` (unknown) while it is muted here.
        """
        if blocks != self._blocks:
            self._blocks, self._since, self._looks, self._awake = blocks, now, 0, True
        else:
            self._looks += 1
            patience = FROZEN_S if self._awake else FIRST_BLOCK_S
            if self._looks >= LOOKS and now - self._since >= patience:
                return DeviceState.FROZEN
        if silent_s is not None:
            self._silent = silent_s >= SILENT_S
        return DeviceState.SILENT if self._silent else DeviceState.OPEN
