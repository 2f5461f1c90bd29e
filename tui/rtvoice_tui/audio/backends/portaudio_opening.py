"""How a device is found and opened through PortAudio: by name, at a rate and with channels that it takes.

Importing this module raises ``OSError`` where the PortAudio library is missing.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sounddevice as sd

from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.errors import AudioError, UnknownName
from rtvoice_tui.media import DeviceState

INVALID_DEVICE, INVALID_RATE, INVALID_CHANNELS, UNAVAILABLE = -9996, -9997, -9998, -9985
"""What PortAudio answers; old versions call a wrong rate an invalid device on WASAPI."""

RATES = (48_000, 44_100)
MOST_CHANNELS = 8
WASAPI = "Windows WASAPI"
"""Preferred on Windows: the others are far slower."""

CHOOSE = "choose another one (d)"

_DENIED = ("permission denied", "access is denied", "access denied", "0x80070005")
_BUSY = ("busy", "in use", "unavailable", "exclusive")


@dataclass(frozen=True)
class Opened:
    """A stream that is open and not yet started."""

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
    """Open at the session's rate in mono, or else as the device takes it.

    Raises:
        AudioError: there is no such device, or it cannot be opened, with what mends it.
    """
    with answering():
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
    """Channels and rates, in the order of preference."""
    for channels in dict.fromkeys((1, 2, min(max(most_channels, 1), MOST_CHANNELS))):
        for candidate in dict.fromkeys((rate, own_rate, *RATES)):
            yield channels, candidate


def cannot_open(direction: str, shown: str, error: Exception | None) -> AudioError:
    """Why a device cannot be opened, and what mends it."""
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
            f"the {direction} device {shown} is used by another program alone",
            "close that program, or choose another device; this one is tried again and again",
            DeviceState.REFUSED,
        )
    return AudioError(
        f"the {direction} device {shown} cannot be opened: {error}",
        CHOOSE,
        DeviceState.REFUSED if code in (INVALID_RATE, INVALID_DEVICE, INVALID_CHANNELS) else DeviceState.GONE,
    )


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """For whatever asks PortAudio which devices there are.

    Raises:
        AudioError: it cannot tell.
    """
    try:
        yield
    except sd.PortAudioError as error:
        raise AudioError(
            f"the sound system does not tell its devices: {error}",
            "see 'rtvoice-tui doctor'",
            DeviceState.GONE,
        ) from None


def find(name: str, direction: str) -> int:
    """The device by its whole name, or a part of it; empty is the system's default.

    Raises:
        AudioError: there is none.
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
        raise UnknownName(name, direction)
    raise AudioError(f"there is no {direction} device", "see 'rtvoice-tui devices'", DeviceState.NONE)


def _default(direction: str) -> int:
    """The system's default; on Windows as WASAPI reaches it."""
    for api in sd.query_hostapis():
        if api["name"] == WASAPI and api[f"default_{direction}_device"] >= 0:
            return int(api[f"default_{direction}_device"])
    return int(sd.default.device[0 if direction == "input" else 1])
