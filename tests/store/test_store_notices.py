"""Which notice is shown where there is room for one."""

import pytest

from rtvoice_tui.session.facts import (
    AgentIdentified,
    Level,
    Notice,
    Phase,
    PhaseChanged,
    SessionOpened,
    SettingsReported,
)
from rtvoice_tui.store.notices import Notices
from rtvoice_tui.store.store import KEPT_NOTICES, Store

INFO, WARNING, ERROR = Level.INFO, Level.WARNING, Level.ERROR


def shown(*told: tuple[float, Level], now: float = 10.0, hidden: float = -1.0, opened: float | None = None) -> str:
    """Level and time of the notice that is shown."""
    notices = Notices(500)
    for at, level in told:
        notices.add(at, Notice(level, f"{level} {at:.0f}"))
        if at == hidden:
            notices.hide()
    found = notices.worst(now, opened)
    return found.text if found is not None else ""


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ([(1, ERROR), (2, WARNING)], "error 1"),
        ([(1, ERROR), (2, INFO)], "error 1"),
        ([(1, ERROR), (2, WARNING), (3, INFO), (4, WARNING)], "error 1"),
        ([(1, WARNING), (2, INFO)], "warning 1"),
        ([(1, ERROR), (2, ERROR)], "error 2"),
        ([(1, WARNING), (2, WARNING)], "warning 2"),
        ([(1, INFO), (2, INFO)], "info 2"),
        ([(1, WARNING), (2, ERROR)], "error 2"),
        ([], ""),
    ],
)
def test_a_lesser_notice_never_hides_a_worse_one(told, text):
    assert shown(*told) == text


def test_an_error_stays_however_long_ago_it_was():
    assert shown((1, ERROR), (900, WARNING), now=1000) == "error 1"


def test_a_warning_gives_way_to_information_after_a_while():
    assert shown((1, WARNING), (5, INFO), now=10) == "warning 1"
    assert shown((1, WARNING), (5, INFO), now=30) == "info 5"


def test_an_old_warning_stays_where_nothing_came_after_it():
    assert shown((1, WARNING), now=1000) == "warning 1"


def test_what_the_user_hid_is_hidden_and_what_comes_later_is_not():
    assert shown((1, ERROR), (2, WARNING), hidden=2) == ""
    assert shown((1, ERROR), (2, WARNING), (3, INFO), hidden=2) == "info 3"


def test_an_error_from_before_a_session_opened_is_solved():
    assert shown((1, ERROR), opened=2) == ""
    assert shown((1, ERROR), (3, WARNING), opened=2) == "warning 3"
    assert shown((3, ERROR), opened=2) == "error 3"


@pytest.mark.parametrize("level", [INFO, WARNING, ERROR])
def test_a_flood_of_the_same_notice_drops_none_of_the_others(level):
    notices = Notices(10)
    notices.add(1, Notice(ERROR, "the cause"))
    for frame in range(100):
        notices.add(2 + frame / 50, Notice(level, "again"))
    assert [notice.text for _, notice in notices] == ["the cause", "again"]


def test_the_same_error_of_another_attempt_is_another_entry():
    notices = Notices(10)
    for at in (1, 1.01, 5):
        notices.add(at, Notice(ERROR, "refused"))
        notices.connecting()
    assert [at for at, _ in notices] == [1, 1.01, 5]


def test_a_flood_of_lesser_notices_drops_no_error():
    store = Store()
    store.record(Notice(ERROR, "the cause"), 1)
    for at in range(2, 2 * KEPT_NOTICES):
        store.record(Notice(WARNING, f"warning {at}"), at)
    assert len(store.notices) == KEPT_NOTICES
    assert next(iter(store.notices))[1].text == "the cause"


def test_only_errors_from_before_the_connection_of_the_open_session_are_solved():
    store = Store()
    store.record(Notice(ERROR, "of the last connection"), 1)
    store.record(PhaseChanged(Phase.CONNECTING), 2)
    assert store.notices.worst(2, store.session.connected_from).text == "of the last connection"
    store.record(Notice(ERROR, "before the greeting"), 3)
    store.record(SessionOpened("s", {}), 4)
    assert store.notices.worst(4, store.session.connected_from).text == "before the greeting"
    store.record(PhaseChanged(Phase.CONNECTING), 5)
    store.record(SessionOpened("s", {}), 6)
    assert store.notices.worst(6, store.session.connected_from) is None


@pytest.mark.parametrize("level", [INFO, WARNING, ERROR])
def test_the_newest_notice_is_kept_however_many_errors_there_were(level):
    notices = Notices(10)
    for at in range(20):
        notices.add(at, Notice(ERROR, f"error {at}"))
    notices.add(20, Notice(level, "the newest"))
    assert notices[-1] == (20, Notice(level, "the newest"))
    assert len(notices) == 10


def test_a_warning_that_a_new_session_solves_goes_with_it():
    notices = Notices(10)
    notices.add(1, Notice(WARNING, "it may be lost", until_session=True))
    notices.add(1, Notice(WARNING, "a tool is not offered"))
    assert notices.worst(1, 2).text == "a tool is not offered"


def test_what_is_in_force_belongs_to_the_agent_that_is_open():
    store = Store()
    store.record(AgentIdentified("local rules"), 1.0)
    store.record(SettingsReported({"voice": "heart"}, at_start=True), 2.0)
    store.record(AgentIdentified("local rules"), 3.0)
    assert store.session.in_force == {"voice": "heart"}
    store.record(AgentIdentified("mine gpt-realtime"), 4.0)
    assert (store.session.in_force, store.session.at_start) == ({}, {})
    store.events.close()
