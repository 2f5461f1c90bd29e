"""Barge-in: the interrupt key, typed turns, the server's VAD and the local one all take this path.

The speaker falls silent first, then the answer is cancelled, then the server is told what was heard.
"""

from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.session.effects import Duck, Flush, Schedule
from rtvoice_tui.session.facts import Moment
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.responses.heard_ledger import HeardLedger
from rtvoice_tui.session.realtime.responses.responses import Responses
from rtvoice_tui.session.realtime.turns.push_to_talk import PushToTalk
from rtvoice_tui.session.timers import DuckUnconfirmed, LocalSpeechLong, LocalSpeechOver

NEAR_S = 0.24
"""Near speech that goes on for so long silences the agent, where the local voice detection may do that."""

RESTORE_S = 0.5
"""So long after near speech the agent is lowered still: the server's own word may be under way."""

DOUBT_S = 1.5
"""A server that hears no speech in what goes on for so long, gaps or not, is right: it is noise, and lowers nobody."""


class BargeIn:
    """Silences the agent, and lowers (ducks) it while the user may be interrupting.

    Args:
        dialect: who is spoken to.
        edits: knows whether the server was asked to cancel by itself.
        ledger: what is being said, and what was heard of it.
        answers: what is being generated.
        manual: knows what an interruption gives up, and whether the microphone is open.
        out: where effects go.
        local: whether the local voice detection may silence the agent.
    """

    def __init__(
        self,
        dialect: Dialect,
        edits: Edits,
        ledger: HeardLedger,
        answers: Responses,
        manual: PushToTalk,
        out: Outbox,
        local: bool,
    ) -> None:
        self._dialect = dialect
        self._edits = edits
        self._ledger = ledger
        self._answers = answers
        self._push_to_talk = manual
        self._out = out
        self._local = local
        self._near = False
        self._stretch = 0
        self._ducked = False
        self._ducking = 0
        self._cut_near = False

    # --- the one path

    def silence(self) -> bool:
        """Mute the speaker and mark what was not heard. False if nothing was being said."""
        cut = self._ledger.cut_all()
        if cut:
            self._out.do(Flush())
            self._out.reach(cut[-1].turn, Moment.INTERRUPTED)
        return bool(cut)

    def interrupt(self) -> bool:
        """Silence, and give up what waits to be said. False if nothing was said or about to be."""
        slot = self._answers.slot
        talking = self._ledger.speaking or not slot.free or slot.wanted
        self.silence()
        slot.unwant()
        self._push_to_talk.give_up()
        slot.cancel(self._out)
        return talking

    def speech_started(self) -> bool:
        """The server hears the user. True if the agent was cut short."""
        cut = self.silence() or self._cut_near
        self._cut_near = False
        slot = self._answers.slot
        if self._dialect.cancels_on_speech and self._edits.settings.server_interrupts:
            slot.stop_listening()
        else:
            slot.cancel(self._out)
        return cut

    # --- the local voice detection

    def local_speech(self, speaking: bool) -> None:
        """The user begins to speak near the microphone, or has stopped; where turns are by key that says nothing.

        An answer that begins while the end of a question is still near is not lowered: nobody interrupts it.
        """
        speaking = speaking and not self._push_to_talk.by_key
        if speaking == self._near:
            return
        self._near = speaking
        self._stretch += 1
        if not speaking:
            self._out.do(Schedule(LocalSpeechOver(self._stretch), RESTORE_S))
        elif self._ledger.speaking:
            self._lower()

    def _lower(self) -> None:
        if not self._ducked:
            self._ducked = True
            self._ducking += 1
            self._out.do(Duck(True))
            self._out.do(Schedule(DuckUnconfirmed(self._ducking), DOUBT_S))
        if self._local:
            self._out.do(Schedule(LocalSpeechLong(self._stretch), NEAR_S))

    def timer(self, timer: LocalSpeechOver | LocalSpeechLong | DuckUnconfirmed) -> None:
        """A timer fired; one of an earlier stretch of speech says nothing, nor does an earlier doubt.

        The doubt is about one ducking and not about one stretch: else noise with gaps would lower the agent for ever.
        """
        match timer:
            case DuckUnconfirmed():
                if timer.ducking == self._ducking:
                    self._restore()
            case LocalSpeechOver():
                if timer.stretch == self._stretch:
                    self._cut_near = False
                    self._restore()
            case LocalSpeechLong():
                if timer.stretch == self._stretch and self._near and self.silence():
                    self._answers.slot.cancel(self._out)
                    self._cut_near = True

    def flushed(self) -> None:
        """The speaker is silent: what comes next is as loud as ever."""
        self._restore()

    def _restore(self) -> None:
        if self._ducked:
            self._ducked = False
            self._out.do(Duck(False))

    def close(self) -> None:
        """The session ended."""
        self._near = self._cut_near = False
        self._stretch += 1
        self._restore()
