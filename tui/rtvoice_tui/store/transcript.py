"""The transcript: speech and text of both sides by turn, how much of it was heard, and function calls."""

import json
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    CutConfirmed,
    ResponseCut,
    ResponseLost,
    SpeechPlayed,
    UserSaid,
)
from rtvoice_tui.store.plain import one_line, visible

CUT_OFF = "cut off: the session ended before this was complete"

TOUCHED = 1024
"""Number of entry changes that are remembered: a reader that is further behind has to read all entries."""


class Speaker(StrEnum):
    """Source of an entry."""

    YOU = "YOU"
    AGENT = "AGENT"
    TOOL = "fn"
    SEAM = "──"
    """No words: a new session starts here."""


class Heard(NamedTuple):
    """How much of a cut response was heard, in ms, and what was done about it at the server."""

    heard_ms: int
    received_ms: int
    outcome: str


@dataclass(slots=True)
class Entry:
    """One paragraph of the transcript. The writer changes the text before ``version``, so a reader misses no change.

    Attributes:
        speaker: source of the entry.
        turn: the turn it belongs to.
        at: time of its first text, in seconds on the store's clock.
        key: item id, ``call:`` and the key of a call, or speaker and turn if there is no id.
        index: its index in `Transcript.entries`.
        parts: the text as a list of deltas, so that appending does not copy the earlier text.
        length: number of characters in all parts.
        version: incremented when the entry changes.
        rewritten: incremented when anything but appended text changed.
        final: whether it is complete.
        heard: share of a cut response that was heard, 0 to 1; ``None`` if it was not cut.
        note: text below the entry: the outcome of an interruption, or why the transcription failed.
        cut: how a cut response ended.
        confirmed: whether the server acknowledged the truncation or deletion.
        state: state of a function call; empty for other entries.
        out_of_band: whether it belongs to an out-of-band response.
        missing: why there are no words; shown in place of them.
        history: of a seam, the number of earlier messages that the new session knows.
    """

    speaker: Speaker
    turn: int
    at: float
    key: str
    index: int = 0
    parts: list[str] = field(default_factory=list)
    length: int = 0
    version: int = 0
    rewritten: int = 0
    final: bool = False
    heard: float | None = None
    note: str = ""
    confirmed: bool = False
    cut: Heard | None = None
    state: str = ""
    out_of_band: bool = False
    missing: str = ""
    history: int = 0

    @property
    def text(self) -> str:
        """The full text."""
        return "".join(self.parts)

    @property
    def heard_text(self) -> str:
        """Of a cut response the part that was heard, up to the end of a word; otherwise the full text."""
        text = self.text
        if self.heard is None:
            return text
        return text[: whole_word(text, max(1, int(self.heard * len(text))))] if self.heard else ""

    def append(self, text: str) -> None:
        """Append text."""
        if text:
            self.parts.append(text)
            self.length += len(text)

    def replace(self, text: str) -> None:
        """Replace the full text."""
        self.parts, self.length = ([text] if text else []), len(text)

    def close(self) -> None:
        """Mark the entry as final and join its parts."""
        self.final = True
        if len(self.parts) > 1:
            self.parts = [self.text]
            self.rewritten += 1


class Spoken(NamedTuple):
    """What the device plays now: an entry, and the share of its received speech that has been played, 0 to 1."""

    entry: Entry
    share: float


