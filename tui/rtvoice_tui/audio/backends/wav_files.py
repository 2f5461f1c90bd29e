"""Streams without hardware: WAV files and silence, paced by the clock like real devices."""

import contextlib
import io
import os
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from rtvoice_tui.audio.backends.latency import BLOCK_MS
from rtvoice_tui.audio.backends.wav_checks import (
    CONVERT,
    OtherEncoding,
    by_content,
    check_rate,
    library_reason,
    opened_wav,
    read_content,
)
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.pcm.resample import convert
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.errors import AudioError


class _Ticking(Protocol):
    def tick(self) -> None: ...


class _Clock:
    """Calls ``tick`` on its own thread once per BLOCK_MS; catches up after a stall."""

    def __init__(self, device: _Ticking) -> None:
        self._device = device
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audio-clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        start = time.perf_counter()
        done = 0
        while not self._stop.wait(max(0.0, start + (done + 1) * BLOCK_MS / 1000 - time.perf_counter())):
            due = int((time.perf_counter() - start) * 1000 / BLOCK_MS)
            while done < due and not self._stop.is_set():
                self._device.tick()
                done += 1

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(1.0)


class FileMicrophone:
    """Plays a WAV file into the session as the user's speech; silence follows its end.

    It starts with `start_deferred`, which is called once the server has accepted the audio format.

    Raises:
        AudioError: the file cannot be read.
    """

    def __init__(self, path: Path, capture: Capture) -> None:
        self.name = path.name
        self.latency_ms = 0.0
        self._capture = capture
        self._pcm = read_wav(path, capture.rate)
        self._at = 0
        self._block = capture.rate * BLOCK_MS // 1000 * 2
        self._clock = _Clock(self)
        self._begun = False

    def start_deferred(self) -> None:
        """Start to deliver audio; further calls do nothing."""
        if not self._begun:
            self._begun = True
            self._clock.start()

    def tick(self) -> None:
        """Pass one block to the capture."""
        block = self._pcm[self._at : self._at + self._block]
        self._at += len(block)
        self._capture.offer(block + bytes(self._block - len(block)))

    def close(self) -> None:
        """Stop."""
        self._clock.stop()


class SilentSpeaker:
    """Consumes speech in real time and discards it."""

    def __init__(self, playback: Playback) -> None:
        self.name = "silent"
        self.latency_ms = playback.latency_ms = 0.0
        self._playback = playback
        self._block = playback.rate * BLOCK_MS // 1000
        self._clock = _Clock(self)
        self._clock.start()

    def tick(self) -> None:
        """Consume one block."""
        self._playback.fill(self._block)

    def close(self) -> None:
        """Stop."""
        self._clock.stop()


class FileSpeaker:
    """Writes everything that a user would hear, silence included, to a WAV file.

    Args:
        path: the file.
        playback: where the samples come from.
        tell: called on the clock thread with a sentence and its remedy when the file cannot be written any more.

    Raises:
        AudioError: the file cannot be created.
    """

    def __init__(self, path: Path, playback: Playback, tell: Callable[[str, str], None] = lambda *told: None) -> None:
        self.name = path.name
        self._tell = tell
        self._written = True
        self.latency_ms = playback.latency_ms = 0.0
        self._playback = playback
        self._block = playback.rate * BLOCK_MS // 1000
        try:
            self._file = open(path, "wb", opener=_private)  # noqa: SIM115 - open as long as the session
        except OSError as error:
            raise AudioError(f"{path} cannot be written: {error.strerror}", "choose another --output-file") from error
        self._wav = wave.open(self._file, "wb")  # noqa: SIM115 - open as long as the session
        self._wav.setnchannels(1)
        self._wav.setsampwidth(2)
        self._wav.setframerate(playback.rate)
        self._clock = _Clock(self)
        self._clock.start()

    def tick(self) -> None:
        """Write one block; after a write error speech is still consumed."""
        block = self._playback.fill(self._block)
        if not self._written:
            return
        try:
            self._wav.writeframes(block)
            self._file.flush()
        except OSError as error:
            self._written = False
            self._tell(f"{self.name} cannot be written any more: {error.strerror}", "make room, then start again")

    def close(self) -> None:
        """Stop, and complete the file."""
        self._clock.stop()
        for end in (self._wav.close, self._file.close):
            with contextlib.suppress(OSError):  # reported already
                end()


def _private(path: str, flags: int) -> int:
    """Open a file; a new one may be read by nobody else, because it holds what was said."""
    return os.open(path, flags, 0o600)


def _read_other(path: Path, content: bytes, problem: str) -> tuple[bytes, int]:
    """Return the audio of a file that is not 16-bit PCM, as PCM16 mono, and its rate in Hz."""
    import soundfile

    try:
        frames, source = soundfile.read(by_content(io.BytesIO(content)), dtype="float32", always_2d=True)
        check_rate(source)
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise AudioError(f"{path} {problem}: {library_reason(error)}", CONVERT) from None
    mono = np.nan_to_num(frames.mean(axis=1), nan=0.0, posinf=1.0, neginf=-1.0)
    return (np.clip(mono, -1.0, 1.0) * 32767).astype("<i2").tobytes(), int(source)


def read_wav(path: Path, rate: int) -> bytes:
    """Return the audio of a WAV file with samples of any format as PCM16 mono at ``rate`` Hz.

    Raises:
        AudioError: the file cannot be read.
    """
    content = read_content(path)
    try:
        with opened_wav(path, content) as wav:
            channels, source = wav.getnchannels(), wav.getframerate()
            pcm = wav.readframes(wav.getnframes())
    except OtherEncoding as other:
        return convert(*_read_other(path, content, str(other)), rate)
    pcm = pcm[: len(pcm) - len(pcm) % (2 * channels)]
    if channels > 1:
        frames = np.frombuffer(pcm, "<i2").reshape(-1, channels)
        pcm = frames.astype(np.int32).mean(axis=1).astype("<i2").tobytes()
    return convert(pcm, source, rate)
