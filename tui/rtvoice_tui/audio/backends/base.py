"""What is said of devices: how the system lists one, and why one cannot be used. Loads no sound library."""

from dataclasses import dataclass
from typing import Protocol

from rtvoice_tui.store.audio import DeviceState


class AudioError(Exception):
    """No sound, in one sentence, with the remedy.

    Attributes:
        state: what is known of the device after it.
    """

    def __init__(self, sentence: str, remedy: str = "", state: DeviceState = DeviceState.NONE) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy
        self.state = state


class UnknownName(AudioError):
    """No device is called so."""

    def __init__(self, name: str, direction: str) -> None:
        sentence, remedy = f"no {direction} device is called '{name}'", "d shows the names of all devices there are"
        super().__init__(sentence, remedy, DeviceState.GONE)


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
    """An open device."""

    name: str
    latency_ms: float

    def close(self) -> None:
        """Stop and give the device back."""
