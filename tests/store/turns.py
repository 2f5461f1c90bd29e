"""Turns of many kinds as facts, and stores that hold so many of them."""

from collections.abc import Callable

from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    EditChanged,
    EditState,
    Fact,
    Moment,
    Reached,
    ResponseCut,
    SpeechNoticed,
    SpeechState,
    TurnStarted,
    UserSaid,
)
from rtvoice_tui.store.store import Store

FEW, MANY = 1_000, 3_000
BEGUN, ENDED, _ = SpeechState


def spoken(turn: int, transcript_due: bool = True) -> list[Fact]:
    """A question that the server heard, and its answer."""
    return [
        TurnStarted(turn),
        UserSaid(turn, f"u{turn}", "", final=False),
        Reached(turn, Moment.SPEECH_STARTED),
        SpeechNoticed(turn, BEGUN, False, -30.0),
        SpeechNoticed(turn, ENDED, False, -30.0, transcript_due),
        Reached(turn, Moment.SPEECH_STOPPED, turn + 0.1),
        UserSaid(turn, f"u{turn}", "What is the weather?" if transcript_due else "", final=transcript_due),
        Reached(turn, Moment.FIRST_AUDIO, turn + 0.5),
        AgentSaid(turn, f"a{turn}", "It rains."),
        Reached(turn, Moment.FIRST_HEARD, turn + 0.6),
        AgentSaid(turn, f"a{turn}", "", final=True),
    ]


def wordless(turn: int) -> list[Fact]:
    """A question in a session that recognises no words, and its answer."""
    return [fact for fact in spoken(turn, transcript_due=False) if not isinstance(fact, UserSaid)]


def false(turn: int) -> list[Fact]:
    """A cough that cut the agent short."""
    noticed = [SpeechNoticed(turn, state, True, -50.0, True) for state in (BEGUN, ENDED)]
    return [TurnStarted(turn), *noticed, UserSaid(turn, f"u{turn}", "", final=True)]


def endless(turn: int) -> list[Fact]:
    """Speech of which the server never says that it has ended."""
    return [TurnStarted(turn), SpeechNoticed(turn, BEGUN, False, -50.0)]


def called(turn: int, output: str = "rain") -> list[Fact]:
    """A function call from its beginning to its end."""
    states = (CallState.STREAMING, CallState.RUNNING, CallState.OK)
    about = (f"c{turn}", f"c{turn}", f"i{turn}", "get_weather", '{"city": "Omsk"}')
    return [TurnStarted(turn), *(CallChanged(turn, *about, state, output) for state in states)]


def edited(turn: int) -> list[Fact]:
    """A change of the session."""
    states = (EditState.SENT, EditState.ACKNOWLEDGED)
    return [EditChanged(f"e{turn}", ("instructions",), state, sent={"instructions": "Be brief."}) for state in states]


def cut(turn: int) -> list[Fact]:
    """An answer that was interrupted."""
    return [
        TurnStarted(turn),
        AgentSaid(turn, f"a{turn}", "It rains"),
        ResponseCut(turn, f"a{turn}", 300, 900, "truncated"),
    ]


KINDS = [spoken, wordless, false, endless, called, edited, cut]
Kind = Callable[[int], list[Fact]]


def take(store: Store, facts: list[Fact]) -> None:
    for fact in facts:
        store.record(fact, 1.0)


def filled(kind: Kind, first: int, last: int, store: Store | None = None) -> Store:
    store = store or Store()
    store.events.close()
    for turn in range(first, last + 1):
        take(store, kind(turn))
    return store
