"""Protocols of backends and streams, and the description of a device. Loads no sound library."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from rtvoice_tui.audio.backends.latency import Latency, Setting


@dataclass(frozen=True)
class DeviceInfo:
    """One device as the system lists it; ``inputs`` and ``outputs`` are channels, latencies in ms, rate in Hz."""

    name: str
    host_api: str
    inputs: int
    outputs: int
    rate: int
    input_latency_ms: float = 0.0
    output_latency_ms: float = 0.0
    default_input: bool = False
    default_output: bool = False

    def has(self, direction: str) -> bool:
        """Whether it has channels in this direction (``input`` or ``output``)."""
        return (self.inputs if direction == "input" else self.outputs) > 0

    def is_default(self, direction: str) -> bool:
        """Whether it is the system's default in this direction."""
        return self.default_input if direction == "input" else self.default_output


class Stream(Protocol):
    """An open stream in one direction: a device, a file or silence."""

    name: str
    latency_ms: float

    def close(self) -> None:
        """Stop the stream and close the device."""


@runtime_checkable
class DeferredStart(Protocol):
    """A stream that must not start before the server accepts audio: an input file."""

    def start_deferred(self) -> None:
        """Start to deliver audio."""


class DeviceStream(Stream, Protocol):
    """An open device stream; `start` makes it run."""

    host_api: str
    rate: int
    setting: Setting

    def start(self) -> None:
        """Start the stream; closes the device on failure.

        Raises:
            AudioError: the device cannot be started.
        """


class Opens(Protocol):
    """Opens a device for a `Capture` or a `Playback`: the type of a backend's `Microphone` and `Speaker`."""

    def __call__(
        self, name: str, part: Any, lost: Callable[[str], None], block_ms: int, latency: Latency, /
    ) -> DeviceStream:
        """Open a device by its name or a part of it.

        Args:
            name: empty for the system's default.
            part: the `Capture` that receives its blocks, or the `Playback` that supplies them.
            lost: called from any thread with a sentence when the device ends.
            block_ms: length of a block.
            latency: requested latency.

        Raises:
            AudioError: the device cannot be opened.
        """


class Backend(Protocol):
    """A sound system; each one is a module with these members."""

    @property
    def Microphone(self) -> Opens:
        """Opens a microphone."""

    @property
    def Speaker(self) -> Opens:
        """Opens a speaker."""

    def list_devices(self) -> list[DeviceInfo]:
        """Return all devices that it knows.

        Raises:
            AudioError: they cannot be listed.
        """

    def version(self) -> str:
        """Return name and version, for the user."""

    def rescan(self) -> None:
        """Renew the device list. No stream may be open.

        Raises:
            AudioError: the sound system does not start again.
        """

    def abandon(self) -> None:
        """Let the program exit although a device call hangs."""
