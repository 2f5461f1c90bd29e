"""Typed lines: what is a message, what a command, what acts when, and what the commands ask of the session."""

import asyncio

import pytest
from msgspec.structs import replace

from plain.typist import Typist
from rtvoice_tui.cli.plain.commands import BY_NAME, COMMANDS, Message, Typed, Unknown, help_lines, read
from rtvoice_tui.cli.plain.pace import Pace
from rtvoice_tui.cli.plain.waiting import WaitingLines
from rtvoice_tui.profiles.store import profile_path
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import (
    AgentSaid,
    CallChanged,
    CallState,
    Phase,
    PhaseChanged,
    ResponseCut,
    SessionEnded,
    SessionOpened,
    UserSaid,
)

BOOK = CallChanged(1, "k1", "c1", "i1", "book", '{"people": 4}', CallState.ASKING, kind="command", preview="book 4")

# --- reading a line


@pytest.mark.parametrize("text", ["", "   ", "\t", "\r"])
def test_an_empty_line_does_nothing(text: str) -> None:
    assert read(text) is None


def test_a_line_without_a_slash_is_a_message_and_two_slashes_begin_one_with_one() -> None:
    assert read(" What is 1/2? \r") == Message("What is 1/2?")
    assert read("//etc/hosts is a file") == Message("/etc/hosts is a file")


def test_a_command_is_its_name_and_the_rest_of_the_line() -> None:
    assert read("/no  too expensive ") == Typed(BY_NAME["no"], "too expensive")
    assert read("/QUIT") == Typed(BY_NAME["quit"], "")


@pytest.mark.parametrize(
    ("text", "nearest"), [("/statsu", "/status"), ("/intrupt", "/interrupt"), ("/inst", "/instructions")]
)
def test_an_unknown_command_is_one_sentence_with_the_nearest_name(text: str, nearest: str) -> None:
    line = read(text)
    assert isinstance(line, Unknown)
    assert f"{nearest} is the nearest" in line.sentence
    assert "/help" in line.sentence


def test_nothing_is_near_to_a_command_that_is_like_none() -> None:
    line = read("/xyzzyx")
    assert isinstance(line, Unknown)
    assert "nearest" not in line.sentence


@pytest.mark.parametrize("text", ["/send", "/profile", "/unset ", "/mode"])
def test_a_command_that_needs_more_says_what(text: str) -> None:
    line = read(text)
    assert isinstance(line, Unknown)
    assert f"needs {BY_NAME[text.strip()[1:]].arguments}" in line.sentence


def test_the_help_has_one_line_for_each_command() -> None:
    assert len(help_lines()) == len(COMMANDS) + 1
    assert all("\n" not in line for line in help_lines())


# --- when a line of a pipe acts


def at(*phases: Phase, connects: bool = True, asks: bool = False) -> Pace:
    pace = Pace(connects, lambda: asks)
    for phase in phases:
        pace.observe(PhaseChanged(phase))
    return pace


HELLO, STATUS, TALK = Message("hello"), read("/status"), read("/talk")


def test_lines_of_a_pipe_wait_for_the_session_and_then_for_each_answer() -> None:
    for pace in (at(), at(Phase.CONNECTING), at(Phase.LISTENING, Phase.THINKING), at(Phase.LISTENING, Phase.SPEAKING)):
        assert not pace.allows(HELLO)
        assert not pace.allows(STATUS)
    assert at(Phase.LISTENING).allows(HELLO)
    assert at(Phase.READY).allows(STATUS)


def acting(pace: Pace, *typed: str, terminal: bool = False) -> list[str]:
    """Which lines act, in their order, while nothing else happens."""
    waiting = WaitingLines(pace, terminal)
    for text in typed:
        line = read(text)
        assert line is not None
        waiting.add(line)
    acted = []
    while (line := waiting.take()) is not None:
        acted.append(f"/{line.command.name}" if isinstance(line, Typed) else str(line))
    return acted


