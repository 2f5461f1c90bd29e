"""The sound of a replay: both sides in stereo, in step with its time."""

import logging
import threading
from collections.abc import Callable, Iterator

from rtvoice_tui.audio.backends.stereo_player import Samples, StereoPlayer
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.stereo import Mix, begins
from rtvoice_tui.store.plain import one_line

log = logging.getLogger(__name__)

WINDOW_S = 0.1
"""Seconds that are mixed at a time."""

SLOWEST, FASTEST = 0.5, 2.0
"""Speeds at which speech can be understood; it is silent at others."""


class ReplaySound:
    """Plays a recording's sound.

    Args:
        recording: the recording, with sound.
        player: plays on the device.
        failed: called with a sentence, on a thread of its own, if the device fails.
    """

    def __init__(self, recording: Recording, player: StereoPlayer, failed: Callable[[str], None]) -> None:
        self._recording = recording
        self._player = player
        self._failed = failed
        self._begins = begins(recording)
        self._mix: Mix | None = None
        self._mixing = threading.Lock()

    def play(self, position: Callable[[], float], speed: float) -> None:
        """Begin to play at a position, which moves on, in seconds.

        Raises:
            RecordingError: its sound cannot be mixed.
        """
        self._player.stop()
        if not SLOWEST <= speed <= FASTEST:
            return

        def windows(after_s: float) -> Iterator[Samples]:
            at = max(0.0, position() + after_s * speed - self._begins)
            return windows_from(at)

        def windows_from(at: float) -> Iterator[Samples]:
            with self._mixing:
                mix = self._mix = self._mix or Mix(self._recording, WINDOW_S)
            first = int(at / WINDOW_S)
            for number, window in enumerate(mix.windows(first)):
                yield window if number else window[round((at - first * WINDOW_S) * mix.rate) :]

        rate = round(self._rate() * speed)
        self._player.play(
            windows, rate, lambda reason: self._failed(f"the sound cannot be played: {one_line(reason, 120)}")
        )

    def _rate(self) -> int:
        with self._mixing:
            self._mix = self._mix or Mix(self._recording, WINDOW_S)
        return self._mix.rate

    def stop(self) -> None:
        """Be silent at once."""
        self._player.stop()

    @property
    def hangs(self) -> bool:
        """Whether the device does not answer."""
        return self._player.hangs

    def mute(self, muted: bool) -> None:
        """Play silence, or sound again."""
        self._player.gain = 0.0 if muted else 1.0
