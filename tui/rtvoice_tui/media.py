"""Words that audio, session, store and engine share. Imports nothing of ours."""

import math
from dataclasses import dataclass
from enum import StrEnum

import msgspec

FLOOR_DB = -60.0
"""Nothing softer is told apart from silence, dBFS."""


class Direction(StrEnum):
    """Which way sound goes: from the microphone, or to the speaker."""

    INPUT = "input"
    OUTPUT = "output"


class DeviceState(StrEnum):
    """What is known of one direction's device."""

    NONE = "none"
    OPEN = "open"
    GONE = "gone"
    FROZEN = "frozen"
    SILENT = "silent"
    WRONG = "wrong"
    DENIED = "denied"
    REFUSED = "refused"


@dataclass(frozen=True)
class Level:
    """The loudness of one frame: RMS and peak in dBFS, and whether it clipped."""

    rms_db: float = FLOOR_DB
    peak_db: float = FLOOR_DB
    clipped: bool = False


def dbfs(amplitude: float) -> float:
    """An amplitude between 0 and 1 in dB below full scale, not below the meter's floor."""
    return max(FLOOR_DB, 20.0 * math.log10(amplitude)) if amplitude > 0 else FLOOR_DB


class AudioSettings(msgspec.Struct, frozen=True):
    """What the user wants of both directions.

    Attributes:
        muted: send silence instead of the microphone.
        agent_muted: play silence instead of the agent, who goes on speaking.
        mic_gain_db: how much louder the microphone is made.
        agent_gain_db: how much louder the agent is made.
        gate_db: frames of the microphone below this (dBFS) are sent as silence; ``None``: none are.
    """

    muted: bool = False
    agent_muted: bool = False
    mic_gain_db: float = 0.0
    agent_gain_db: float = 0.0
    gate_db: float | None = None


AS_IT_IS = AudioSettings()
"""Nothing muted, louder or gated."""
