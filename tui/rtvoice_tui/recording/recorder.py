"""Records a session: an observer of everything that happens, and taps of its sound."""

import threading
from collections.abc import Callable

import msgspec

from rtvoice_tui.engine.observers import FrameReceived, FrameSent, MachineMade, Observed, Stepped
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.protocol.wire import Wire, WireEvent
from rtvoice_tui.recording.format import (
    JOURNAL,
    SOUND,
    WIRE,
    JournalLine,
    MicLine,
    Segment,
    Speech,
    Track,
    Way,
    WireLine,
    encoded,
)
from rtvoice_tui.session import inputs
from rtvoice_tui.session.commands import MicFrame

MOST_FRAMES = 25
"""Microphone frames in one line: half a second of them, which is lost if the process is killed."""

JOINS_S = 0.06
"""A stretch of sound that begins so close to the end of the one before joins it, unless it stays `APART_S` away."""

APART_S = 0.002
"""Sound that is away from its time by more than this for `STAYS_S` begins a new stretch: a device that stood still for
a moment, or whose clock is not ours."""

STAYS_S = 0.1

Put = Callable[[str, bytes], None]
"""Appends to a file of the recording."""


class Recorder:
    """Turns what happens into lines. Called on the session's thread, `heard` on the device's.

    Args:
        wire: the codec of the frames.
        put: appends to a file of the recording.
    """

    def __init__(self, wire: Wire, put: Put) -> None:
        self._wire = wire
        self._put = put
        self._frames = 0
        self._received = False
        self._mic: list[MicLine] = []
        self._tracks = {track: TrackWriter(track, put, gaps=track is Track.HEARD) for track in Track}
        self._rates = {Track.SENT: 0, Track.RECEIVED: 0}

    def keep_sound(self, keep: bool) -> None:
        """Keep the sound from now on, or only count it. May be called from any thread."""
        for track in self._tracks.values():
            track.keep(keep)

    def __call__(self, observed: Observed, at: float) -> None:
        """Record what was observed."""
        match observed:
            case Stepped():
                self._stepped(observed.input, at)
            case FrameReceived():
                line = self._frame(at, "down", observed.text, observed.decoded.event)
                if self._received:
                    self._received = False
                    self._journal(JournalLine(at=at, wire=line, frames=line))
            case FrameSent():
                self._frame(at, "up", observed.text, observed.event)
            case MachineMade():
                self._rates[Track.SENT], self._rates[Track.RECEIVED] = rates(observed)
                self._journal(JournalLine(at=at, machine=observed, frames=self._frames))

    def heard(self, pcm: bytes, at: float, rate: int) -> None:
        """Record a block that the device plays from ``at`` on, at ``rate`` Hz."""
        self._tracks[Track.HEARD].add(pcm, at, rate)

    def flush(self) -> None:
        """Write the microphone frames that wait for more of them."""
        frames, self._mic = self._mic, []
        if frames:
            self._put(JOURNAL, encoded(JournalLine(at=frames[0].at, mic=tuple(frames))))

    def _stepped(self, happened: inputs.Input, at: float) -> None:
        if isinstance(happened, MicFrame):
            self._mic.append(MicLine(at, len(happened.pcm), happened.level_db, self._frames))
            if len(self._mic) >= MOST_FRAMES:
                self.flush()
        elif isinstance(happened, inputs.Received):
            self._received = True  # its frame is observed next
        else:
            self._journal(JournalLine(at=at, happened=happened, frames=self._frames))

    def _journal(self, line: JournalLine) -> None:
        self.flush()
        self._put(JOURNAL, encoded(line))

    def _frame(self, at: float, direction: Way, text: str, event: WireEvent) -> int:
        """Write a frame to the wire's file; returns the number of its line."""
        pcm = self._wire.speech(event)
        speech = None
        if pcm:
            text = self._wire.without_speech(text, event)
            track = Track.SENT if direction == "up" else Track.RECEIVED
            speech = Speech(track, self._tracks[track].add(pcm, at, self._rates[track]), len(pcm))
        if (event_json := _json(text)) is not None:
            line = WireLine(at=at, direction=direction, event=event_json, speech=speech)
        else:
            line = WireLine(at=at, direction=direction, frame=text)
        self._put(WIRE, encoded(line))
        self._frames += 1
        return self._frames - 1


class TrackWriter:
    """One track of sound. May be called from any thread.

    Args:
        track: the track.
        put: appends to a file of the recording.
        gaps: whether the track has gaps in time, at which another stretch begins; else only frames refer to it.
    """

    def __init__(self, track: Track, put: Put, gaps: bool) -> None:
        self._track = track
        self._put = put
        self._gaps = gaps
        self._kept = False
        self._counted = self._written = self._rate = 0
        self._until: float | None = None  # end of what was written last, in seconds; None: a new stretch begins
        self._apart: Segment | None = None  # where the sound was away from its time first
        self._lock = threading.Lock()

    def keep(self, keep: bool) -> None:
        """Keep the sound from now on, or only count it."""
        with self._lock:
            if keep != self._kept:
                self._kept, self._until = keep, None

    def add(self, pcm: bytes, at: float, rate: int) -> int:
        """Append sound; returns the number of its first byte.

        Args:
            pcm: PCM16 mono; it may end in the middle of a sample.
            at: when its first sample was sent, received or heard, in seconds.
            rate: samples per second; another stretch begins where it changes.
        """
        with self._lock:
            first = self._counted
            self._counted += len(pcm)
            if not self._kept:
                return first
            until = self._until
            if until is None or rate != self._rate or (self._gaps and abs(at - until) > JOINS_S):
                if self._written % 2:
                    self._append(b"\0")
                self._begin(Segment(at, self._track, first, self._written, rate))
                until, self._rate = at, rate
            elif self._gaps:
                until = self._corrected(until, at, first)
            self._until = until + len(pcm) / 2 / rate
            self._append(pcm)
            return first

    def _corrected(self, until: float, at: float, first: int) -> float:
        """End of what was written, if sound that is heard ``at`` follows; begins a new stretch if it stays apart."""
        if abs(at - until) <= APART_S:
            self._apart = None
        elif self._apart is None:
            self._apart = Segment(at, self._track, first, self._written, self._rate)
        elif at - self._apart.at >= STAYS_S:
            until = self._apart.at + (self._written - self._apart.place) / 2 / self._rate
            self._begin(self._apart)
        return until

    def _begin(self, segment: Segment) -> None:
        self._apart = None
        self._put(SOUND, encoded(segment))

    def _append(self, pcm: bytes) -> None:
        self._written += len(pcm)
        self._put(self._track.file, pcm)


def rates(made: MachineMade) -> tuple[int, int]:
    """The sample rates of a machine's session: of what is sent, and of what is received, in Hz."""
    fixed, settings = DIALECTS[made.dialect].fixed_rate, made.settings
    return fixed or settings.input_rate, fixed or settings.output_rate


def _json(text: str) -> msgspec.Raw | None:
    """The text as JSON on one line; ``None`` if it is none."""
    data = text.encode("utf-8", "replace").replace(b"\n", b" ").replace(b"\r", b" ")
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    return msgspec.Raw(data)
