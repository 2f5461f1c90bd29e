"""The history of calls: how each stands, when it got there, and what was sent for it."""

import pytest
from msgspec.structs import replace

from rtvoice_tui.protocol.realtime.client_events import CreateItem, CreateResponse
from rtvoice_tui.session.facts import (
    CallChanged,
    CallMoment,
    CallReached,
    CallState,
    ServerChanged,
    ServerState,
    SessionOpened,
)
from rtvoice_tui.store.calls import KEPT, CallHistory, waits
from rtvoice_tui.store.store import Store

CALL = CallChanged(1, "K", "K", "item_K", "get_weather", "", CallState.STREAMING)


def through(*states: CallState, key: str = "K", history: CallHistory | None = None) -> CallHistory:
    """A call that went through these states, one each second."""
    history = history or CallHistory()
    for second, state in enumerate(states):
        history.changed(replace(CALL, key=key, state=state), float(second))
    return history


def test_a_call_is_one_record_from_its_first_word_to_its_end():
    history = through(CallState.STREAMING, CallState.ASKING, CallState.RUNNING, CallState.OK)
    (record,) = history.records
    assert (record.seen_at, record.started_at, record.ended_at) == (0.0, 2.0, 3.0)
    assert record.duration_ms == 1000
    assert record.call.state is CallState.OK


@pytest.mark.parametrize("end", [CallState.FAILED, CallState.CANCELLED, CallState.DENIED])
def test_a_call_that_never_ran_has_no_duration(end):
    (record,) = through(CallState.STREAMING, CallState.ASKING, end).records
    assert (record.started_at, record.ended_at, record.duration_ms) == (None, 2.0, None)


def test_a_call_that_runs_has_no_duration_yet():
    (record,) = through(CallState.RUNNING).records
    assert record.duration_ms is None


def test_a_call_that_is_told_again_after_its_end_ended_when_it_did():
    (record,) = through(CallState.RUNNING, CallState.OK, CallState.OK).records
    assert record.ended_at == 1.0


def test_what_would_run_stays_shown_when_the_call_goes_on():
    history = CallHistory()
    history.changed(replace(CALL, state=CallState.ASKING, preview="rm notes.txt"), 0)
    history.changed(replace(CALL, state=CallState.RUNNING), 1)
    history.changed(replace(CALL, state=CallState.OK, output="done"), 2)
    assert history.records[0].call.preview == "rm notes.txt"
    assert history.records[0].call.output == "done"
    history.changed(replace(CALL, state=CallState.OK, preview="another"), 3)
    assert history.records[0].call.preview == "another"


def test_the_moments_of_a_call_are_kept_with_what_was_sent():
    history = through(CallState.RUNNING)
    output = CreateItem(event_id="e1", item={"type": "function_call_output"})
    asked = CreateResponse(event_id="e2")
    history.reached(CallReached("K", CallMoment.ARGUMENTS), 1)
    history.reached(CallReached("K", CallMoment.SENT, output), 2)
    history.reached(CallReached("K", CallMoment.ASKED, asked), 3)
    history.reached(CallReached("K", CallMoment.ANSWERED), 4)
    record = history.records[0]
    assert record.moments == {
        CallMoment.ARGUMENTS: 1,
        CallMoment.SENT: 2,
        CallMoment.ASKED: 3,
        CallMoment.ANSWERED: 4,
    }
    assert record.sent == [output, asked]


def test_a_moment_that_comes_again_keeps_its_first_time_but_nothing_that_was_sent_is_lost():
    history = through(CallState.RUNNING)
    first = CreateItem(event_id="e1", item={})
    second = CreateItem(event_id="e2", item={})
    history.reached(CallReached("K", CallMoment.SENT, first), 1)
    history.reached(CallReached("K", CallMoment.SENT, second), 5)
    assert history.records[0].moments == {CallMoment.SENT: 1}
    assert history.records[0].sent == [first, second]


def test_a_moment_of_a_call_that_nobody_knows_changes_nothing():
    history = CallHistory()
    history.reached(CallReached("ghost", CallMoment.SENT), 1)
    assert (history.records, history.version) == ([], 0)


def test_no_more_than_so_many_calls_are_kept_and_they_are_the_newest():
    history = CallHistory()
    for number in range(KEPT + 5):
        history.changed(replace(CALL, key=f"K{number}"), number)
    assert len(history.records) == KEPT
    assert [record.number for record in history.records[:1] + history.records[-1:]] == [6, KEPT + 5]
    assert history.records[-1].call.key == f"K{KEPT + 4}"


