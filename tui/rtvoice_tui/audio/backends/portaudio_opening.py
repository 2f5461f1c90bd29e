"""Finds a PortAudio device by name and opens it with a sample rate and channel count that it supports.

Importing this module raises ``OSError`` if the PortAudio library is missing.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sounddevice as sd

from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.errors import AudioError, DeviceNotFound
from rtvoice_tui.media import DeviceState

INVALID_DEVICE, INVALID_RATE, INVALID_CHANNELS, UNAVAILABLE = -9996, -9997, -9998, -9985
"""PortAudio error codes; on WASAPI old versions report a wrong rate as an invalid device."""

RATES = (48_000, 44_100)
MOST_CHANNELS = 8
WASAPI = "Windows WASAPI"
"""Preferred on Windows: the other host APIs have far more latency."""

CHOOSE = "choose another one (d)"

_DENIED = ("permission denied", "access is denied", "access denied", "0x80070005")
_BUSY = ("busy", "in use", "unavailable", "exclusive")


@dataclass(frozen=True)
class Opened:
    """An open stream that is not started yet, with the rate in Hz and channels that it was opened with."""

    stream: Any
    name: str
    host_api: str
    rate: int
    channels: int


def open_stream(
    direction: str,
    name: str,
    rate: int,
    setting: Setting,
    callback: Callable[..., None],
    finished: Callable[[], None],
) -> Opened:
    """Open a device at the session's rate in mono, or else with what it supports.

    Args:
        direction: ``input`` or ``output``.
        name: a device name or a part of it; empty for the system's default.
        rate: the session's sample rate in Hz.
        setting: block length and latency.
        callback: the stream's callback, for int16 samples.
        finished: the stream's ``finished_callback``.

    Raises:
        AudioError: there is no such device, or it cannot be opened; contains the remedy.
    """
    with translate_errors():
        device = find(name, direction)
        info = sd.query_devices(device)
        shown, host_api = str(info["name"]), str(sd.query_hostapis(info["hostapi"])["name"])
    kind = sd.RawInputStream if direction == "input" else sd.RawOutputStream
    most = int(info[f"max_{direction}_channels"])
    wrong_rates: set[int] = set()
    wrong_channels: set[int] = set()
    refused: sd.PortAudioError | None = None
    for channels, candidate in _candidates(rate, int(info["default_samplerate"]), most):
        if channels in wrong_channels or candidate in wrong_rates:
            continue
        try:
            stream = kind(
                samplerate=candidate,
                blocksize=candidate * setting.block_ms // 1000,
                device=device,
                channels=channels,
                dtype="int16",
                latency=setting.latency,
                callback=callback,
                finished_callback=finished,
                extra_settings=sd.WasapiSettings(auto_convert=True) if host_api == WASAPI else None,
            )
        except sd.PortAudioError as error:
            refused = error
            code = error.args[1] if len(error.args) > 1 else 0
            if code in (INVALID_RATE, INVALID_DEVICE):
                wrong_rates.add(candidate)
            elif code == INVALID_CHANNELS:
                wrong_channels.add(channels)
            else:
                break
        else:
            return Opened(stream, shown, host_api, candidate, channels)
    raise cannot_open(direction, shown, refused)


def _candidates(rate: int, own_rate: int, most_channels: int) -> Iterator[tuple[int, int]]:
    """Channel counts with sample rates, in order of preference."""
    for channels in dict.fromkeys((1, 2, min(max(most_channels, 1), MOST_CHANNELS))):
        for candidate in dict.fromkeys((rate, own_rate, *RATES)):
            yield channels, candidate


def cannot_open(direction: str, shown: str, error: Exception | None) -> AudioError:
    """Return the error that explains why a device cannot be opened, with its remedy."""
    words = str(error).lower()
    code = error.args[1] if error is not None and len(error.args) > 1 else 0
    if any(word in words for word in _DENIED):
        return AudioError(
            f"the {direction} device {shown} may not be used by this program",
            "allow it: Linux: sudo usermod -aG audio $USER, then log in again; macOS and Windows: Privacy > Microphone",
            DeviceState.DENIED,
        )
    if code == UNAVAILABLE or any(word in words for word in _BUSY):
        return AudioError(
            f"the {direction} device {shown} is used by another program exclusively",
            "close that program, or choose another device; this one is tried again and again",
            DeviceState.REFUSED,
        )
    return AudioError(
        f"the {direction} device {shown} cannot be opened: {error}",
        CHOOSE,
        DeviceState.REFUSED if code in (INVALID_RATE, INVALID_DEVICE, INVALID_CHANNELS) else DeviceState.GONE,
    )


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Turn PortAudio's errors into `AudioError` while devices are queried.

    Raises:
        AudioError: the devices cannot be queried.
    """
    try:
        yield
    except sd.PortAudioError as error:
        raise AudioError(
            f"the sound system cannot list its devices: {error}",
            "see 'rtvoice-tui doctor'",
            DeviceState.GONE,
        ) from None


def find(name: str, direction: str) -> int:
    """Return the index of a device by its full name, or a part of it; empty is the system's default.

    Raises:
        UnknownName: no device has this name.
        AudioError: there is no device in this direction.
    """
    channels = f"max_{direction}_channels"
    devices = list(sd.query_devices())
    if not name and (default := _default(direction)) >= 0:
        return default
    for matches in (lambda n: n == name, lambda n: name.lower() in n.lower()):
        found = [i for i, info in enumerate(devices) if info[channels] > 0 and matches(str(info["name"]))]
        if found:
            return min(found, key=lambda i: str(sd.query_hostapis(devices[i]["hostapi"])["name"]) != WASAPI)
    if name:
        raise DeviceNotFound(name, direction)
    raise AudioError(f"there is no {direction} device", "see 'rtvoice-tui devices'", DeviceState.NONE)


def _default(direction: str) -> int:
    """Return the index of the system's default device, on Windows that of WASAPI; negative if there is none."""
    for api in sd.query_hostapis():
        if api["name"] == WASAPI and api[f"default_{direction}_device"] >= 0:
            return int(api[f"default_{direction}_device"])
    return int(sd.default.device[0 if direction == "input" else 1])
