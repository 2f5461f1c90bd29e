"""Which devices there are, and which sound system they are reached through.

PortAudio first; on Linux without it miniaudio; files and silence where asked for or where there is nothing.
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
"""Where Linux has its sound devices."""


def file_or_silence(choice: AudioChoice, part: Capture | Playback, tell: Callable[[str, str], None]) -> Stream | None:
    """The file or the silence that was asked for; None where a device is wanted.

    Args:
        choice: what was asked for.
        part: the direction.
        tell: called from any thread when a file cannot be written any more, with the remedy.

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
    """Every device of the first sound system that works.

    Raises:
        AudioError: there is none, with what mends it.
    """
    return choose_backend().list_devices()


def choose_backend() -> Backend:
    """The module to use: PortAudio where it works, else miniaudio on Linux. Both have one shape.

    Raises:
        AudioError: there is no device, with what mends it.
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
    """PortAudio; None where it is missing.

    Raises:
        AudioError: it is there, and does not begin.
    """
    try:
        from rtvoice_tui.audio.backends import portaudio
    except (OSError, ImportError):
        return None
    except Exception as error:
        if type(error).__name__ != "PortAudioError":  # its class comes with the import that fails
            raise
        raise AudioError(
            f"PortAudio does not begin: {error}", "restart the sound system, then start again; or type instead"
        ) from None
    return portaudio


def rescan() -> Backend:
    """Have the sound system look at the devices anew; the module to use. No stream may be open.

    Raises:
        AudioError: there is still none.
    """
    portaudio: Backend | None = None
    with contextlib.suppress(AudioError):
        portaudio = _portaudio()
    if portaudio is not None:
        portaudio.rescan()
    return choose_backend()


def no_devices(portaudio_missing: bool) -> AudioError:
    """The cases of a machine without sound, each with its own remedy."""
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
    """Whether the user has the rights to Linux's sound devices; True where there are none."""
    nodes = list(NODES.glob("pcm*"))
    return not nodes or any(os.access(node, os.R_OK | os.W_OK) for node in nodes)


def sound_server_runs() -> bool:
    """Whether a PulseAudio or PipeWire socket is there."""
    if os.environ.get("PULSE_SERVER"):
        return True
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return bool(folder) and any((Path(folder) / name).exists() for name in ("pulse/native", "pipewire-0"))
