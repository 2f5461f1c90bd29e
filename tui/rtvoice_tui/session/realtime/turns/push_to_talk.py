"""Push-to-talk: turns by key, and which microphone frames are sent to the server.

With turn detection off, nothing is sent outside of a turn. A server that keeps turn detection on gets silence there
instead ("gated"), and its VAD ends the turn.
"""

from collections import deque

from rtvoice_tui.protocol.realtime.client_events import AppendInput, ClearInput, CommitInput
from rtvoice_tui.protocol.realtime.dialects import Dialect
from rtvoice_tui.session.commands import MicFrame
from rtvoice_tui.session.effects import Schedule
from rtvoice_tui.session.facts import Level, MicrophoneDoubted, Moment, Notice, TalkChanged
from rtvoice_tui.session.realtime.edits import Edits
from rtvoice_tui.session.realtime.outbox import Outbox
from rtvoice_tui.session.realtime.turns.listening import Listening
from rtvoice_tui.session.talk_mode import TalkMode, TalkRules
from rtvoice_tui.session.timers import CommitLate, TalkLevel, TalkLimit

PREROLL_FRAMES = 13
"""Pre-roll: frames from before the key press (260 ms at 20 ms a frame), so that the first syllable is not lost."""

MIN_COMMIT_MS = 100.0
"""Servers refuse to commit less audio than this."""

SPEECH_DB = -50.0
"""Minimum level of speech into a microphone (dBFS, RMS of a frame)."""

LEVEL_S = 2.5
"""Seconds into a turn after which its level is checked; not sooner, because many users press first and then think."""

COMMIT_S = 1.0
"""Seconds after which the response to an unacknowledged commit is requested anyway."""


