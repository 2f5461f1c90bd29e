"""The transcript: who said what in which turn, what was heard of it, and the calls in between."""

import json
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    CutConfirmed,
    ResponseCut,
    ResponseLost,
    UserSaid,
)
from rtvoice_tui.store.plain import one_line, visible

CUT_OFF = "cut off: the session ended before this was complete"

TOUCHED = 1024
"""Changes of entries that are remembered: a reader that is further behind looks at all of them."""


class Speaker(StrEnum):
    """Whose line it is."""

    YOU = "YOU"
    AGENT = "AGENT"
    TOOL = "fn"


@dataclass(slots=True)
class Entry:
    """One paragraph of the transcript. The writer changes the words before ``version``, so a reader misses nothing.

    Attributes:
        speaker: whose it is.
        turn: the turn it belongs to.
        at: when it began, in seconds since the session began.
        index: its place among all entries.
        version: grows when the entry changes.
        rewritten: grows when anything but an appended tail changed.
        parts: the words in the pieces they came in: adding one must not copy those before it.
        length: characters in all parts.
        final: whether it is complete.
        heard: share of the words that was heard, where an answer was cut; else ``None``.
        note: a mark under the text: what became of an interruption, or why words failed.
        confirmed: whether the server took over what was heard.
        state: of a function call.
        out_of_band: whether it was said outside the conversation.
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
    state: str = ""
    out_of_band: bool = False

    @property
    def text(self) -> str:
        """The words as one."""
        return "".join(self.parts)

    def append(self, text: str) -> None:
        """Add to the words."""
        if text:
            self.parts.append(text)
            self.length += len(text)

    def replace(self, text: str) -> None:
        """Say something else."""
        self.parts, self.length = ([text] if text else []), len(text)

    def close(self) -> None:
        """It is complete: what came in a thousand pieces is kept as one."""
        self.final = True
        if len(self.parts) > 1:
            self.parts = [self.text]
            self.rewritten += 1


class Transcript:
    """Entries in the order of speech: a user's words take the place where the speech began, however late they come.

    Attributes:
        version: grows with every change.
    """

    def __init__(self) -> None:
        self.version = 0
        self.entries: list[Entry] = []
        self._by_key: dict[str, Entry] = {}
        self._growing: dict[int, Entry] = {}  # words of the user that are not final, by their place
        self._first: dict[int, int] = {}
        self._touched: deque[tuple[int, int]] = deque(maxlen=TOUCHED)

    def new_session(self) -> None:
        """Ids begin anew: what was said before stays as it is."""
        self._by_key.clear()

    def user_said(self, fact: UserSaid, at: float) -> None:
        """Words of the user, whole."""
        entry = self._entry(Speaker.YOU, fact.turn, at, fact.item_id)
        self._rewrite(entry, visible(fact.text))
        entry.final = fact.final
        if fact.final:
            self._growing.pop(entry.index, None)
        else:
            self._growing[entry.index] = entry
        if fact.failed:
            entry.note = f"not recognised: {one_line(fact.failed)}"

    def agent_said(self, fact: AgentSaid, at: float) -> None:
        """Words of the agent, a piece or whole."""
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

    def response_cut(self, fact: ResponseCut, at: float) -> None:
        """An answer was interrupted: remember which part of it was heard."""
        entry = self._entry(Speaker.AGENT, fact.turn, at, fact.item_id)
        share = fact.heard_ms / fact.received_ms if fact.received_ms else 0.0
        entry.heard = min(1.0, share)
        entry.close()
        entry.note = f"interrupted: heard {fact.heard_ms / 1000:.1f} of {fact.received_ms / 1000:.1f} s, {fact.outcome}"
        entry.rewritten += 1
        self._touch(entry)

    def response_lost(self, fact: ResponseLost, at: float) -> None:
        """The session ended in the middle of an answer."""
        self._cut_off(self._entry(Speaker.AGENT, fact.turn, at, fact.item_id))

    def session_ended(self) -> None:
        """Nothing more comes: words that were still growing stay as they are."""
        for entry in self._growing.values():
            self._cut_off(entry)
        self._growing.clear()

    def _cut_off(self, entry: Entry) -> None:
        if entry.final:
            return
        entry.close()
        entry.note = CUT_OFF
        entry.rewritten += 1
        self._touch(entry)

    def cut_confirmed(self, fact: CutConfirmed) -> None:
        """The server confirmed a truncation or deletion."""
        entry = self._by_key.get(fact.item_id)
        if entry is not None and entry.heard is not None and not entry.confirmed:
            entry.confirmed = True
            entry.note += ", acknowledged"
            entry.rewritten += 1
            self._touch(entry)

    def call_changed(self, fact: CallChanged, at: float) -> None:
        """A function call, one line."""
        entry = self._entry(Speaker.TOOL, fact.turn, at, f"call:{fact.key}")
        entry.state = str(fact.state)
        entry.final = fact.state not in (CallState.STREAMING, CallState.ASKING, CallState.RUNNING)
        streaming = fact.state is CallState.STREAMING  # as it came: reading all of it with every piece takes long
        arguments = one_line(fact.arguments, 200) if streaming else arguments_shown(fact.arguments)
        self._rewrite(entry, f"{one_line(fact.name, 60)}({arguments})")

    def first_of_turn(self, turn: int) -> int | None:
        """Index of the first entry of a turn."""
        return self._first.get(turn)

    def changed_since(self, version: int) -> list[int] | None:
        """Indexes of the entries that changed after a version, in order; ``None`` if too many have."""
        touched = tuple(self._touched)  # a copy: the session's thread goes on adding
        if touched and touched[0][0] > version + 1 and len(touched) == TOUCHED:
            return None
        return sorted({index for number, index in reversed(touched) if number > version})

    def _entry(self, speaker: Speaker, turn: int, at: float, key: str) -> Entry:
        key = key or f"{speaker} of turn {turn}"
        entry = self._by_key.get(key)
        if entry is None:
            entry = self._by_key[key] = Entry(speaker, turn, at, key, len(self.entries))
            self._first.setdefault(turn, entry.index)
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


def arguments_shown(text: str) -> str:
    """``city=Berlin`` once the JSON is whole, until then what has arrived of it."""
    try:
        values = json.loads(text or "{}")
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        return one_line(text, 200)
    return one_line(", ".join(f"{name}={_shown(value)}" for name, value in values.items()), 200)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
