"""What is printed: facts of the session become lines, each about one thing that has finished."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rtvoice_tui.cli.plain import turns
from rtvoice_tui.cli.plain.wording import advice, line
from rtvoice_tui.session import facts
from rtvoice_tui.session.facts import CallChanged, CallState, EditState, Fact, Level, Moment, Notice, Phase
from rtvoice_tui.store.calls import waits
from rtvoice_tui.store.notices import FOLDED_S
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Entry, Speaker

LIVE = (Phase.READY, Phase.LISTENING, Phase.HEARING, Phase.THINKING, Phase.TOOL, Phase.SPEAKING)
"""Phases of a session that takes messages."""

_BEFORE_THE_END = (Phase.THINKING, Phase.SPEAKING)
"""Phases in which more of a response may be spoken."""

_LEVELS = {Level.INFO: "note", Level.WARNING: "warning", Level.ERROR: "error"}
_BEGUN = (CallState.RUNNING, CallState.HOSTED)
_ENDED = (CallState.OK, CallState.FAILED, CallState.DENIED, CallState.CANCELLED)


class _Told(NamedTuple):
    """What was printed of an entry, and whether that said where it was cut."""

    words: str
    cut: bool


class Lines:
    """Turns facts into lines. Called on the session's thread, after the store has recorded each fact.

    A spoken response is printed when it has been heard, or where it was cut, so that the line says what was heard and
    no screen reader talks over the agent. Where nothing is heard it is printed once its text is complete.

    Args:
        store: the session's store.
        time: returns the time of day of a time on the store's clock, such as ``12:03``.
        about: returns what a session is with, such as ``local agent, voice heart``.
        profile: returns the name of the open profile, for what can be done about it.
    """

    def __init__(
        self,
        store: Store,
        time: Callable[[float], str],
        about: Callable[[], str],
        profile: Callable[[], str] = lambda: "NAME",
    ) -> None:
        self._store = store
        self._time = time
        self._about = about
        self._profile = profile
        self._live = False
        self._seen = 0  # version of the transcript
        self._held: list[Entry] = []
        self._cutting = False
        self._told: dict[int, _Told] = {}  # by index of the entry
        self._calls: dict[str, CallState] = {}
        self._question = ""
        self._previewed: set[str] = set()
        self._notice: tuple[float, Notice | None] = (-1.0, None)
        self._refusal = ""
        self._muted = (False, False)
        self._talking = False

    def of(self, fact: Fact, at: float) -> list[str]:
        """The lines for a fact.

        Args:
            fact: what happened.
            at: its time in seconds on the store's clock.
        """
        match fact:
            case facts.PhaseChanged():
                return [*self._phase(fact.phase, at), *self._due()]
            case facts.SessionEnded():
                self._cutting = False
                return [*self._turns(), *self._print(self._held), *self._ended(fact, at)]
            case facts.UserSaid(final=True) | facts.AgentSaid(final=True):
                return self._turns()
            case facts.Reached(moment=Moment.INTERRUPTED):
                self._cutting = True  # how much was heard is known when the speaker is silent
            case facts.ResponseCut() | facts.ResponseLost():
                self._cutting = False
                return [*self._turns(), *self._due()]
            case facts.SpeechPlayed() if fact.played_ms >= fact.received_ms:
                return self._due(fact.item_id)
            case CallChanged(manual=False):
                return list(self._call(fact))
            case Notice():
                return self._notified(fact, at)
            case facts.AudioSet():
                return self._audio(fact)
            case facts.TalkChanged():
                return self._talk(fact)
            case facts.EditChanged():
                self._refusal = fact.detail if fact.edit_id and fact.state is EditState.REFUSED else ""
        return []

    # --- the session

    def _phase(self, phase: Phase, at: float) -> list[str]:
        if phase in LIVE and not self._live:
            self._live = True
            return [f"{self._time(at)} session live with {line(self._about())}{self._known()}"]
        return []

    def _known(self) -> str:
        """What a new session knows of an earlier one."""
        last = next(reversed(self._store.transcript.entries), None)
        if last is None or last.speaker is not Speaker.SEAM:
            return ""
        messages = "the message before" if last.history == 1 else f"{last.history} earlier messages"
        return f"; it knows {messages}" if last.history else "; a new conversation"

    def _ended(self, fact: facts.SessionEnded, at: float) -> list[str]:
        was_live, self._live = self._live, False
        if fact.wanted:
            return [f"{self._time(at)} disconnected"]
        return [f"{self._time(at)} {'connection lost' if was_live else 'not connected'}"]

    def _notified(self, notice: Notice, at: float) -> list[str]:
        if self._refusal and notice.text == self._refusal:
            return []  # it is said with the outcome of the change
        before, same = self._notice
        self._notice = at, notice
        if notice == same and at - before <= FOLDED_S:
            return []
        return [f"{_LEVELS[notice.level]}: {advice(notice.text, notice.remedy, self._profile())}"]

    def _audio(self, fact: facts.AudioSet) -> list[str]:
        (microphone, agent), self._muted = self._muted, (fact.settings.muted, fact.settings.agent_muted)
        found = []
        if fact.settings.muted != microphone:
            found.append("microphone muted" if fact.settings.muted else "microphone open")
        if fact.settings.agent_muted != agent:
            found.append("agent muted" if fact.settings.agent_muted else "agent audible")
        return found

    def _talk(self, fact: facts.TalkChanged) -> list[str]:
        before, self._talking = self._talking, fact.talking
        if fact.talking == before:
            return []
        return ["you talk: /talk ends the turn"] if fact.talking else ["your turn has ended"]

    # --- turns

    def _turns(self) -> list[str]:
        """Print what is complete of the entries that changed; hold back what is still being spoken."""
        transcript = self._store.transcript
        version = transcript.version
        changed = transcript.changed_since(self._seen)
        self._seen = version
        entries = transcript.entries
        found: list[str] = []
        for entry in entries if changed is None else [entries[index] for index in changed]:
            if not entry.final or entry.speaker not in (Speaker.YOU, Speaker.AGENT):
                continue
            if self._waits(entry):
                if entry not in self._held and (entry.speaker is Speaker.YOU or entry.index not in self._told):
                    self._held.append(entry)
                continue
            found += self._turn(entry)
        return found

    def _waits(self, entry: Entry) -> bool:
        """Whether an entry is held back: it is being spoken, or it is not known yet where the one before is cut."""
        spoken = entry.speaker is Speaker.AGENT and entry.cut is None and not entry.note
        return self._cutting or (spoken and self._is_being_spoken)

    @property
    def _is_being_spoken(self) -> bool:
        return self._store.session.phase in _BEFORE_THE_END and turns.can_be_heard(self._store)

    def _due(self, key: str = "") -> list[str]:
        """Print what was held back and waits no more; also the entry with this key, which was heard."""
        return self._print([entry for entry in self._held if entry.key == key or not self._waits(entry)])

    def _print(self, entries: list[Entry]) -> list[str]:
        return [words for entry in list(entries) for words in self._turn(entry)]

    def _turn(self, entry: Entry) -> list[str]:
        if entry in self._held:
            self._held.remove(entry)
        if not (entry.text.strip() or entry.note or entry.missing) and entry.cut is None:
            return []
        before, is_cut = self._told.get(entry.index), entry.cut is not None
        audible = turns.can_be_heard(self._store)
        words = turns.turn(entry, audible)
        if before is not None and entry.speaker is Speaker.AGENT:
            words = turns.cut(entry, audible, told=True) if is_cut and not before.cut else ""
        elif before is not None and before.words == words:
            words = ""
        if not words:
            return []
        self._told[entry.index] = _Told(words, is_cut)
        return [words]

    # --- calls

    def _call(self, call: CallChanged) -> Iterator[str]:
        before = self._calls.get(call.key)
        if call.state in _BEGUN and before not in _BEGUN and call.kind != "ask":
            yield turns.call_begun(call)
        elif call.state in _ENDED and before not in _ENDED:
            record = next((r for r in reversed(self._store.calls.records) if r.call.key == call.key), None)
            if before not in _BEGUN and not waits(call) and before is not CallState.ASKING:
                yield turns.call_begun(call)
            if record is not None:
                yield turns.call_ended(record)
        if call.state is CallState.ASKING and (before is CallState.ASKING or call.preview):
            self._previewed.add(call.key)
        self._calls[call.key] = call.state
        yield from self._ask()

    def _ask(self) -> Iterator[str]:
        """Ask for the call that waits longest, unless it was asked for; the next one follows when it is answered."""
        waiting = [record.call for record in self._store.calls.asking]
        if not waiting or waiting[0].key == self._question:
            self._question = waiting[0].key if waiting else ""
            return
        call = waiting[0]
        if call.kind == "ask" or call.key in self._previewed:  # what would run is known a moment later
            self._question = call.key
            yield turns.question(call)

    @property
    def question(self) -> str:
        """Key of the waiting call that was printed last; empty if none waits."""
        return self._question
