"""A noise gate: frames below a threshold are sent as silence.

It adds no delay. The frames just before it opens have already been sent as silence, so they are sent again with the
frame that opens it. The same number of silent frames is left out after it closes, so the stream keeps its length.
"""

from collections import deque

HOLD_FRAMES = 13
"""How long the gate stays open after the last loud frame: 250 ms, in whole frames of 20 ms."""

LEAD_FRAMES = 2
"""This many frames from before the gate opens are sent too."""

Frame = tuple[bytes, float]
"""PCM16 and its level in dBFS."""


class NoiseGate:
    """The noise gate of one microphone.

    Attributes:
        open: frames are passed; otherwise silence is sent.
    """

    def __init__(self) -> None:
        self.open = True
        self._hold = 0
        self._lead: deque[Frame] = deque(maxlen=LEAD_FRAMES)
        self._extra = 0

    def process(self, frame: Frame, threshold_db: float | None) -> list[Frame]:
        """Return the frames to send for one captured frame: usually one, of sound or of silence.

        Args:
            frame: PCM16 and its level in dBFS.
            threshold_db: in dBFS; ``None`` passes everything.
        """
        pcm, level_db = frame
        if threshold_db is None:
            self.open, self._hold, self._extra = True, 0, 0
            self._lead.clear()
            return [frame]
        loud = level_db >= threshold_db
        self.open = loud or self._hold > 0
        self._hold = HOLD_FRAMES if loud else max(0, self._hold - 1)
        if self.open:
            before, self._lead = list(self._lead), deque(maxlen=LEAD_FRAMES)
            self._extra += len(before)
            return [*before, frame]
        self._lead.append(frame)
        if self._extra:
            self._extra -= 1
            return []
        return [(bytes(len(pcm)), level_db)]