def test_lines_of_a_pipe_keep_their_order_and_only_some_commands_overtake() -> None:
    busy = at(Phase.LISTENING, Phase.THINKING)
    assert acting(busy, "/last", "/transcript", "/status", "/set", "/yes", "hello", "/quit", "/nonsense") == []
    assert acting(busy, "/last", "/interrupt", "/mute", "/quiet", "/help") == ["/interrupt", "/mute", "/quiet", "/help"]


@pytest.mark.parametrize("text", ["/last", "/transcript", "/set", "/reconnect", "hello"])
def test_what_waits_for_the_answer_waits_for_that_to_a_question_too(text: str) -> None:
    assert acting(at(Phase.TOOL, asks=True), text) == []
    assert acting(at(Phase.LISTENING), text) != []


def test_while_a_question_waits_its_answer_overtakes_the_lines_that_wait_for_the_agent() -> None:
    assert acting(at(Phase.TOOL, asks=True), "/last", "/yes") == ["/yes"]
    assert acting(at(Phase.TOOL), "/last", "/yes") == []


def test_the_status_and_the_end_act_while_a_question_waits() -> None:
    assert acting(at(Phase.TOOL, asks=True), "/status", "/yess", "/quit")[::2] == ["/status", "/quit"]


def test_at_a_terminal_commands_act_at_once_and_messages_wait_for_the_session() -> None:
    assert acting(at(Phase.CONNECTING), "hello", "/status", "/last", terminal=True) == ["/status", "/last"]


def test_a_pipe_that_ends_while_a_question_waits_leaves_it_unanswered() -> None:
    waiting = WaitingLines(at(Phase.TOOL, asks=True), terminal=False)
    waiting.add(Message("hello"))
    assert not waiting.unanswered
    waiting.ended = True
    assert waiting.unanswered
    assert not waiting.over


def test_push_to_talk_acts_in_the_middle_of_a_turn() -> None:
    assert at(Phase.HEARING).allows(TALK)
    assert not at(Phase.CONNECTING).allows(TALK)


def test_what_was_asked_of_the_session_is_waited_for_before_it_counts_as_idle() -> None:
    pace = at(Phase.LISTENING)
    pace.requests += 1
    assert not pace.idle
    assert not pace.allows(HELLO)


def test_where_no_session_comes_nothing_is_waited_for() -> None:
    assert at(connects=False).dead
    assert at(connects=False).allows(HELLO)
    lost = at(Phase.LISTENING)
    lost.observe(SessionEnded("lost", "", wanted=False))
    lost.observe(PhaseChanged(Phase.OFFLINE))
    assert lost.dead
    assert lost.failed


def test_a_session_that_comes_after_a_failure_is_no_failure() -> None:
    pace = at(Phase.CONNECTING)
    pace.observe(SessionEnded("refused", "", wanted=False))
    pace.connects()
    assert not pace.dead
    pace.observe(PhaseChanged(Phase.CONNECTING))
    pace.observe(PhaseChanged(Phase.READY))
    assert not pace.failed


def test_a_message_waits_for_the_new_session_that_was_asked_for_before_it() -> None:
    pace = at(Phase.LISTENING)
    pace.connects()
    assert not pace.allows(HELLO)
    for phase in (Phase.OFFLINE, Phase.CONNECTING, Phase.CONFIGURING, Phase.LISTENING):
        pace.observe(PhaseChanged(phase))
    assert pace.allows(HELLO)


def test_a_file_that_is_still_being_heard_is_no_idle_session() -> None:
    pace = at(Phase.LISTENING)
    pace.listening = True
    assert not pace.idle


@pytest.mark.parametrize(
    ("phase", "answering"), [(Phase.LISTENING, False), (Phase.SPEAKING, True), (Phase.OFFLINE, False)]
)
def test_ctrl_c_has_something_to_interrupt_only_while_an_answer_is_due(phase: Phase, answering: bool) -> None:
    pace = Pace(True, lambda: False)
    pace.observe(PhaseChanged(phase))
    pace.requests = pace.outcomes = 1  # what is on its way to the session is no answer
    assert pace.answering is answering


# --- what the commands do


