"""Which devices there are, and how a session gets its microphone and speaker.

PortAudio first; on Linux without it miniaudio; files and silence where asked for or where there is nothing.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rtvoice_tui.audio.capture import Capture
from rtvoice_tui.audio.choice import AudioChoice as AudioChoice
from rtvoice_tui.audio.playback import Playback

BLOCK_MS = 10


class AudioError(Exception):
    """No sound, in one sentence, with the remedy."""

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy


@dataclass(frozen=True)
class DeviceInfo:
    """One device as the system lists it; latencies in ms, rate in Hz."""

    name: str
    host_api: str
    inputs: int
    outputs: int
    rate: int
    input_latency_ms: float = 0.0
    output_latency_ms: float = 0.0
    default_input: bool = False
    default_output: bool = False


class Stream(Protocol):
    """An open device."""

    name: str
    latency_ms: float

    def close(self) -> None:
        """Stop and give the device back."""


@dataclass
class OpenAudio:
    """The devices of a session, and what to tell about them."""

    input: Stream | None
    output: Stream | None
    problem: str = ""
    remedy: str = ""

    def close(self) -> None:
        """Give both devices back."""
        for stream in (self.input, self.output):
            if stream is not None:
                with contextlib.suppress(Exception):
                    stream.close()


def open_audio(choice: AudioChoice, capture: Capture, playback: Playback, lost: Callable[[str], None]) -> OpenAudio:
    """Open what was asked for; where that fails the session goes on with silence, and says why.

    Args:
        choice: what was asked for.
        capture: where microphone blocks go.
        playback: where the speaker's samples come from.
        lost: called from any thread with a sentence when a device vanishes.
    """
    opened = OpenAudio(None, None)
    problems: list[AudioError] = []
    try:
        opened.output = _open_output(choice, playback, lost)
    except AudioError as error:
        problems.append(error)
    try:
        opened.input = _open_input(choice, capture, lost)
    except AudioError as error:
        problems.append(error)
    if problems:
        opened.problem, opened.remedy = problems[0].sentence, problems[0].remedy
    if opened.output is None:
        from rtvoice_tui.audio.files import SilentSpeaker

        opened.output = SilentSpeaker(playback)
    return opened


def _open_output(choice: AudioChoice, playback: Playback, lost: Callable[[str], None]) -> Stream | None:
    from rtvoice_tui.audio import files

    if choice.output_file is not None:
        return files.FileSpeaker(choice.output_file, playback)
    if choice.silent:
        return None
    speaker: Stream = _backend().Speaker(choice.output_device, playback, lost)
    return speaker


def _open_input(choice: AudioChoice, capture: Capture, lost: Callable[[str], None]) -> Stream | None:
    from rtvoice_tui.audio import files

    if choice.input_file is not None:
        return files.FileMicrophone(choice.input_file, capture)
    if choice.silent:
        return None
    microphone: Stream = _backend().Microphone(choice.input_device, capture, lost)
    return microphone


def list_devices() -> list[DeviceInfo]:
    """Every device of the first backend that works.

    Raises:
        AudioError: there is none, with what mends it.
    """
    backend = _backend()
    devices: list[DeviceInfo] = backend.list_devices()
    return devices


def _backend() -> Any:
    """The module to use: PortAudio where it is, else miniaudio on Linux. Both have one shape."""
    try:
        from rtvoice_tui.audio import portaudio
    except (OSError, ImportError):
        portaudio_missing = True
    else:
        if portaudio.list_devices():
            return portaudio
        portaudio_missing = False
    if sys.platform.startswith("linux"):
        with contextlib.suppress(ImportError, OSError):
            from rtvoice_tui.audio import fallback

            if fallback.list_devices():
                return fallback
    raise no_devices(portaudio_missing)


def no_devices(portaudio_missing: bool) -> AudioError:
    """The three cases of a machine without sound, each with its own remedy."""
    if portaudio_missing and not sound_server_runs():
        return AudioError(
            "no PortAudio library and no sound server, so there is no sound",
            "install libportaudio2 and libasound2-plugins, or type instead of talking",
        )
    if sound_server_runs() and portaudio_missing:
        return AudioError(
            "a sound server runs, but there is no PortAudio library to reach it",
            "install libportaudio2 and libasound2-plugins, then start again",
        )
    if sound_server_runs():
        return AudioError(
            "a sound server runs, but no device of it can be seen",
            "install libasound2-plugins (or pipewire-alsa), then start again",
        )
    return AudioError("this machine has no sound device", "type instead of talking, or use --input-file")


def sound_server_runs() -> bool:
    """Whether a PulseAudio or PipeWire socket is there."""
    if os.environ.get("PULSE_SERVER"):
        return True
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(folder) and any((Path(folder) / name).exists() for name in ("pulse/native", "pipewire-0"))
