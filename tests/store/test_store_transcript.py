"""The transcript reads as the conversation was: words in their place, however late, and what was heard of them."""

import pytest

from rtvoice_tui.session import facts
from rtvoice_tui.session.facts import AgentSaid, CallChanged, CallState, CutConfirmed, ResponseCut, UserSaid
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Speaker, Transcript


def call(state: CallState, **fields: object) -> CallChanged:
    about = {"turn": 1, "key": "call_1", "call_id": "call_1", "item_id": "item_c", "name": "get_weather"}
    return CallChanged(**{**about, "arguments": '{"city": "Omsk"}', "state": state, **fields})  # type: ignore[arg-type]


def test_words_of_the_user_that_come_after_the_answer_stand_before_it():
    transcript = Transcript()
    transcript.user_said(UserSaid(1, "item_u", "", final=False), 1.0)
    transcript.agent_said(AgentSaid(1, "item_a", "It is fine."), 2.0)
    transcript.user_said(UserSaid(1, "item_u", "How is the weather?", final=True), 3.0)
    assert [(entry.speaker, entry.text) for entry in transcript.entries] == [
        (Speaker.YOU, "How is the weather?"),
        (Speaker.AGENT, "It is fine."),
    ]
    assert transcript.entries[0].at == 1.0
    assert transcript.entries[0].final


def test_corrected_words_replace_the_first_ones():
    transcript = Transcript()
    for text in ("How", "How is", "How was it?"):
        transcript.user_said(UserSaid(1, "item_u", text, final=True), 1.0)
    assert [entry.text for entry in transcript.entries] == ["How was it?"]


def test_words_that_were_not_recognised_say_why():
    transcript = Transcript()
    transcript.user_said(UserSaid(1, "item_u", "", final=True, failed="too\nnoisy"), 1.0)
    assert transcript.entries[0].note == "not recognised: too noisy"


def test_pieces_of_the_agents_words_join():
    transcript = Transcript()
    for piece in (" It", " is", " fine."):
        transcript.agent_said(AgentSaid(1, "item_a", piece), 1.0)
    (entry,) = transcript.entries
    assert entry.text == " It is fine."


def test_items_without_an_id_do_not_run_together():
    transcript = Transcript()
    for turn in (1, 2):
        transcript.agent_said(AgentSaid(turn, "", f"Answer {turn}"), 1.0)
    assert [entry.text for entry in transcript.entries] == ["Answer 1", "Answer 2"]


def test_a_new_session_that_uses_old_ids_leaves_what_was_said_before():
    transcript = Transcript()
    transcript.agent_said(AgentSaid(1, "item_1", "Before"), 1.0)
    transcript.new_session(1, 2.0, 0)
    transcript.agent_said(AgentSaid(2, "item_1", "After"), 2.0)
    assert [entry.text for entry in transcript.entries if entry.speaker is Speaker.AGENT] == ["Before", "After"]


# --- where a new session begins


def said(transcript: Transcript, text: str) -> None:
    transcript.agent_said(AgentSaid(1, text, text), 1.0)


@pytest.mark.parametrize(("known", "words"), [(0, "knows nothing"), (1, "the message above"), (4, "the 4 messages")])
def test_a_new_session_leaves_a_seam_that_says_what_it_knows(known, words):
    transcript = Transcript()
    said(transcript, "Before")
    transcript.new_session(1, 2.0, known)
    assert [entry.speaker for entry in transcript.entries] == [Speaker.AGENT, Speaker.SEAM]
    assert words in transcript.entries[-1].text


def test_the_first_session_has_no_seam_and_two_in_a_row_have_one():
    transcript = Transcript()
    transcript.new_session(0, 1.0, 0)
    assert transcript.entries == []
    said(transcript, "Before")
    transcript.new_session(1, 2.0, 0)
    transcript.new_session(1, 3.0, 1)
    assert [(entry.history, entry.at) for entry in transcript.entries if entry.speaker is Speaker.SEAM] == [(1, 3.0)]


