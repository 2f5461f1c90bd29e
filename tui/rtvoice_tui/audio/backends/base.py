"""What is said of devices: how the system lists one, and why one cannot be used. Loads no sound library."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from rtvoice_tui.audio.backends.latency import Latency, Setting


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

    def has(self, direction: str) -> bool:
        """Whether it is a microphone (``input``) or a speaker (``output``)."""
        return (self.inputs if direction == "input" else self.outputs) > 0

    def is_default(self, direction: str) -> bool:
        """Whether the system uses it where none is named."""
        return self.default_input if direction == "input" else self.default_output


class Stream(Protocol):
    """What is open in one direction: a device, a file or silence."""

    name: str
    latency_ms: float

    def close(self) -> None:
        """Stop and give the device back."""


@runtime_checkable
class WaitsForListener(Protocol):
    """A stream that begins when the server listens: a file that speaks."""

    def begin(self) -> None:
        """Start to speak."""


class DeviceStream(Stream, Protocol):
    """An open device: it is at work once it is started."""

    host_api: str
    rate: int
    setting: Setting

    def start(self) -> None:
        """Begin. A device that cannot is closed.

        Raises:
            AudioError: it cannot.
        """


class Opens(Protocol):
    """Opens a device of one direction over a `Capture` or a `Playback`; `Microphone` and `Speaker` of a backend."""

    def __call__(
        self, name: str, part: Any, lost: Callable[[str], None], block_ms: int, latency: Latency, /
    ) -> DeviceStream:
        """Open a device by its name or a part of it.

        Args:
            name: empty for the system's default.
            part: where its sound goes or comes from.
            lost: called from any thread with a sentence when the device ends.
            block_ms: how much it takes or gives at a time.
            latency: how much it holds.

        Raises:
            AudioError: it cannot be opened.
        """


class Backend(Protocol):
    """A sound system; each is a module of this shape."""

    @property
    def Microphone(self) -> Opens:
        """Opens a microphone."""

    @property
    def Speaker(self) -> Opens:
        """Opens a speaker."""

    def list_devices(self) -> list[DeviceInfo]:
        """All devices there are."""

    def version(self) -> str:
        """What this is, for the user."""

    def rescan(self) -> None:
        """See which devices there are now. No stream may be open."""

    def abandon(self) -> None:
        """A device hangs, and the program is to end all the same."""
