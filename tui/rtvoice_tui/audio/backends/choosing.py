"""Chooses the backend, and explains why there is no audio.

PortAudio first; on Linux miniaudio if PortAudio is missing or finds no device. Files and silence only on request.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from rtvoice_tui.audio.backends.base import Backend, DeviceInfo, Stream
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import DeviceState

NODES = Path("/dev/snd")
"""Folder of the ALSA device nodes on Linux."""


def file_or_silence(choice: AudioChoice, part: Capture | Playback, tell: Callable[[str, str], None]) -> Stream | None:
    """Open the file or the silence that the user requested; None if a device is to be used.

    Args:
        choice: the user's choice.
        part: the direction, as its `Capture` or `Playback`.
        tell: called from any thread with a sentence and a remedy when a file cannot be written any more.

    Raises:
        AudioError: the file cannot be used.
    """
    from rtvoice_tui.audio.backends import wav_files

    if isinstance(part, Capture):
        if choice.input_file is not None:
            return wav_files.FileMicrophone(choice.input_file, part)
        return None
    if choice.output_file is not None:
        return wav_files.FileSpeaker(choice.output_file, part, tell)
    return wav_files.SilentSpeaker(part) if choice.silent else None


def list_devices() -> list[DeviceInfo]:
    """Return all devices of the first backend that works.

    Raises:
        AudioError: there is no device; contains the remedy.
    """
    return choose_backend().list_devices()


def choose_backend() -> Backend:
    """Return the backend to use: PortAudio if it lists devices, else miniaudio on Linux.

    Raises:
        AudioError: there is no device; contains the remedy.
    """
    portaudio: Backend | None = None
    broken: AudioError | None = None
    try:
        portaudio = _portaudio()
    except AudioError as error:
        broken = error
    if portaudio is not None and portaudio.list_devices():
        return portaudio
    if sys.platform.startswith("linux"):
        with contextlib.suppress(ImportError, OSError):
            from rtvoice_tui.audio.backends import miniaudio_streams

            if miniaudio_streams.list_devices():
                return miniaudio_streams
    raise broken or no_devices(portaudio_missing=portaudio is None)


def _portaudio() -> Backend | None:
    """Import PortAudio; None if it is missing.

    Raises:
        AudioError: it is installed and cannot be initialized.
    """
    try:
        from rtvoice_tui.audio.backends import portaudio
    except (OSError, ImportError):
        return None
    except Exception as error:
        if type(error).__name__ != "PortAudioError":  # its class comes with the import that fails
            raise
        raise AudioError(
            f"PortAudio does not start: {error}", "restart the sound system, then start again; or type instead"
        ) from None
    return portaudio


def rescan() -> Backend:
    """Renew PortAudio's device list and return the backend to use. No stream may be open.

    Raises:
        AudioError: there is still no device, or PortAudio does not start again.
    """
    portaudio: Backend | None = None
    with contextlib.suppress(AudioError):
        portaudio = _portaudio()
    if portaudio is not None:
        portaudio.rescan()
    return choose_backend()


def no_devices(portaudio_missing: bool) -> AudioError:
    """Return the error that explains why there is no device, with its remedy."""
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
    if not may_use_devices():
        return AudioError(
            "this machine has sound devices, but you may not use them",
            "sudo usermod -aG audio $USER, then log in again",
            DeviceState.DENIED,
        )
    return AudioError("this machine has no sound device", "type instead of talking, or use --input-file")


def may_use_devices() -> bool:
    """Whether the user may access at least one ALSA PCM device; True if there are none."""
    nodes = list(NODES.glob("pcm*"))
    return not nodes or any(os.access(node, os.R_OK | os.W_OK) for node in nodes)


def sound_server_runs() -> bool:
    """Whether ``PULSE_SERVER`` is set, or a PulseAudio or PipeWire socket exists."""
    if os.environ.get("PULSE_SERVER"):
        return True
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(folder) and any((Path(folder) / name).exists() for name in ("pulse/native", "pipewire-0"))
