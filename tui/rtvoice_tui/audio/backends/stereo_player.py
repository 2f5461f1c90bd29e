"""Plays sound that is there already, in stereo, on the output device: a recording that is replayed."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from rtvoice_tui.errors import AudioError

log = logging.getLogger(__name__)

Samples = npt.NDArray[np.int16]


class StereoPlayer:
    """Plays windows of samples, one after the other. Used from one thread.

    Args:
        device: name or number of the output device; ``None`` for the system's default.
    """

    def __init__(self, device: str | int | None = None) -> None:
        self._device = device
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.gain = 1.0

    def play(self, windows: Callable[[float], Iterator[Samples]], rate: int, failed: Callable[[str], None]) -> None:
        """Begin to play; what is played now ends.

        Args:
            windows: called with the latency of the device in seconds; returns samples by two channels. Called and
                read on a thread of its own.
            rate: samples per second; another one than that of the sound makes it faster or slower.
            failed: called on that thread with the reason if the device fails meanwhile.

        Raises:
            AudioError: there is no device that can play it.
        """
        self.stop()
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            raise AudioError(f"the sound cannot be played: {error}", "install PortAudio") from None
        try:
            stream = sounddevice.OutputStream(
                samplerate=rate, channels=2, dtype="int16", latency="low", device=self._device
            )
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(f"the sound cannot be played: {error}", "check the output device") from None
        self._stop = threading.Event()
        arguments = (stream, windows(float(stream.latency)), self._stop, failed)
        self._thread = threading.Thread(target=self._feed, args=arguments, name="replayed-sound", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be silent at once."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _feed(
        self, stream: Any, windows: Iterator[Samples], stop: threading.Event, failed: Callable[[str], None]
    ) -> None:
        try:
            for window in windows:
                if stop.is_set():
                    break
                stream.write(window if self.gain == 1.0 else (window * self.gain).astype(np.int16))
        except Exception as error:  # a device that vanishes raises what it likes
            log.info("the replayed sound ends", exc_info=error)
            if not stop.is_set():
                failed(str(error))
        finally:
            with contextlib.suppress(Exception):
                stream.abort() if stop.is_set() else stream.stop()
                stream.close()
