"""Notices that the agent's audio is silent: all samples of it are equal, which no voice is."""

from rtvoice_tui.session.realtime.outbox import Outbox

SILENT_S = 3.0
"""Seconds of silent audio in a row after which the user is told."""

SENTENCE = f"the agent's audio is silent: the server has sent {SILENT_S:.0f} s without a sound"
REMEDY = "check the voice and the output format (F6)"


class SilentAudio:
    """Measures silent audio in a row.

    Args:
        rate: output rate in Hz.
        out: gets a warning, once until sound is received again.
    """

    def __init__(self, rate: int, out: Outbox) -> None:
        self._rate = rate
        self._out = out
        self._silent_bytes = 0
        self._told = False

    def received(self, pcm: bytes) -> None:
        """Audio was received: PCM16, mono."""
        if not _is_constant(pcm):
            self._silent_bytes, self._told = 0, False
            return
        self._silent_bytes += len(pcm)
        if self._silent_bytes >= SILENT_S * self._rate * 2 and not self._told:
            self._told = True
            self._out.warn(SENTENCE, REMEDY)

    def clear(self) -> None:
        """The session ended."""
        self._silent_bytes, self._told = 0, False


def _is_constant(pcm: bytes) -> bool:
    """Whether all samples are equal, or 0 and -1 as a quiet converter makes them."""
    if not pcm.strip(b"\x00\xff"):
        return True
    return pcm[:-2] == pcm[2:]