def test_the_conversation_begins_where_a_session_last_began_anew():
    transcript = Transcript()
    said(transcript, "forgotten")
    transcript.new_session(1, 2.0, 0)
    said(transcript, "known")
    transcript.new_session(1, 3.0, 1)
    said(transcript, "new")
    assert [entry.text for entry in transcript.conversation() if entry.speaker is Speaker.AGENT] == ["known", "new"]


def test_a_seam_is_not_the_first_line_of_a_turn():
    transcript = Transcript()
    said(transcript, "Before")
    transcript.new_session(2, 2.0, 0)
    transcript.agent_said(AgentSaid(2, "b", "After"), 3.0)
    assert transcript.first_of_turn(2) == 2


def test_appended_words_do_not_count_as_rewritten_and_replaced_ones_do():
    transcript = Transcript()
    transcript.agent_said(AgentSaid(1, "item_a", "It is"), 1.0)
    (entry,) = transcript.entries
    rewritten, version = entry.rewritten, entry.version
    transcript.agent_said(AgentSaid(1, "item_a", " fine"), 1.0)
    assert (entry.rewritten, entry.version) == (rewritten, version + 1)
    transcript.agent_said(AgentSaid(1, "item_a", "It was fine.", replace=True, final=True), 1.0)
    assert entry.rewritten > rewritten
    assert (entry.text, entry.final) == ("It was fine.", True)


def test_of_an_answer_that_was_cut_the_heard_share_stays():
    transcript = Transcript()
    transcript.agent_said(AgentSaid(1, "item_a", "It is fine today."), 1.0)
    transcript.response_cut(ResponseCut(1, "item_a", 500, 2_000, "truncated"), 2.0)
    (entry,) = transcript.entries
    assert entry.heard == 0.25
    assert entry.note == "interrupted: heard 0.5 of 2.0 s, truncated"
    assert not entry.confirmed
    transcript.cut_confirmed(CutConfirmed("item_a"))
    transcript.cut_confirmed(CutConfirmed("item_a"))
    assert entry.confirmed
    assert entry.note == "interrupted: heard 0.5 of 2.0 s, truncated, acknowledged"


def test_an_answer_of_which_nothing_arrived_has_a_share_of_nothing():
    transcript = Transcript()
    transcript.response_cut(ResponseCut(1, "item_a", 0, 0, "deleted"), 1.0)
    assert transcript.entries[0].heard == 0.0


def test_a_written_answer_that_was_cut_was_seen_as_far_as_it_goes():
    transcript = Transcript()
    transcript.agent_said(AgentSaid(1, "item_a", "Once upon"), 1.0)
    transcript.response_cut(ResponseCut(1, "item_a", 0, 0, "not written to its end", written=True), 2.0)
    (entry,) = transcript.entries
    assert entry.heard_text == "Once upon"
    assert entry.note == "interrupted: not written to its end"


def test_a_share_is_never_more_than_the_whole():
    transcript = Transcript()
    transcript.response_cut(ResponseCut(1, "item_a", 3_000, 2_000, "heard whole"), 1.0)
    assert transcript.entries[0].heard == 1.0


def test_confirmations_of_what_was_never_cut_change_nothing():
    transcript = Transcript()
    transcript.agent_said(AgentSaid(1, "item_a", "Hello."), 1.0)
    version = transcript.version
    transcript.cut_confirmed(CutConfirmed("item_a"))
    transcript.cut_confirmed(CutConfirmed("item_unknown"))
    assert transcript.version == version
    assert transcript.entries[0].note == ""


def test_a_call_is_one_line_that_changes_its_state():
    transcript = Transcript()
    transcript.call_changed(call(CallState.STREAMING, arguments=""), 1.0)
    (entry,) = transcript.entries
    assert not entry.final
    transcript.call_changed(call(CallState.RUNNING), 1.1)
    transcript.call_changed(call(CallState.OK), 1.2)
    assert transcript.entries == [entry]
    assert (entry.speaker, entry.state, entry.final) == (Speaker.TOOL, "ok", True)
    assert entry.text.startswith("get_weather")
    assert "Omsk" in entry.text


