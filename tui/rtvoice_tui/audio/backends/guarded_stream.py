"""A device stream that several threads may close, empty and report as lost at the same time."""

import threading
import time
from collections.abc import Callable
from typing import Any

EXPECTED_S = 0.2
"""Within this time after our own `abort`, ``finished_callback`` is its result: some systems call it late."""

SILENT_S = 0.003
"""Least time from calling `abort` to silence. For a slow call, its midpoint is the best estimate."""


class GuardedStream:
    """One callback stream that reports once when it ends unexpectedly.

    Args:
        lost: called from any thread when the stream ends unexpectedly.
    """

    def __init__(self, lost: Callable[[], None]) -> None:
        self.stream: Any = None
        self._lost = lost
        self._lock = threading.Lock()
        self._closing = False
        self._told = False
        self._expected_until = 0.0

    def finished(self) -> None:
        """The stream's ``finished_callback``."""
        if time.perf_counter() < self._expected_until:
            self._expected_until = 0.0
        else:
            self._report_lost()

    def start(self) -> None:
        """Start the stream; exceptions of the library are passed on."""
        self.stream.start()

    def empty(self, emptied: Callable[[float], None]) -> None:
        """Make the device discard its buffer, and restart it. Blocks for some ms: not for the session thread.

        Args:
            emptied: called before the restart with the time (`time.perf_counter`) from which the device was silent.
        """
        with self._lock:
            if self._closing:
                return
            asked = time.perf_counter()
            self._expected_until = asked + EXPECTED_S
            try:
                self.stream.abort()
                emptied(asked + max(SILENT_S, (time.perf_counter() - asked) / 2))
                self.stream.start()
            except Exception:  # a device that does not start again is gone
                self._report_lost()

    def close(self) -> None:
        """Stop the stream and close the device; waits for `empty`."""
        self._closing = True
        with self._lock:
            self.stream.close()

    def _report_lost(self) -> None:
        if not self._closing and not self._told:
            self._told = True
            self._lost()