def test_every_command_of_the_help_does_something_and_only_the_end_is_the_heads_own(typist: Typist) -> None:
    assert typist.actions.names == set(BY_NAME) - {"quit"}


async def test_interrupting_and_muting_go_to_the_session(typist: Typist) -> None:
    await typist.type("/interrupt")
    assert typist.asked == [cmd.Interrupt()]
    await typist.type("/mute")
    assert typist.controller.session.audio_settings.muted
    await typist.type("/quiet")
    assert typist.controller.session.audio_settings.agent_muted


async def test_a_waiting_call_is_let_run_once_always_or_refused_with_a_reason(typist: Typist) -> None:
    typist.happened(BOOK)
    typist.question = "k1"
    await typist.type("/yes")
    await typist.type("/always")
    await typist.type("/no too expensive")
    assert typist.asked == [
        cmd.Decide("k1", agree=True),
        cmd.Decide("k1", agree=True, always=True),
        cmd.Decide("k1", agree=False, reason="too expensive"),
    ]


async def test_a_call_that_the_user_was_not_told_of_is_not_answered(typist: Typist) -> None:
    typist.happened(BOOK)
    assert await typist.type("/yes") == ["no call waits for you"]
    assert typist.asked == []


async def test_a_call_that_wants_a_result_is_not_answered_with_yes(typist: Typist) -> None:
    typist.happened(replace(BOOK, state=CallState.RUNNING, kind="ask"))
    typist.question = "k1"
    assert await typist.type("/yes") == ["this call waits for its result: /send RESULT"]
    await typist.type("/send blue, of course")
    assert typist.asked == [cmd.SendResult("k1", "blue, of course", "book")]


async def test_no_stops_the_running_call_where_none_waits(typist: Typist) -> None:
    assert await typist.type("/no") == ["no call waits for you, and none runs"]
    typist.happened(replace(BOOK, state=CallState.RUNNING))
    await typist.type("/no")
    assert typist.asked == [cmd.Decide("k1", agree=False)]


async def test_last_repeats_the_answer_and_the_transcript_has_all_with_times(typist: Typist) -> None:
    assert await typist.type("/last") == ["the agent has not said anything"]
    assert await typist.type("/transcript") == ["nothing was said"]
    typist.happened(
        UserSaid(1, "u1", "How warm is it?", final=True),
        replace(BOOK, state=CallState.OK),
        AgentSaid(1, "a1", "Eleven\ndegrees.", final=True),
    )
    assert await typist.type("/last") == ["agent: Eleven degrees."]
    assert await typist.type("/transcript") == [
        "12:03 you: How warm is it?",
        "12:03 tool book(people=4) ok",
        "12:03 agent: Eleven degrees.",
    ]


async def test_last_and_the_transcript_say_where_an_answer_was_cut_and_what_is_not_complete(typist: Typist) -> None:
    typist.happened(AgentSaid(1, "a1", "Once upon a time"))
    assert await typist.type("/last") == ["agent (so far): Once upon a time"]
    typist.happened(ResponseCut(1, "a1", 1000, 2000, "truncated"), UserSaid(2, "u1", "And", final=False))
    assert await typist.type("/last") == ["agent (cut, at 1.0 of 2.0 s): Once upon"]
    assert await typist.type("/transcript") == [
        "12:03 agent (cut, at 1.0 of 2.0 s): Once upon",
        "12:03 you (so far): And",
    ]


async def test_the_status_says_phase_agent_latency_tokens_and_sound(typist: Typist) -> None:
    typist.happened(SessionOpened("s1", {}), PhaseChanged(Phase.LISTENING))
    assert await typist.type("/status") == [
        "listening, connected for 59 s, turn 0",
        "local agent, model rules, voice heart, profile local",
        "latency: no answer yet",
        "tokens: none reported",
        "sound: none, started with --no-audio",
    ]


async def test_the_status_says_first_that_a_question_waits(typist: Typist) -> None:
    typist.happened(SessionOpened("s1", {}), PhaseChanged(Phase.TOOL), BOOK)
    typist.question = "k1"
    told = await typist.type("/status")
    assert told[0].startswith("question: may the agent call book(people=4)?")
    assert told[1].startswith("a question waits for you, connected for")


