"""Which devices a user asked for, and how loud they are to be. Loads none of them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AudioChoice:
    """What the user asked for. Names may be parts of a device's name; empty means the system's default.

    Attributes:
        echo: ``auto``, ``on``, ``half-duplex`` or ``off``.
        noise_suppression: whether noise is taken out of the microphone; only where echo is cancelled.
    """

    input_device: str = ""
    output_device: str = ""
    input_file: Path | None = None
    output_file: Path | None = None
    silent: bool = False
    echo: str = "auto"
    noise_suppression: bool = False
