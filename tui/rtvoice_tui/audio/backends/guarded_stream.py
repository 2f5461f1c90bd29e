"""A device's stream that may be closed, emptied and lost from different threads at the same time."""

import threading
import time
from collections.abc import Callable
from typing import Any

EXPECTED_S = 0.2
"""So long after an `abort` that was asked for, the stream's end is its echo: some systems tell it late."""

SILENT_S = 0.003
"""How soon after it was asked for a device is silent. Of a call that takes long its middle errs least."""


class GuardedStream:
    """One callback stream: tells once when it ends without having been asked to.

    Args:
        lost: called from any thread.
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
            self._tell()

    def start(self) -> None:
        """Start; raises what the stream raises."""
        self.stream.start()

    def empty(self, emptied: Callable[[float], None]) -> None:
        """Let the device throw away what it holds, and go on. Takes some ms: not for the session's loop.

        Args:
            emptied: called with the time (`time.perf_counter`) from which on nothing was heard, before the device comes
                for samples again.
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
                self._tell()

    def close(self) -> None:
        """Stop and give the device back."""
        self._closing = True
        with self._lock:
            self.stream.close()

    def _tell(self) -> None:
        if not self._closing and not self._told:
            self._told = True
            self._lost()
