"""Barge-in by the interrupt key, a typed turn, the talk key, the server's VAD or the local VAD.

The speaker is flushed first, then the response is cancelled, then the item is truncated to what was heard.
"""

from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.session.effects import Duck, Flush, Schedule
from rtvoice_tui.session.facts import Moment
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.heard_ledger import HeardLedger
from rtvoice_tui.session.realtime.responses.responses import Responses
from rtvoice_tui.session.realtime.turns.push_to_talk import PushToTalk
from rtvoice_tui.session.timers import DuckUnconfirmed, LocalSpeechConfirmed, LocalSpeechEnded

LOCAL_SPEECH_S = 0.24
"""Seconds of speech detected by the local VAD after which it interrupts the agent, if that is enabled."""

RESTORE_S = 0.5
"""Seconds that the agent stays ducked after local speech: the server's VAD event may still be on its way."""

DOUBT_S = 1.5
"""Seconds of ducking without speech detected by the server; then it was noise, and the volume is restored."""


class BargeIn:
    """Interrupts the agent, and ducks it (lowers its volume) while the user may be interrupting.

    Args:
        dialect: the provider's dialect.
        edits: knows whether the server cancels responses by itself.
        ledger: the heard ledger.
        responses: the responses, with the response slot.
        push_to_talk: push-to-talk: its pending commit is dropped, and it disables ducking.
        out: collects the effects.
        local: whether the local VAD may interrupt the agent.
    """

    def __init__(
        self,
        dialect: Dialect,
        edits: Edits,
        ledger: HeardLedger,
        responses: Responses,
        push_to_talk: PushToTalk,
        out: Outbox,
        local: bool,
    ) -> None:
        self._dialect = dialect
        self._edits = edits
        self._ledger = ledger
        self._responses = responses
        self._push_to_talk = push_to_talk
        self._out = out
        self._local = local
        self._local_speech = False
        self._segment = 0
        self._ducked = False
        self._ducking = 0
        self._cut_by_local_vad = False

    @property
    def agent_speaks(self) -> bool:
        """Whether the agent is audible, so that the microphone may pick it up."""
        return self._ledger.speaking

    # --- interruption

    def silence(self) -> bool:
        """Flush the speaker and mark unheard items as cut. False if nothing was playing."""
        cut = self._ledger.cut_all()
        if cut:
            self._out.add(Flush())
            self._out.reach(cut[-1].turn, Moment.INTERRUPTED)
        return bool(cut)

    def interrupt(self) -> bool:
        """Silence and cancel the agent, and drop pending requests. False if it was neither speaking nor about to."""
        slot = self._responses.slot
        talking = self._ledger.speaking or not slot.free or slot.wanted
        self.silence()
        slot.drop_request()
        self._push_to_talk.drop_pending_commit()
        slot.cancel(self._out)
        self._responses.report_cut_words()
        return talking

    def turn_committed(self) -> None:
        """The user's turn is committed, and the server answers it by itself."""
        self._responses.slot.turn_committed()

    def speech_started(self) -> bool:
        """The server's VAD detected speech. True if it, or the local VAD just before, interrupted the agent."""
        cut = self.silence() or self._cut_by_local_vad
        self._cut_by_local_vad = False
        slot = self._responses.slot
        if self._dialect.cancels_on_speech and self._edits.settings.server_interrupts:
            slot.mark_cut()
        else:
            slot.cancel(self._out)
        self._responses.report_cut_words()
        return cut

    # --- local VAD

    def local_speech(self, speaking: bool) -> None:
        """The local VAD detected the start or the end of speech; ignored in push-to-talk.

        Ducks only if the agent is already speaking: a response that starts during the end of the user's question is
        not ducked.
        """
        speaking = speaking and not self._push_to_talk.by_key
        if speaking == self._local_speech:
            return
        self._local_speech = speaking
        self._segment += 1
        if not speaking:
            self._out.add(Schedule(LocalSpeechEnded(self._segment), RESTORE_S))
        elif self._ledger.speaking:
            self._lower()

    def _lower(self) -> None:
        if not self._ducked:
            self._ducked = True
            self._ducking += 1
            self._out.add(Duck(True))
            self._out.add(Schedule(DuckUnconfirmed(self._ducking), DOUBT_S))
        if self._local:
            self._out.add(Schedule(LocalSpeechConfirmed(self._segment), LOCAL_SPEECH_S))

    def timer(self, timer: LocalSpeechEnded | LocalSpeechConfirmed | DuckUnconfirmed) -> None:
        """Handle a timer; ignores those of an earlier speech segment or an earlier ducking.

        `DuckUnconfirmed` belongs to a ducking, not to a segment: else noise with gaps would duck the agent forever.
        """
        match timer:
            case DuckUnconfirmed():
                if timer.ducking == self._ducking:
                    self._restore()
            case LocalSpeechEnded():
                if timer.segment == self._segment:
                    self._cut_by_local_vad = False
                    self._restore()
            case LocalSpeechConfirmed():
                if timer.segment == self._segment and self._local_speech and self.silence():
                    self._responses.slot.cancel(self._out)
                    self._responses.report_cut_words()
                    self._cut_by_local_vad = True

    def flushed(self) -> None:
        """A flush is complete: restore the volume for the next response."""
        self._restore()

    def _restore(self) -> None:
        if self._ducked:
            self._ducked = False
            self._out.add(Duck(False))

    def close(self) -> None:
        """The session ended: restore the volume and reset all state."""
        self._local_speech = self._cut_by_local_vad = False
        self._segment += 1
        self._restore()