class Transcript:
    """Entries in order of speech: a user's entry is created when the speech starts, even if its text arrives late.

    Written by the session's thread, read by the screen's.

    Attributes:
        version: incremented on every change.
        entries: all entries, oldest first; entries are only appended.
        spoken: what is being spoken; ``None`` while the agent is silent.
    """

    def __init__(self) -> None:
        self.version = 0
        self.entries: list[Entry] = []
        self.spoken: Spoken | None = None
        self._by_key: dict[str, Entry] = {}
        self._growing: dict[int, Entry] = {}  # text of the user that is not final yet, by index
        self._first: dict[int, int] = {}
        self._answers: dict[int, Entry] = {}
        self._touched: deque[tuple[int, int]] = deque(maxlen=TOUCHED)

    def new_session(self, turn: int, at: float, history: int) -> None:
        """Forget the ids of the old session; its entries are kept, and a seam separates them from those that follow.

        Args:
            turn: number of the last turn.
            at: time in seconds on the store's clock.
            history: number of earlier messages that the new session knows.
        """
        self._by_key.clear()
        if not self.entries:
            return
        last = self.entries[-1]
        seam = (
            last if last.speaker is Speaker.SEAM else self._entry(Speaker.SEAM, turn, at, f"seam {len(self.entries)}")
        )
        seam.history, seam.final, seam.at = history, True, at
        known = "knows nothing of the above"
        if history:
            known = f"knows the {history} messages above" if history > 1 else "knows the message above"
        self._rewrite(seam, f"new session: {known}")

    def conversation(self) -> list[Entry]:
        """The entries that belong to the current session, with those of earlier ones that were passed to it."""
        start = 0
        for entry in self.entries:
            if entry.speaker is Speaker.SEAM and not entry.history:
                start = entry.index + 1
        return self.entries[start:]

    def first_answer(self, turn: int) -> Entry | None:
        """The first entry of the agent in a turn."""
        return self._answers.get(turn)

    def user_said(self, fact: UserSaid, at: float) -> None:
        """Record the full text of a user item so far."""
        entry = self._entry(Speaker.YOU, fact.turn, at, fact.item_id)
        entry.final = fact.final
        entry.missing = fact.missing
        failure = f"{'not delivered' if fact.typed else 'not recognised'}: {one_line(fact.failed)}"
        entry.note = failure if fact.failed else ""
        self._rewrite(entry, visible(fact.text) if fact.text.strip() else "")
        if fact.final:
            self._growing.pop(entry.index, None)
        else:
            self._growing[entry.index] = entry

    def agent_said(self, fact: AgentSaid, at: float) -> None:
        """Record a delta or the full text of an agent item."""
        entry = self._entry(Speaker.AGENT, fact.turn, at, fact.item_id)
        text = visible(fact.text)
        if fact.replace:
            self._rewrite(entry, text)
        else:
            entry.append(text)
        entry.out_of_band = fact.out_of_band
        if fact.final:
            entry.close()
        self._touch(entry)

    def speech_played(self, fact: SpeechPlayed) -> None:
        """Record how far an item has been spoken; does not count as a change of the transcript."""
        entry = self._by_key.get(fact.item_id)
        if entry is None or entry.heard is not None or fact.played_ms >= fact.received_ms:
            self.spoken = None
        else:
            self.spoken = Spoken(entry, fact.played_ms / fact.received_ms)

    def response_cut(self, fact: ResponseCut, at: float) -> None:
        """Record that a response was interrupted, and which share of it was heard."""
        entry = self._entry(Speaker.AGENT, fact.turn, at, fact.item_id)
        share = fact.heard_ms / fact.received_ms if fact.received_ms else 0.0
        entry.heard = 1.0 if fact.written else min(1.0, share)
        entry.close()
        entry.cut = Heard(fact.heard_ms, fact.received_ms, fact.outcome)
        if self.spoken is not None and self.spoken.entry is entry:
            self.spoken = None
        heard = f"heard {fact.heard_ms / 1000:.1f} of {fact.received_ms / 1000:.1f} s, " if fact.received_ms else ""
        entry.note = f"interrupted: {heard}{fact.outcome}"
        entry.rewritten += 1
        self._touch(entry)

    def response_lost(self, fact: ResponseLost, at: float) -> None:
        """Record that the session ended before a response was complete."""
        self._cut_off(self._entry(Speaker.AGENT, fact.turn, at, fact.item_id))

    def session_ended(self) -> None:
        """Mark the user's unfinished text as cut off."""
        self.spoken = None
        for entry in self._growing.values():
            self._cut_off(entry)
        self._growing.clear()

    def _cut_off(self, entry: Entry) -> None:
        if entry.final and entry.heard is None:
            return
        entry.close()
        entry.note = CUT_OFF if entry.heard is None else f"{CUT_OFF}; {entry.note.removeprefix('interrupted: ')}"
        entry.rewritten += 1
        self._touch(entry)

    def cut_confirmed(self, fact: CutConfirmed) -> None:
        """Record that the server confirmed a truncation or deletion."""
        entry = self._by_key.get(fact.item_id)
        if entry is not None and entry.heard is not None and not entry.confirmed:
            entry.confirmed = True
            entry.note += ", acknowledged"
            entry.rewritten += 1
            self._touch(entry)

    def call_changed(self, fact: CallChanged, at: float) -> None:
        """Record a function call as one line."""
        entry = self._entry(Speaker.TOOL, fact.turn, at, f"call:{fact.key}")
        entry.state = str(fact.state)
        entry.final = fact.state not in (CallState.STREAMING, CallState.ASKING, CallState.RUNNING)
        streaming = fact.state is CallState.STREAMING  # shown unparsed: parsing it with every delta is slow
        arguments = one_line(fact.arguments, 200) if streaming else arguments_shown(fact.arguments)
        self._rewrite(entry, f"{one_line(fact.name, 60)}({arguments})")

    def first_of_turn(self, turn: int) -> int | None:
        """Return the index of the first entry of a turn; ``None`` if it has none."""
        return self._first.get(turn)

    def changed_since(self, version: int) -> list[int] | None:
        """Return the sorted indexes of the entries that changed after a version; ``None`` if too many changed."""
        touched = tuple(self._touched)  # a copy: the session's thread keeps appending
        if touched and touched[0][0] > version + 1 and len(touched) == TOUCHED:
            return None
        return sorted({index for number, index in reversed(touched) if number > version})

    def _entry(self, speaker: Speaker, turn: int, at: float, key: str) -> Entry:
        key = key or f"{speaker} of turn {turn}"
        entry = self._by_key.get(key)
        if entry is not None and entry.speaker is not speaker:  # a server gives the item of the other side the same id
            key = f"{speaker} {key}"
            entry = self._by_key.get(key)
        if entry is None:
            entry = self._by_key[key] = Entry(speaker, turn, at, key, len(self.entries))
            if speaker is not Speaker.SEAM:
                self._first.setdefault(turn, entry.index)
            if speaker is Speaker.AGENT:
                self._answers.setdefault(turn, entry)
            self.entries.append(entry)
            self._touch(entry)
        return entry

    def _rewrite(self, entry: Entry, text: str) -> None:
        entry.replace(text)
        entry.rewritten += 1
        self._touch(entry)

    def _touch(self, entry: Entry) -> None:
        entry.version += 1
        change = (self.version + 1, entry.index)
        if self._touched and self._touched[-1][1] == entry.index:
            self._touched[-1] = change
        else:
            self._touched.append(change)
        self.version += 1


def whole_word(text: str, at: int) -> int:
    """The end of the word that a place in a text is in, or the place itself if it is between words."""
    end = at
    while 0 < end < len(text) and text[end].isalnum() and text[end - 1].isalnum() and end - at < 24:
        end += 1
    return end


def arguments_shown(text: str) -> str:
    """Return arguments as ``city=Berlin`` if they are a complete JSON object, otherwise their text."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        return one_line(text, 200)
    return one_line(", ".join(f"{name}={_shown(value)}" for name, value in values.items()), 200)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
