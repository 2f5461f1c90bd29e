"""What the line mode prints: one line for each thing that has finished, in words that can be heard."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from rtvoice_tui.cli.plain.lines import Lines
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.session.facts import (
    AgentSaid,
    AudioSet,
    CallChanged,
    CallState,
    CutConfirmed,
    EditChanged,
    EditState,
    Fact,
    Level,
    Moment,
    Notice,
    Phase,
    PhaseChanged,
    Reached,
    ResponseCut,
    ResponseLost,
    SessionEnded,
    SessionOpened,
    SpeechPlayed,
    TalkChanged,
    UserSaid,
)
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.store import Store

CALL = CallChanged(1, "k1", "c1", "i1", "get_weather", '{"city": "Berlin"}', CallState.STREAMING, kind="python")
RUNNING = replace(CALL, state=CallState.RUNNING)
BOOK = replace(CALL, name="book", arguments='{"people": 4}', state=CallState.ASKING)
LIVE = (SessionOpened("s1", {}), PhaseChanged(Phase.LISTENING))
STORY = AgentSaid(1, "a1", "One two three four five six seven eight nine ten.", final=True)


class Head:
    """A store, and what was printed of the facts that it was given."""

    def __init__(self) -> None:
        self.store = Store()
        self.lines = Lines(self.store, lambda at: "12:03", lambda: "local agent, voice heart")
        self.at = 0.0

    def told(self, *happened: Fact, after_s: float = 1.0) -> list[str]:
        found = []
        for fact in happened:
            self.at += after_s
            self.store.record(fact, self.at)
            found += self.lines.of(fact, self.at)
        return found

    def with_speaker(self) -> "Head":
        self.store.audio.output.name = "Jabra"
        return self


@pytest.fixture
def head() -> Iterator[Head]:
    made = Head()
    yield made
    made.store.events.close()


def test_a_session_is_told_when_it_takes_messages_and_not_at_every_phase(head: Head) -> None:
    assert head.told(PhaseChanged(Phase.CONNECTING), SessionOpened("s1", {}), PhaseChanged(Phase.CONFIGURING)) == []
    assert head.told(PhaseChanged(Phase.LISTENING)) == ["12:03 session live with local agent, voice heart"]
    assert head.told(*map(PhaseChanged, (Phase.HEARING, Phase.THINKING, Phase.SPEAKING, Phase.LISTENING))) == []


def test_a_lost_connection_is_the_reason_with_its_remedy_as_a_command_and_then_the_end(head: Head) -> None:
    head.told(*LIVE)
    lost = (Notice(Level.ERROR, "the connection was lost", "press c to connect again"), SessionEnded("lost", "", False))
    assert head.told(*lost, PhaseChanged(Phase.OFFLINE)) == [
        "error: the connection was lost. Type /connect to connect again",
        "12:03 connection lost",
    ]
    assert head.told(SessionEnded("refused", "", wanted=False)) == ["12:03 not connected"]


def test_the_end_that_the_user_wanted_is_one_line_and_the_next_session_says_what_it_knows(head: Head) -> None:
    head.told(*LIVE, UserSaid(1, "typed-1", "Hello", final=True, typed=True))
    assert head.told(SessionEnded("disconnected", ""), PhaseChanged(Phase.OFFLINE)) == ["12:03 disconnected"]
    assert head.told(SessionOpened("s2", {}, history=2), PhaseChanged(Phase.LISTENING)) == [
        "12:03 session live with local agent, voice heart; it knows 2 earlier messages"
    ]


def test_a_session_that_knows_nothing_of_the_one_before_says_so(head: Head) -> None:
    head.told(*LIVE, UserSaid(1, "typed-1", "Hello", final=True, typed=True), SessionEnded("disconnected", ""))
    assert head.told(SessionOpened("s2", {}), PhaseChanged(Phase.LISTENING)) == [
        "12:03 session live with local agent, voice heart; a new conversation"
    ]


def test_words_of_the_user_are_printed_once_they_are_final(head: Head) -> None:
    assert head.told(UserSaid(1, "u1", "What is", final=False)) == []
    assert head.told(UserSaid(1, "u1", "What is the weather?", final=True)) == ["you: What is the weather?"]
    assert head.told(UserSaid(1, "u1", "What is the weather?", final=True)) == []


def test_a_typed_message_that_the_server_refuses_is_printed_again_with_the_reason(head: Head) -> None:
    typed = UserSaid(1, "typed-1", "Hello", final=True, typed=True)
    assert head.told(typed) == ["you: Hello"]
    assert head.told(replace(typed, failed="too long")) == ["you: Hello (not delivered: too long)"]


def test_speech_without_words_says_why(head: Head) -> None:
    assert head.told(UserSaid(1, "u1", "", final=True, missing="no words recognised")) == ["you: (no words recognised)"]
    assert head.told(UserSaid(2, "u2", "", final=True)) == []


def test_a_written_answer_is_one_line_when_it_is_complete(head: Head) -> None:
    head.told(*LIVE, PhaseChanged(Phase.THINKING))
    assert head.told(AgentSaid(1, "a1", "Eleven\n"), AgentSaid(1, "a1", "degrees.")) == []
    assert head.told(AgentSaid(1, "a1", "", final=True)) == ["agent: Eleven degrees."]
    assert head.told(PhaseChanged(Phase.LISTENING)) == []


def test_a_spoken_answer_is_printed_when_it_was_heard(head: Head) -> None:
    head.with_speaker().told(*LIVE, PhaseChanged(Phase.THINKING), PhaseChanged(Phase.SPEAKING))
    assert head.told(STORY, SpeechPlayed("a1", 500, 4000)) == []
    assert head.told(SpeechPlayed("a1", 4000, 4000)) == [f"agent: {STORY.text}"]
    assert head.told(PhaseChanged(Phase.LISTENING)) == []


def test_words_that_were_not_spoken_are_printed_when_the_agent_has_finished(head: Head) -> None:
    head.with_speaker().told(*LIVE, PhaseChanged(Phase.THINKING))
    assert head.told(STORY) == []
    assert head.told(PhaseChanged(Phase.LISTENING)) == [f"agent: {STORY.text}"]


def test_a_spoken_answer_that_is_interrupted_is_one_line_with_what_was_heard(head: Head) -> None:
    head.with_speaker().told(*LIVE, PhaseChanged(Phase.SPEAKING), STORY)
    assert head.told(Reached(1, Moment.INTERRUPTED), PhaseChanged(Phase.LISTENING)) == []
    told = head.told(Reached(1, Moment.SILENT), ResponseCut(1, "a1", 1000, 4000, "truncated"), CutConfirmed("a1"))
    assert told == ["agent (cut, heard 1.0 of 4.0 s): One two three"]
    assert head.told(PhaseChanged(Phase.THINKING), PhaseChanged(Phase.LISTENING)) == []


def test_where_the_whole_answer_was_printed_already_a_cut_repeats_its_last_words_alone(head: Head) -> None:
    head.with_speaker().told(*LIVE, AudioSet(AudioSettings(agent_muted=True)), PhaseChanged(Phase.SPEAKING))
    assert head.told(STORY) == [f"agent: {STORY.text}"]
    assert head.told(ResponseCut(1, "a1", 3900, 4000, "truncated")) == [
        'agent (cut after "… three four five six seven eight nine ten", at 3.9 of 4.0 s)'
    ]


def test_an_answer_that_was_printed_when_it_was_heard_and_cut_then_names_the_last_words(head: Head) -> None:
    head.with_speaker().told(*LIVE, PhaseChanged(Phase.SPEAKING), STORY, PhaseChanged(Phase.HEARING))
    assert head.told(ResponseCut(1, "a1", 1000, 4000, "truncated")) == [
        'agent (cut after "One two three", heard 1.0 of 4.0 s)'
    ]


def test_an_answer_of_which_nothing_was_heard_says_that(head: Head) -> None:
    head.with_speaker().told(*LIVE, PhaseChanged(Phase.SPEAKING), STORY)
    assert head.told(ResponseCut(1, "a1", 0, 4000, "deleted")) == ["agent (cut, heard 0.0 of 4.0 s): (no words)"]


def test_where_nothing_can_be_heard_an_interrupted_answer_is_one_line_too(head: Head) -> None:
    head.told(*LIVE, PhaseChanged(Phase.SPEAKING), AgentSaid(1, "a1", "One two three four five six seven eight"))
    assert head.told(Reached(1, Moment.INTERRUPTED), AgentSaid(1, "a1", "", final=True)) == []
    assert head.told(PhaseChanged(Phase.LISTENING)) == []
    told = head.told(Reached(1, Moment.SILENT), ResponseCut(1, "a1", 1000, 4000, "truncated"))
    assert told == ["agent (cut, at 1.0 of 4.0 s): One two three"]


def test_words_of_the_user_that_interrupt_an_answer_come_after_it(head: Head) -> None:
    head.with_speaker().told(*LIVE, PhaseChanged(Phase.SPEAKING), STORY, Reached(1, Moment.INTERRUPTED))
    assert head.told(UserSaid(2, "typed-2", "Stop.", final=True, typed=True)) == []
    assert head.told(ResponseCut(1, "a1", 1000, 4000, "truncated")) == [
        "agent (cut, heard 1.0 of 4.0 s): One two three",
        "you: Stop.",
    ]


def test_a_session_that_ends_before_the_speaker_is_silent_prints_what_was_held_back(head: Head) -> None:
    head.with_speaker().told(*LIVE, PhaseChanged(Phase.SPEAKING), STORY, Reached(1, Moment.INTERRUPTED))
    assert head.told(SessionEnded("lost", "", wanted=False)) == [f"agent: {STORY.text}", "12:03 connection lost"]


def test_a_written_answer_that_is_interrupted_says_so_without_seconds(head: Head) -> None:
    head.told(*LIVE, PhaseChanged(Phase.THINKING), AgentSaid(1, "a1", "Once upon a time"))
    cut = ResponseCut(1, "a1", 0, 0, "not written to its end", written=True)
    assert head.told(cut, AgentSaid(1, "a1", "", final=True)) == ["agent (cut): Once upon a time"]


def test_an_answer_that_is_interrupted_before_its_first_sound_does_not_look_complete(head: Head) -> None:
    head.told(*LIVE, PhaseChanged(Phase.THINKING), AgentSaid(1, "a1", "Once upon a time."))
    assert head.told(ResponseCut(1, "a1", 0, 0, "not spoken yet"), AgentSaid(1, "a1", "", final=True)) == [
        "agent (cut before it was spoken): Once upon a time."
    ]


def test_an_answer_that_the_end_of_the_session_cut_off_says_so(head: Head) -> None:
    head.told(*LIVE, AgentSaid(1, "a1", "Once upon"))
    (told,) = head.told(ResponseLost(1, "a1"))
    assert told.startswith("agent: Once upon (cut off: the session ended")


def test_a_call_is_a_line_when_it_starts_and_one_when_it_has_ended(head: Head) -> None:
    assert head.told(CALL, replace(CALL, arguments='{"city": "Berlin"}')) == []
    assert head.told(RUNNING) == ["tool get_weather(city=Berlin)"]
    assert head.told(RUNNING, after_s=0.0) == []
    done = replace(CALL, state=CallState.OK, output='{"t":\n11}')
    assert head.told(done, after_s=0.212) + head.told(done) == ['tool get_weather ok 212 ms: {"t": 11}']


def test_a_call_that_fails_before_it_runs_is_named_with_its_arguments(head: Head) -> None:
    failed = replace(CALL, state=CallState.FAILED, note="there is no such tool", output='{"error": "no such tool"}')
    assert head.told(CALL, failed) == [
        "tool get_weather(city=Berlin)",
        "tool get_weather failed: there is no such tool",
    ]


def test_a_long_result_is_cut(head: Head) -> None:
    (told,) = head.told(RUNNING, replace(CALL, state=CallState.OK, output="x" * 70_000))[1:]
    assert len(told) < 400
    assert told.endswith("…")


def test_a_call_that_asks_is_one_question_with_what_would_run_and_the_commands_that_answer(head: Head) -> None:
    assert head.told(BOOK) == []  # what would run comes a moment later
    assert head.told(replace(BOOK, preview="./book 4")) == [
        "question: may the agent call book(people=4)? It would run ./book 4. /yes, /always or /no REASON"
    ]
    assert head.told(replace(BOOK, preview="./book 4")) == []
    assert head.lines.question == "k1"
    assert head.told(replace(BOOK, state=CallState.RUNNING)) == ["tool book(people=4)"]
    assert head.lines.question == ""


def test_a_call_without_a_preview_asks_all_the_same(head: Head) -> None:
    (told,) = head.told(BOOK, BOOK)
    assert told.startswith("question: may the agent call book(people=4)?")


def test_calls_ask_one_after_the_other(head: Head) -> None:
    first, second = replace(BOOK, preview="one"), replace(BOOK, key="k2", call_id="c2", preview="two")
    assert len(head.told(first, second)) == 1
    denied, question = head.told(replace(first, state=CallState.DENIED, note="you refused"))
    assert denied == "tool book denied: you refused"
    assert "It would run two" in question
    assert head.lines.question == "k2"


def test_a_tool_whose_result_the_user_gives_asks_for_it(head: Head) -> None:
    assert head.told(replace(BOOK, state=CallState.RUNNING, kind="ask")) == [
        "question: what is the result of book(people=4)? /send RESULT or /no"
    ]


def test_runs_by_hand_are_not_part_of_the_conversation(head: Head) -> None:
    assert head.told(replace(RUNNING, manual=True), replace(CALL, state=CallState.OK, manual=True)) == []


def test_a_flood_of_one_notice_is_one_line(head: Head) -> None:
    notice = Notice(Level.WARNING, "the server refuses audio")
    assert head.told(*[notice] * 50, after_s=0.02) == ["warning: the server refuses audio"]
    assert head.told(notice, after_s=2.0) == ["warning: the server refuses audio"]


def test_muting_is_told_and_the_first_settings_are_not(head: Head) -> None:
    assert head.told(AudioSet(AudioSettings())) == []
    assert head.told(AudioSet(AudioSettings(muted=True))) == ["microphone muted"]
    assert head.told(AudioSet(AudioSettings(muted=True, mic_gain_db=3))) == []
    assert head.told(AudioSet(AudioSettings(agent_muted=True))) == ["microphone open", "agent muted"]


def test_push_to_talk_says_when_a_turn_begins_and_ends(head: Head) -> None:
    assert head.told(TalkChanged(TalkMode.TOGGLE, False, 30)) == []
    assert head.told(TalkChanged(TalkMode.TOGGLE, True, 30)) == ["you talk: /talk ends the turn"]
    assert head.told(TalkChanged(TalkMode.TOGGLE, False, 30)) == ["your turn has ended"]


def test_why_a_change_was_refused_is_said_with_its_outcome_and_not_as_an_error_as_well(head: Head) -> None:
    edit = EditChanged("e1", ("voice",), EditState.REFUSED, "no such voice", edit_id="change-1")
    error = Notice(Level.ERROR, "no such voice", "F6 corrects it, F7 sends it again")
    assert head.told(edit, error) == []
    assert head.told(replace(edit, edit_id=""), error) == ["error: no such voice. /set corrects it"]


HOSTILE = "a\x1b[2J\rb\nyou: forged\u202ec\u2028agent: forged"


def test_what_models_servers_and_tools_write_is_one_line_and_controls_no_terminal(head: Head) -> None:
    told = head.told(
        *LIVE,
        Notice(Level.ERROR, HOSTILE, HOSTILE),
        UserSaid(1, "u1", HOSTILE, final=True),
        AgentSaid(1, "a1", HOSTILE, final=True),
        replace(RUNNING, name=HOSTILE, arguments=f'{{"city": "{HOSTILE}"}}'),
        replace(CALL, state=CallState.FAILED, note=HOSTILE, output=HOSTILE),
        replace(BOOK, key="k2", name=HOSTILE, arguments=HOSTILE, preview=HOSTILE),
        SessionEnded(HOSTILE, HOSTILE, wanted=False),
    )
    assert len(told) > 7
    for line in told:
        assert line.isprintable(), line
