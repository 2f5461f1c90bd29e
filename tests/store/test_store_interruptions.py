"""False interruptions are counted, and the gate that would have avoided them is named if there is one."""

import pytest

from rtvoice_tui.session.facts import SpeechNoticed, SpeechState, TurnStarted, UserSaid
from rtvoice_tui.store.interruptions import Interruptions

BEGUN, ENDED, TRANSCRIPT_LATE = SpeechState


def heard(found: Interruptions, turn: int, level_db: float | None, cut: bool = False, due: bool = True) -> None:
    found.record(TurnStarted(turn))
    found.record(SpeechNoticed(turn, BEGUN, cut, level_db))
    found.record(SpeechNoticed(turn, ENDED, cut, level_db, due))


def said(found: Interruptions, turn: int, text: str, failed: str = "") -> None:
    found.record(UserSaid(turn, f"item {turn}", text, final=True, failed=failed))


WAYS = {
    "the words are none": lambda found: said(found, 1, " "),
    "recognition fails": lambda found: said(found, 1, "", "noise"),
    "no words in time": lambda found: found.record(SpeechNoticed(1, TRANSCRIPT_LATE, False, -50.0, True)),
    "the next turn begins": lambda found: found.record(TurnStarted(2)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_speech_without_words_is_a_false_interruption(way):
    found = Interruptions()
    heard(found, 1, -50.0)
    assert found.judged == []
    way(found)
    assert (len(found.false), found.cut_short) == (1, 0)
    said(found, 1, "late words")
    assert (len(found.false), len(found.judged)) == (0, 1), "words that come late make it a real one"


def test_without_recognition_nothing_is_judged():
    found = Interruptions()
    heard(found, 1, -50.0, due=False)
    found.record(TurnStarted(2))
    assert found.judged == []


def test_those_that_cut_the_agent_short_are_counted_by_themselves():
    found = Interruptions()
    for turn, cut in ((1, True), (2, False), (3, True)):
        heard(found, turn, -50.0, cut)
        said(found, turn, "" if turn < 3 else "a real one")
    assert (len(found.false), found.cut_short, len(found.judged)) == (2, 1, 3)


@pytest.mark.parametrize(
    ("false", "real", "gate"),
    [
        ([-44.0, -52.0], [-20.0, -30.0], -43.0),
        ([-44.0], [], -43.0),
        ([-44.0], [-43.0], None),
        ([-44.0], [-42.9], -43.0),
        ([-15.0, -44.0], [-20.0], None),
        ([-10.2], [], None),
        ([-44.0, None], [-20.0], None),
        ([], [-20.0], None),
        ([-60.0], [-20.0], -59.0),
    ],
)
def test_a_gate_lies_one_db_over_the_loudest_false_one_and_below_all_that_was_said(false, real, gate):
    found = Interruptions()
    for turn, level_db in enumerate([*false, *real], 1):
        heard(found, turn, level_db)
        said(found, turn, "" if turn <= len(false) else "words")
    assert found.gate_db == gate