class PushToTalk:
    """Starts and ends turns by key, and sends microphone frames.

    Args:
        dialect: the provider's dialect.
        input_rate: sample rate of the microphone frames in Hz.
        edits: knows whether turn detection is on.
        listening: numbers the turns.
        out: collects the effects.
        rules: talk settings of the profile.

    Attributes:
        mode: the talk mode that the user chose.
    """

    def __init__(
        self, dialect: Dialect, input_rate: int, edits: Edits, listening: Listening, out: Outbox, rules: TalkRules
    ) -> None:
        self._dialect = dialect
        self._input_rate = input_rate
        self._edits = edits
        self._listening = listening
        self._out = out
        self._limit_s = rules.limit_s
        self.mode = rules.mode
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)
        self._sent_bytes = 0
        self._number = 0
        self._turn = 0
        self._loudest: float | None = None
        self._measured = True
        self._doubted = False
        self._committing = ""

    @property
    def by_key(self) -> bool:
        """Whether turns are made by key: by the talk mode, or because turn detection is off."""
        return self.mode is not TalkMode.OPEN or self._edits.settings.manual_turns

    @property
    def gated(self) -> bool:
        """Whether turn detection stays on in push-to-talk, so that silence is sent outside of turns."""
        return self.by_key and not self._edits.settings.manual_turns

    @property
    def status(self) -> TalkChanged:
        """The effective talk mode; an open microphone without turn detection counts as push-to-talk."""
        mode = TalkMode.TOGGLE if self.mode is TalkMode.OPEN and self.by_key else self.mode
        return TalkChanged(mode, self._listening.talking, self._limit_s)

    # --- the microphone

    def frame(self, frame: MicFrame) -> None:
        """Handle one frame: send it, or keep it as pre-roll outside of a push-to-talk turn."""
        if not self.by_key or self._listening.talking:
            self._preroll.clear()
            self._append(frame.pcm)
            self._measure(frame.level_db)
            return
        self._preroll.append(frame.pcm)
        if self.gated:
            self._out.send(AppendInput, audio=bytes(len(frame.pcm)))

    def _append(self, pcm: bytes) -> None:
        self._sent_bytes += len(pcm)
        self._out.send(AppendInput, audio=pcm)

    def _measure(self, level_db: float | None) -> None:
        if level_db is None:
            self._measured = False
        elif self._loudest is None or level_db > self._loudest:
            self._loudest = level_db
            if self._doubted and level_db >= SPEECH_DB:
                self._trust()

    # --- push-to-talk turns

    def start(self) -> None:
        """Start a turn, and send the pre-roll."""
        if self._dialect.clears_input and not self.gated:
            self._out.send(ClearInput)
        self._number += 1
        self._sent_bytes = 0
        self._loudest, self._measured, self._doubted = None, True, False
        self._turn = self._listening.talk_started()
        for pcm in self._preroll:
            self._append(pcm)
        self._preroll.clear()
        self._out.add(Schedule(TalkLimit(self._number), self._limit_s))
        self._out.add(Schedule(TalkLevel(self._number), LEVEL_S))

    def end(self) -> bool:
        """End the turn and commit it. True if the response may be requested at once."""
        if not self._listening.talking:
            return False
        self._listening.talk_ended(server_goes_on=self.gated)
        if self.gated:
            return False  # silence follows, and the server's VAD ends the turn
        if self._sent_bytes * 500 / self._input_rate < MIN_COMMIT_MS:
            self._out.warn("nothing was sent: that turn was shorter than 0.1 s", "talk, then press space again")
            return False
        self._out.reach(self._turn, Moment.SPEECH_STOPPED)
        return self._answer_after(self._out.send(CommitInput))

    def _answer_after(self, event_id: str) -> bool:
        """Whether the response to a commit may be requested at once; otherwise it waits for the transcript."""
        if self._dialect.responds_after_transcript:
            self._listening.await_transcript(event_id)
        return not self._dialect.responds_after_transcript

    # --- commit with an open microphone

    def commit(self) -> None:
        """Commit speech in progress, without waiting for the pause that would end the turn."""
        if self._listening.server_hears and not self._committing:
            self._committing = self._out.send(CommitInput)
            self._out.add(Schedule(CommitLate(self._committing), COMMIT_S))

    def committed(self) -> bool:
        """The input buffer was committed. True if we have to request the response, because the server will not."""
        event_id, self._committing = self._committing, ""
        if event_id:
            return self._answer_after(event_id)
        return self.gated and not self._edits.settings.server_creates_responses

    def server_ended(self) -> None:
        """The server's VAD ended the turn: if the server responds to such turns, no response needs to be requested."""
        if self._edits.settings.server_creates_responses:
            self._committing = ""

    def answered(self) -> None:
        """A response started: none needs to be requested for a pending commit."""
        self._committing = ""
        if not self.by_key:
            self._listening.stop_waiting()

    def refused(self, event_id: str, empty: bool) -> None:
        """Handle an error that may refuse a commit.

        Args:
            event_id: the event id in the error; may be empty.
            empty: whether the input buffer was empty, because the server had already ended the turn.
        """
        if self._committing and (event_id == self._committing or (empty and not event_id)):
            self._committing = ""

    def drop_pending_commit(self) -> None:
        """Request no response to speech committed so far."""
        self._committing = ""
        self._listening.stop_waiting()

    # --- timers, close

    def timer(self, timer: TalkLimit | TalkLevel | CommitLate) -> bool:
        """Handle a timer. True if a response is to be requested."""
        if isinstance(timer, CommitLate):
            return timer.event_id == self._committing and self.committed()
        if not self._listening.talking or timer.talk != self._number:
            return False
        if isinstance(timer, TalkLevel):
            self._judge_level()
            return False
        words = f"the turn was ended after {self._limit_s:g} s"
        self._out.report(Notice(Level.INFO, words, "talk_limit_s under [audio] in the profile allows longer ones"))
        return self.end()

    def _judge_level(self) -> None:
        if self._measured and (self._loudest is None or self._loudest < SPEECH_DB):
            self._doubted = True
            self._out.report(MicrophoneDoubted())
            self._out.warn(
                f"nothing louder than {SPEECH_DB:.0f} dBFS comes from the microphone",
                "press F2 if it is muted, or d to choose another one",
            )

    def _trust(self) -> None:
        """Withdraw the doubt: the user only started late. Nothing is reported once the turn has ended."""
        self._doubted = False
        if self._listening.talking:
            self._out.report(MicrophoneDoubted(False))
            self._out.report(Notice(Level.INFO, "the microphone hears you"))

    def close(self) -> None:
        """The session ended: drop the pending commit and the pre-roll."""
        self._committing = ""
        self._preroll.clear()