def test_a_list_that_somebody_reads_does_not_grow_under_their_hands():
    history = through(CallState.RUNNING)
    read = history.records
    through(CallState.RUNNING, key="L", history=history)
    assert len(read) == 1
    assert len(history.records) == 2


def test_a_new_session_begins_new_records_for_ids_that_come_again():
    history = through(CallState.RUNNING, CallState.CANCELLED)
    history.new_session()
    through(CallState.RUNNING, history=history)
    assert [(r.number, r.call.state) for r in history.records] == [(1, CallState.CANCELLED), (2, CallState.RUNNING)]
    history.reached(CallReached("K", CallMoment.SENT), 9)
    assert [bool(record.moments) for record in history.records] == [False, True]


def test_a_run_by_hand_goes_on_through_a_new_session():
    history = CallHistory()
    manual = replace(CALL, key="by hand 1", call_id="", manual=True, state=CallState.RUNNING)
    history.changed(manual, 0)
    history.new_session()
    history.changed(replace(manual, state=CallState.OK), 1)
    (record,) = history.records
    assert (record.call.state, record.duration_ms) == (CallState.OK, 1000)


def test_the_calls_that_wait_for_the_user_come_oldest_first():
    history = CallHistory()
    for key, state, kind in [
        ("1", CallState.ASKING, "command"),
        ("2", CallState.RUNNING, "command"),
        ("3", CallState.RUNNING, "ask"),
        ("4", CallState.OK, "ask"),
        ("5", CallState.ASKING, ""),
        ("6", CallState.DENIED, "ask"),
    ]:
        history.changed(replace(CALL, key=key, state=state, kind=kind), 0)
    assert [record.call.key for record in history.asking] == ["1", "3", "5"]
    history.changed(replace(CALL, key="1", state=CallState.RUNNING, kind="command"), 1)
    assert [record.call.key for record in history.asking] == ["3", "5"]


@pytest.mark.parametrize("state", list(CallState))
@pytest.mark.parametrize("kind", ["", "ask", "python"])
def test_a_call_waits_for_the_user_to_agree_or_to_give_its_result(state, kind):
    expected = state is CallState.ASKING or (state is CallState.RUNNING and kind == "ask")
    assert waits(replace(CALL, state=state, kind=kind)) is expected


def test_each_server_stands_as_it_last_told():
    history = CallHistory()
    history.server_changed(ServerChanged("files", ServerState.STARTING))
    history.server_changed(ServerChanged("mail", ServerState.FAILED, "not found"))
    history.server_changed(ServerChanged("files", ServerState.CONNECTED, tools=3))
    assert {name: (fact.state, fact.tools) for name, fact in history.servers.items()} == {
        "files": (ServerState.CONNECTED, 3),
        "mail": (ServerState.FAILED, 0),
    }


def test_every_change_is_seen_by_its_version():
    history = CallHistory()
    seen = [history.version]
    for change in (
        lambda: history.changed(CALL, 0),
        lambda: history.reached(CallReached("K", CallMoment.ARGUMENTS), 1),
        lambda: history.server_changed(ServerChanged("files", ServerState.STARTING)),
    ):
        change()
        seen.append(history.version)
    assert seen == sorted(set(seen))


def test_the_store_hands_everything_about_calls_on():
    store = Store()
    store.record(replace(CALL, state=CallState.RUNNING), 1)
    store.record(CallReached("K", CallMoment.ARGUMENTS), 2)
    store.record(ServerChanged("files", ServerState.CONNECTED), 3)
    assert store.calls.records[0].started_at == 1
    assert store.calls.records[0].moments == {CallMoment.ARGUMENTS: 2}
    assert list(store.calls.servers) == ["files"]
    store.record(SessionOpened("s", {}), 4)
    store.record(replace(CALL, state=CallState.STREAMING), 5)
    assert [record.seen_at for record in store.calls.records] == [1, 5]


def test_a_run_by_hand_is_no_part_of_the_conversation():
    store = Store()
    store.record(replace(CALL, manual=True), 1)
    assert store.transcript.entries == []
    store.record(CALL, 2)
    assert len(store.transcript.entries) == 1