def test_arguments_of_a_call_are_one_harmless_line_of_bounded_length():
    transcript = Transcript()
    for arguments in ("x" * 100_000, '{"city": "a\\u001b[2J\\nb"}', "{broken \x1b", "[1, 2]", '{"a": ' * 5_000):
        transcript.call_changed(call(CallState.OK, arguments=arguments, key=arguments[:9]), 1.0)
    assert len(transcript.entries) == 5
    for entry in transcript.entries:
        assert len(entry.text) < 300
        assert "\n" not in entry.text
        assert "\x1b" not in entry.text


def test_control_characters_are_shown_and_markup_stays_text():
    transcript = Transcript()
    transcript.agent_said(AgentSaid(1, "item_a", "[/b]\x1b[31m red\u202e"), 1.0)
    transcript.user_said(UserSaid(1, "item_u", "\x07[bold]\x9b", final=True), 1.0)
    assert [entry.text for entry in transcript.entries] == ["[/b]␛[31m red\ufffd", "␇[bold]\ufffd"]


def test_the_first_entry_of_a_turn_is_found():
    transcript = Transcript()
    transcript.user_said(UserSaid(1, "item_u", "Hello.", final=True), 1.0)
    transcript.agent_said(AgentSaid(1, "item_a", "Hello!"), 2.0)
    transcript.user_said(UserSaid(2, "item_v", "Bye.", final=True), 3.0)
    assert (transcript.first_of_turn(1), transcript.first_of_turn(2)) == (0, 2)
    assert transcript.first_of_turn(3) is None


def test_calls_keep_the_times_at_which_they_began_and_ended():
    store = Store()
    try:
        for at, state in (
            (1.0, CallState.STREAMING),
            (1.2, CallState.RUNNING),
            (1.7, CallState.OK),
            (9.0, CallState.OK),
        ):
            store.record(call(state), at)
        (record,) = store.calls.records
        assert (record.seen_at, record.started_at, record.ended_at) == (1.0, 1.2, 1.7)
        assert round(record.duration_ms or 0) == 500
        assert store.transcript.entries[0].state == "ok"
    finally:
        store.events.close()


def test_a_call_that_never_ran_has_no_duration():
    store = Store()
    try:
        store.record(call(CallState.HOSTED), 1.0)
        assert store.calls.records[0].duration_ms is None
    finally:
        store.events.close()


def test_notices_are_bounded_and_the_newest_stay():
    store = Store()
    try:
        for number in range(2_000):
            store.record(facts.Notice(facts.Level.INFO, str(number)), float(number))
        assert len(store.notices) == 500
        assert store.notices[-1][1].text == "1999"
    finally:
        store.events.close()


def test_every_fact_grows_the_stores_version():
    store = Store()
    try:
        told = [
            facts.PhaseChanged(facts.Phase.LISTENING),
            facts.SessionOpened("sess_1", {"voice": "marin"}),
            facts.TurnStarted(1),
            facts.Reached(1, facts.Moment.SENT, 2.0),
            UserSaid(1, "u", "Hi", final=True),
            AgentSaid(1, "a", "Hello"),
            ResponseCut(1, "a", 1, 2, "truncated"),
            CutConfirmed("a"),
            call(CallState.OK),
            facts.LimitsReported(()),
            facts.Notice(facts.Level.INFO, "x"),
        ]
        for fact in told:
            before = store.version
            store.record(fact, 1.0)
            assert store.version == before + 1
        assert store.session.phase is facts.Phase.LISTENING
        assert (store.session.session_id, store.session.opened_at, store.session.turn) == ("sess_1", 1.0, 1)
        assert store.events._turn == 1
    finally:
        store.events.close()
