"""Plays sound that is there already, in stereo, on the output device: a recording that is replayed."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

log = logging.getLogger(__name__)

Samples = npt.NDArray[np.int16]

LATENCY_S = 0.2
"""Sound that the device holds: nobody answers what is replayed, and a busy machine is to leave no gaps."""

STOP_S = 0.3
"""Seconds until a device that does not answer is left alone."""

PIECE_S = 0.02
"""Sound that is handed to the device at a time, so that it can be silenced soon."""


class StereoPlayer:
    """Plays windows of samples, one after the other. Used from one thread, but for `stop`.

    Args:
        device: name or number of the output device; ``None`` for the system's default.
    """

    def __init__(self, device: str | int | None = None) -> None:
        self._device = device
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()
        self._opening = threading.Lock()  # PortAudio opens and closes one stream at a time
        self._hanging: list[threading.Thread] = []
        self.gain = 1.0

    def play(self, windows: Callable[[float], Iterator[Samples]], rate: int, failed: Callable[[str], None]) -> None:
        """Begin to play; what is played now ends.

        Args:
            windows: called with the seconds after which the first sample that it returns is heard; returns samples by
                two channels. Called and read on a thread of its own; called again after a gap.
            rate: samples per second; another one than that of the sound makes it faster or slower.
            failed: called on that thread with the reason if the device cannot be opened, or fails meanwhile.
        """
        self.stop()
        stop = threading.Event()
        arguments = (windows, rate, stop, failed)
        thread = threading.Thread(target=self._run, args=arguments, name="replayed-sound", daemon=True)
        with self._changing:
            self._stop, self._thread = stop, thread
            thread.start()

    def stop(self) -> None:
        """Be silent at once. May be called from any thread; waits `STOP_S` for the device at most."""
        with self._changing:
            self._stop.set()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(STOP_S)
            self._hanging = [left for left in (*self._hanging, thread) if left.is_alive()]

    @property
    def hangs(self) -> bool:
        """Whether a device that was to stop does not answer."""
        return any(thread.is_alive() for thread in self._hanging)

    def _run(
        self,
        windows: Callable[[float], Iterator[Samples]],
        rate: int,
        stop: threading.Event,
        failed: Callable[[str], None],
    ) -> None:
        """Open the device, which may take its time, and feed it."""
        try:
            import sounddevice

            with self._opening:
                stream = sounddevice.OutputStream(
                    samplerate=rate, channels=2, dtype="int16", latency=LATENCY_S, device=self._device
                )
                stream.start()
        except Exception as error:  # no PortAudio, no device, or one that vanishes meanwhile
            log.info("the replayed sound cannot begin", exc_info=error)
            if not stop.is_set():
                failed(str(error))
            return
        self._feed(stream, windows, rate, stop, failed)

    def _feed(
        self,
        stream: Any,
        windows: Callable[[float], Iterator[Samples]],
        rate: int,
        stop: threading.Event,
        failed: Callable[[str], None],
    ) -> None:
        try:
            size, piece_size = stream.write_available, round(PIECE_S * rate)
            stream.write(np.zeros((5 * piece_size, 2), np.int16))  # what follows is heard at a time that is known
            pieces = _pieces(windows((size - stream.write_available) / rate), piece_size)
            while not stop.is_set() and (piece := next(pieces, None)) is not None:
                gap = stream.write(piece if self.gain == 1.0 else (piece * self.gain).astype(np.int16))
                if gap:
                    pieces = _pieces(windows((size - stream.write_available) / rate), piece_size)
        except Exception as error:  # a device that vanishes raises what it likes
            log.info("the replayed sound ends", exc_info=error)
            if not stop.is_set():
                failed(str(error))
        finally:
            with contextlib.suppress(Exception), self._opening:
                stream.abort() if stop.is_set() else stream.stop()
                stream.close()


def _pieces(windows: Iterator[Samples], size: int) -> Iterator[Samples]:
    """The samples of windows, so many at a time."""
    for window in windows:
        for first in range(0, len(window), size):
            yield window[first : first + size]