async def test_a_setting_is_shown_changed_and_saved_by_its_path_or_its_label(typist: Typist) -> None:
    assert await typist.type("/set voice") == ["voice: heart; or type another; heart | low | deep | bright | light"]
    assert await typist.type("/set voice deep") == ["note: voice: saved in local.toml"]
    assert await typist.type("/set silence ms = 700") == [
        "note: turn_detection.silence_duration_ms: saved in local.toml"
    ]
    (first, second) = [asked for asked in typist.asked if isinstance(asked, cmd.EditSession)]
    assert first.settings.voice == "deep"
    assert isinstance(second.settings.turn_detection, dict)
    assert second.settings.turn_detection["silence_duration_ms"] == 700
    assert 'voice = "deep"' in profile_path("local").read_text()


async def test_a_setting_that_is_so_already_is_not_sent(typist: Typist) -> None:
    assert await typist.type("/voice heart") == ["voice is so already"]
    assert typist.asked == []


async def test_all_settings_are_listed_and_those_of_other_providers_are_not(typist: Typist) -> None:
    told = await typist.type("/set")
    assert "voice: heart" in told
    assert not any(line.startswith("role") for line in told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/set thresold 0.7", "threshold is the nearest"),
        ("/set voic", "voice is the nearest"),
        ("/set threshold 3", "threshold goes from 0 to 1"),
        ("/set answers in song", "is one of: audio | text"),
        ("/unset nothing", "there is no setting nothing"),
    ],
)
async def test_a_setting_or_value_that_does_not_exist_is_one_sentence(typist: Typist, text: str, words: str) -> None:
    (told,) = await typist.type(text)
    assert told.startswith("warning: ")
    assert words in told
    assert typist.asked == []


async def test_reconnecting_keeps_the_conversation_unless_a_new_one_is_wanted(typist: Typist) -> None:
    typist.happened(UserSaid(1, "u1", "Hello", final=True))
    await typist.type("/reconnect")
    await typist.type("/reconnect new")
    histories = [asked[2] for asked in typist.asked if isinstance(asked, tuple)]
    assert [len(history) for history in histories] == [1, 0]
    assert await typist.type("/reconnect never") == ["type /reconnect, or /reconnect new for a new conversation"]


async def test_instructions_are_printed_or_changed(typist: Typist) -> None:
    assert await typist.type("/instructions") == ["instructions: You are a friendly assistant. Answer briefly."]
    await typist.type("/instructions Speak like a sailor.")
    (edit,) = typist.asked
    assert isinstance(edit, cmd.EditSession)
    assert edit.settings.instructions == "Speak like a sailor."


async def test_tools_are_listed_and_one_is_switched_off_for_the_session(typist: Typist) -> None:
    assert any(line.startswith("get_weather: python, auto. ") for line in await typist.type("/tools"))
    assert await typist.type("/tool get_weather") == [
        "note: get_weather is off for this session: /tool get_weather switches it on again"
    ]
    assert "get_weather: python, off" in "\n".join(await typist.type("/tools"))


async def test_a_profile_that_does_not_exist_leaves_the_open_one(typist: Typist) -> None:
    (told,) = await typist.type("/profile nobody")
    assert told.startswith("warning: there is no profile 'nobody'")
    assert typist.controller.profiles.current == "local"
    assert typist.asked == []


async def test_another_profile_is_opened_with_a_session_of_its_own(typist: Typist) -> None:
    await asyncio.wait_for(typist.type("/profile openai"), 5)
    assert typist.controller.profiles.current == "openai"
    assert [asked[0] for asked in typist.asked if isinstance(asked, tuple)] == ["reopen"]
    assert "openai: OpenAI · gpt-realtime-2.1 · built in, open" in await typist.type("/profiles")


async def test_talking_by_command_without_a_microphone_says_so(typist: Typist) -> None:
    typist.happened(SessionOpened("s1", {}), PhaseChanged(Phase.LISTENING))
    assert await typist.type("/talk") == ["warning: there is no microphone: type"]
