"""Detects frozen and muted devices from their blocks: the system reports neither.

Pure: the caller passes the time and the counts.
"""

from rtvoice_tui.media import DeviceState

FROZEN_S = 0.5
"""A running device that delivers or requests no block for this long is frozen."""

FIRST_BLOCK_S = 2.0
"""The same for a device that was just opened: a headset has to wake up."""

SILENT_S = 2.0
"""A microphone that delivers only zeros for this long is muted: every live one has some noise."""

MIN_POLLS = 3
"""This many polls in a row must see no block: after a stalled loop, a single poll proves nothing."""


class Watchdog:
    """Watches the device of one direction. Times are in seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._blocks = 0.0
        self._since = 0.0
        self._looks = 0
        self._awake = False
        self._silent = False

    def opened(self, now: float, blocks: float) -> None:
        """Start over for a device that was just opened."""
        self._blocks, self._since, self._looks, self._awake = blocks, now, 0, False
        self._silent = False

    def check(self, now: float, blocks: float, silent_s: float | None = 0.0) -> DeviceState:
        """Return ``OPEN``, ``FROZEN`` or ``SILENT``.

        Args:
            now: the time.
            blocks: a number that changes with every block that the device delivers or requests.
            silent_s: for how long it has delivered only zeros; ``None`` (unknown) while the app mutes it.
        """
        if blocks != self._blocks:
            self._blocks, self._since, self._looks, self._awake = blocks, now, 0, True
        else:
            self._looks += 1
            patience = FROZEN_S if self._awake else FIRST_BLOCK_S
            if self._looks >= MIN_POLLS and now - self._since >= patience:
                return DeviceState.FROZEN
        if silent_s is not None:
            self._silent = silent_s >= SILENT_S
        return DeviceState.SILENT if self._silent else DeviceState.OPEN
