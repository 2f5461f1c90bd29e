"""The files of a recording, and what is in them. A recording is a folder, and appending is the only write.

- ``session.json``: a `Manifest`.
- ``journal.jsonl``: a `JournalLine` for every input of the machine, in order.
- ``wire.jsonl``: a `WireLine` for every frame of both directions, as it was on the wire, with speech by reference.
- ``sent.pcm``, ``received.pcm``, ``heard.pcm``: PCM16 mono, where sound is kept. The first two hold what the wire's
  lines refer to, the last what the device played.
- ``sound.jsonl``: a `Segment` wherever a stretch of a track begins that does not join the one before, or has another
  sample rate.

Whatever refers to sound is written after the sound itself, so that a line never refers to what is missing.
"""

import datetime
import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from rtvoice_tui.engine.observers import MachineMade
from rtvoice_tui.session.inputs import Input

VERSION = 1
"""Version of the format. A reader refuses a higher one."""

MOST_NUMBER = 1 << 48
"""A reader refuses a manifest with a higher number."""

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e7)]
Number = Annotated[int, msgspec.Meta(ge=0, le=MOST_NUMBER)]
Rate = Annotated[int, msgspec.Meta(ge=1_000, le=1_000_000)]
FrameBytes = Annotated[int, msgspec.Meta(ge=0, le=1 << 25)]
"""Bytes of sound in one frame: at most 11 minutes at 24 kHz."""

MANIFEST, JOURNAL, WIRE, SOUND = "session.json", "journal.jsonl", "wire.jsonl", "sound.jsonl"


class Track(StrEnum):
    """A track of sound."""

    SENT = "sent"
    RECEIVED = "received"
    HEARD = "heard"

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self}.pcm"


class State(StrEnum):
    """Whether a recording was ended."""

    RECORDING = "recording"
    COMPLETE = "complete"


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of recordings shows.

    Attributes:
        length_s: from the first to the last input, in seconds.
        turns: number of turns.
        errors: number of notices that are errors.
        tokens: tokens of all responses.
        first_words: the first words of the user, else of the agent.
    """

    length_s: Seconds = 0.0
    turns: Number = 0
    errors: Number = 0
    tokens: Number = 0
    first_words: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording is of.

    Attributes:
        version: version of the format.
        app: version of the app.
        started: wall clock (ISO 8601, with the offset from UTC) at the time 0 of all lines.
        state: whether it was ended.
        asked: whether the user asked for it; else the app keeps only the last few.
        profile: name of the profile at the start.
        provider: name of the dialect at the start.
        identity: server and model at the start.
        input_rate: sample rate of what is sent at the start, in Hz; each `Segment` has its own.
        output_rate: sample rate of what is received and heard at the start, in Hz.
        sound: whether sound was kept at any time.
        summary: what it holds; set when it is ended.
    """

    version: int = VERSION
    app: str
    started: str
    state: State = State.RECORDING
    asked: bool = False
    profile: str = ""
    provider: str = ""
    identity: str = ""
    input_rate: Rate = 24_000
    output_rate: Rate = 24_000
    sound: bool = False
    summary: Summary = Summary()

    @property
    def model(self) -> str:
        """The model at the start; empty if the identity names none."""
        server, _, model = self.identity.rpartition(" ")
        return model if server.strip() and "://" not in model else ""


def started_at(manifest: Manifest) -> datetime.datetime:
    """When a recording began; 1970 if the manifest does not say so that it can be read."""
    try:
        started = datetime.datetime.fromisoformat(manifest.started)
    except ValueError:
        return datetime.datetime.fromtimestamp(0, datetime.UTC)
    return started if started.tzinfo is not None else started.replace(tzinfo=datetime.UTC)


class Speech(msgspec.Struct, frozen=True, rename={"first": "from", "size": "bytes"}):
    """The sound of a frame, in bytes, as a frame may end in the middle of a sample.

    Attributes:
        track: the track.
        first: number of its first byte; all bytes of the track are counted, whether they are kept or not.
        size: how many they are.
    """

    track: Track
    first: Number
    size: FrameBytes


Way = Literal["up", "down"]
"""Direction of a frame: to the server, or from it."""


class WireLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"direction": "dir"}):
    """A frame on the wire.

    Attributes:
        at: time in seconds.
        direction: ``up`` or ``down``.
        event: the frame's JSON; its speech is an empty text.
        speech: where the frame's speech is.
        frame: a frame that is no JSON.
    """

    at: Seconds
    direction: Way
    event: msgspec.Raw = msgspec.Raw(b"null")
    speech: Speech | None = None
    frame: str | None = None


class MicLine(msgspec.Struct, frozen=True, array_like=True):
    """A microphone frame: time in seconds, length in bytes, level in dBFS, and `JournalLine.frames` of this input."""

    at: Seconds
    size: FrameBytes
    level_db: float | None
    frames: Number


class JournalLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"happened": "in"}):
    """An input of the machine, or several microphone frames. One of the fields besides the time is set.

    Attributes:
        at: time in seconds.
        happened: the input.
        wire: number of the line in ``wire.jsonl`` whose frame is the input, counted from 0.
        mic: microphone frames with nothing in between.
        machine: a new machine steps from now on.
        frames: number of lines in ``wire.jsonl`` before this input.
    """

    at: Seconds
    happened: Input | None = None
    wire: Number | None = None
    mic: tuple[MicLine, ...] = ()
    machine: MachineMade | None = None
    frames: Number = 0


class Segment(msgspec.Struct, frozen=True, rename={"first": "from"}):
    """A stretch of a track that is continuous, at one sample rate.

    Attributes:
        at: when its first sample was sent, received or heard, in seconds.
        track: the track.
        first: number of its first byte, as `Speech` counts them.
        place: where it begins in the track's file, in bytes; always even.
        rate: its sample rate in Hz, which may change with the profile.
    """

    at: Seconds
    track: Track
    first: Number
    place: Number
    rate: Rate


def encoded(line: Any) -> bytes:
    """A line of a file, with its line feed. Halves of characters, which no file can hold, become question marks."""
    try:
        return msgspec.json.encode(line) + b"\n"
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(line), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
