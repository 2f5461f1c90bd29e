"""Voice turns: what is said, what is shown, and the state word (sequence 12.a, bugs 12, 20, 21)."""

import base64

import pytest

from rtvoice_tui.session.commands import Heard
from rtvoice_tui.session.effects import EndPlay, Play
from rtvoice_tui.session.facts import AgentSaid, Level, LimitsReported, Notice, TurnStarted, UsageReported, UserSaid
from session.conversation import Conversation, function_call

TEXT = "response.output_text"
SPOKEN = "response.output_audio_transcript"
HEARD_WORDS = "conversation.item.input_audio_transcription"


def shown(step, item_id: str = "A") -> str:
    """An item's line on the screen after these facts."""
    line = ""
    for said in step.of(AgentSaid):
        if said.item_id == item_id:
            line = said.text if said.replace else line + said.text
    return line


def spoken(c: Conversation, kind: str, *pieces: str, item_id: str = "A", content_index: int = 0) -> None:
    where = {"response_id": "R1", "item_id": item_id, "content_index": content_index}
    for piece in pieces:
        c.server(f"{kind}.delta", **where, delta=piece)


def finished(c: Conversation, kind: str, whole: str, item_id: str = "A", content_index: int = 0) -> None:
    field = "text" if kind == TEXT else "transcript"
    where = {"response_id": "R1", "item_id": item_id, "content_index": content_index}
    c.server(f"{kind}.done", **where, **{field: whole})


# --- a whole turn


def test_12_a_the_state_word_goes_through_a_whole_turn_and_speaking_ends_when_it_was_heard_bug_20():
    c = Conversation()
    words = [c.machine.phase.value]

    def then(step) -> None:
        words.extend(step.phases)

    then(c.mic(20))
    then(c.speech())
    then(c.server("input_audio_buffer.speech_stopped", item_id="U"))
    then(c.server("input_audio_buffer.committed", item_id="U"))
    then(c.begin())
    then(c.audio("A", 1000))
    then(c.server("response.output_audio.done", response_id="R1", item_id="A"))
    then(c.end())
    assert words[-1] == "speaking", "generated is not heard"
    then(c.heard(A=400))
    assert words[-1] == "speaking"
    then(c.heard(A=1000, drained=True))
    assert words == ["listening", "hearing", "listening", "thinking", "speaking", "listening"]


def test_12_a_the_moments_of_a_turn_come_in_order_and_belong_to_it():
    c = Conversation()
    c.user_turn()
    c.words("Hello")
    c.begin()
    spoken(c, SPOKEN, "Hi")
    c.audio("A", 1000)
    c.end()
    c.do(Heard({"A": 20.0}, {"A": 7.5}, False))
    c.do(Heard({"A": 1000.0}, {"A": 7.5}, True))
    everything = c.all()
    assert everything.moments == [
        "speech started",
        "speech stopped",
        "committed",
        "transcribed",
        "answering",
        "first text",
        "first audio",
        "generated",
        "first heard",
        "heard",
    ]
    reached = [f for f in everything.facts if hasattr(f, "moment")]
    assert {fact.turn for fact in reached} == {1}
    assert [fact.at for fact in reached if fact.moment.value == "first heard"] == [7.5]


def test_12_a_commit_is_never_sent_while_the_server_detects_turns_bug_17():
    c = Conversation()
    for _ in range(10):
        c.mic(20)
    c.user_turn()
    assert set(c.all().sent_types) == {"session.update", "input_audio_buffer.append"}


def test_12_a_the_server_answers_by_itself_so_nothing_is_asked_for():
    c = Conversation()
    c.user_turn()
    c.words("Hello")
    c.begin()
    c.end()
    assert "response.create" not in c.all().sent_types


def test_an_agent_that_speaks_first_begins_turn_1():
    c = Conversation()
    assert c.begin().of(TurnStarted) == [TurnStarted(1)]


def test_speech_without_an_end_is_over_when_the_buffer_is_committed():
    c = Conversation()
    c.speech()
    assert c.server("input_audio_buffer.committed", item_id="U").phases == ["thinking"]


# --- sound


def test_every_byte_of_an_answer_is_played_in_order_whatever_the_pieces():
    c = Conversation()
    c.begin()
    sizes = [1, 999, 1764, 3, 48_001]
    for size in sizes:
        delta = base64.b64encode(bytes([size % 251]) * size).decode()
        c.server("response.output_audio.delta", response_id="R1", item_id="A", delta=delta)
    played = [(play.item_id, play.pcm) for play in c.all().of(Play)]
    assert played == [("A", bytes([size % 251]) * size) for size in sizes]


ENDS = {
    "audio done": lambda c: c.server("response.output_audio.done", response_id="R1", item_id="A"),
    "item done": lambda c: c.server("response.output_item.done", response_id="R1", item={"id": "A", "type": "message"}),
    "response done": lambda c: c.end(),
    "response done without an id": lambda c: c.end(response_id=None),
}


@pytest.mark.parametrize("response_id", ["R1", None], ids=["deltas with response id", "deltas without response id"])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_whatever_says_that_an_item_is_complete_ends_its_sound(end, response_id):
    c = Conversation()
    c.begin()
    c.audio("A", 100, response_id=response_id)
    assert end(c).of(EndPlay) == [EndPlay("A")]
    assert c.heard(A=100, drained=True).phases[-1:] != ["speaking"]
    c.end()
    assert c.machine.phase.value == "listening"


def test_the_end_of_a_sound_is_said_once():
    c = Conversation().speaking()
    for end in ENDS.values():
        end(c)
    assert len(c.all().of(EndPlay)) == 1


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_a_further_part_of_an_item_is_ended_too_however_short(end):
    c = Conversation().speaking("A", 500)
    c.server("response.output_audio.done", response_id="R1", item_id="A", content_index=0)
    c.heard(A=500, drained=True)
    c.audio("A", 50, content_index=1)
    assert c.heard(A=500).phases == [], "it waits for more, or for its end"
    assert end(c).of(EndPlay) == [EndPlay("A")]
    c.end()
    assert c.heard(A=550, drained=True).phases == ["listening"]


def test_sound_that_comes_after_the_end_of_its_answer_is_ended_at_once_for_nobody_else_will():
    c = Conversation().speaking("A", 500)
    c.end()
    c.heard(A=500, drained=True)
    for heard_ms in (550, 600):
        assert [type(effect) for effect in c.audio("A", 50).effects if isinstance(effect, Play | EndPlay)] == [
            Play,
            EndPlay,
        ]
        c.heard(A=heard_ms, drained=True)
        assert c.machine.phase.value == "listening"


def test_bug_21_several_audio_items_in_one_answer_end_each_by_itself():
    c = Conversation().speaking("A", 300)
    c.audio("B", 200)
    c.server("response.output_audio.done", response_id="R1", item_id="A")
    assert c.heard(A=300).moments == ["first heard", "heard"]
    assert c.machine.phase.value == "speaking"
    c.end()
    assert c.heard(A=300, B=200).moments == ["first heard", "heard"]
    assert c.machine.phase.value == "listening"


def test_a_pause_in_delivery_is_not_the_end_of_speaking():
    c = Conversation().speaking("A", 100)
    assert c.heard(A=100, drained=True).phases == []
    assert c.audio("A", 100).of(Play)
    c.end()
    assert c.heard(A=200, drained=True).phases == ["listening"]


# --- the agent's words


def test_defect_29_spoken_words_are_read_from_the_transcript():
    c = Conversation()
    c.begin()
    spoken(c, SPOKEN, "Good ", "day")
    finished(c, SPOKEN, "Good day")
    assert shown(c.all()) == "Good day"


def test_10_7_yandex_speech_text_comes_as_text_and_one_line_is_kept():
    c = Conversation("yandex")
    c.begin()
    for _ in range(2):
        c.server("conversation.item.created", item={"id": "A", "type": "message", "role": "assistant", "content": []})
    c.server("response.output_item.added", response_id="R1", item={"id": "A", "type": "message"})
    c.server("response.content_part.added", response_id="R1", item_id="A", content_index=0, part={"type": "text"})
    c.server("response.content_part.added", response_id="R1", item_id="A", content_index=1, part={"type": "audio"})
    spoken(c, TEXT, " Good", " day")
    c.audio("A", 500, content_index=1)
    c.server("response.content_part.done", response_id="R1", item_id="A", content_index=0, part={"type": "text"})
    finished(c, TEXT, " Good day")
    c.server("response.output_audio.done", response_id="R1", item_id="A", content_index=1)
    finished(c, SPOKEN, "Good day", content_index=1)
    c.server("response.output_item.done", response_id="R1", item={"id": "A", "type": "message"})
    c.end(output=[{"id": "A", "type": "message", "content": [{"type": "output_audio"}]}])
    everything = c.all()
    assert shown(everything) == " Good day"
    assert everything.moments.count("first text") == 1
    assert c.heard(A=500, drained=True).phases == ["listening"]


@pytest.mark.parametrize(("first", "second"), [(TEXT, SPOKEN), (SPOKEN, TEXT)], ids=["text first", "transcript first"])
def test_9_3_words_that_come_twice_are_shown_once_and_the_first_seen_wins(first, second):
    c = Conversation("generic")
    c.begin()
    for piece in ("One ", "two"):
        spoken(c, first, piece)
        spoken(c, second, piece.upper())
    finished(c, first, "One two")
    finished(c, second, "ONE TWO")
    assert shown(c.all()) == "One two"


def test_the_final_text_corrects_the_pieces():
    c = Conversation()
    c.begin()
    spoken(c, SPOKEN, "Helo")
    finished(c, SPOKEN, "Hello")
    assert shown(c.all()) == "Hello"


def test_a_text_that_came_without_pieces_is_shown_whole():
    c = Conversation()
    c.begin()
    finished(c, TEXT, "Hello")
    assert shown(c.all()) == "Hello"
    assert "first text" in c.all().moments


def test_two_text_parts_of_one_item_are_both_kept():
    c = Conversation("generic")
    c.begin()
    spoken(c, TEXT, "One. ", content_index=0)
    finished(c, TEXT, "One. ", content_index=0)
    spoken(c, TEXT, "Two.", content_index=1)
    finished(c, TEXT, "Two.", content_index=1)
    assert shown(c.all()) == "One. Two."


# --- the user's words


def test_defect_30_recognised_words_are_tied_to_their_item():
    c = Conversation()
    c.user_turn("U1")
    c.user_turn("U2")
    late = c.words("first", "U1")
    assert late.of(UserSaid) == [UserSaid(1, "U1", "first", final=True)]


def test_12_a_a_transcript_that_comes_after_the_answer_belongs_to_its_own_turn():
    c = Conversation()
    c.user_turn("U1")
    c.begin()
    c.end()
    c.user_turn("U2")
    assert c.words("late", "U1").of(UserSaid)[0].turn == 1
    assert c.words("new", "U2").of(UserSaid)[0].turn == 2


def test_partial_words_grow_and_the_completed_text_replaces_them():
    c = Conversation()
    c.user_turn()
    grown = [c.server(f"{HEARD_WORDS}.delta", item_id="U", delta=d).of(UserSaid)[0].text for d in ("Hel", "o")]
    assert grown == ["Hel", "Helo"]
    assert [said.text for said in c.words("Hello").of(UserSaid)] == ["Hello"]
    assert [said.text for said in c.words("Hello!").of(UserSaid)] == ["Hello!"], "a second completed replaces the first"


def test_words_that_could_not_be_recognised_say_why_and_keep_what_there_was():
    c = Conversation()
    c.user_turn()
    c.server(f"{HEARD_WORDS}.delta", item_id="U", delta="Hel")
    failed = c.server(f"{HEARD_WORDS}.failed", item_id="U", error={"code": "audio_unintelligible", "message": "noise"})
    assert failed.of(UserSaid) == [UserSaid(1, "U", "Hel", final=True, failed="noise")]


# --- how an answer ends (bug 12, defect 27, sequence 12.h)


@pytest.mark.parametrize(
    ("status", "details", "level", "part"),
    [
        ("failed", {"error": {"code": "rate_limit_exceeded", "message": "Slow down"}}, Level.ERROR, "Slow down"),
        ("failed", {"error": {"code": "insufficient_quota"}}, Level.ERROR, "insufficient_quota"),
        ("failed", None, Level.ERROR, "the server gave no reason"),
        ("incomplete", {"reason": "max_output_tokens"}, Level.WARNING, "max_output_tokens"),
        ("incomplete", {"reason": "content_filter"}, Level.WARNING, "content_filter"),
    ],
)
def test_bug_12_an_answer_that_failed_says_why(status, details, level, part):
    c = Conversation()
    c.begin()
    (notice,) = c.end(status=status, status_details=details).of(Notice)
    assert notice.level is level
    assert part in notice.text


def test_12_h_a_rate_limit_comes_with_a_remedy_and_the_next_answer_can_be_asked_for():
    c = Conversation()
    c.type()
    c.begin()
    (notice,) = c.end(status="failed", status_details={"error": {"code": "rate_limit_exceeded"}}).of(Notice)
    assert notice.remedy
    assert "response.create" in c.type("Again").sent_types


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_an_answer_that_ended_as_meant_says_nothing(status):
    c = Conversation()
    c.begin()
    assert c.end(status=status).notices == []


def test_usage_is_told_with_its_turn_and_null_usage_is_not():
    c = Conversation()
    c.user_turn()
    c.begin()
    usage = {"total_tokens": 5, "input_tokens": 3, "output_tokens": 2, "input_token_details": {"cached_tokens": 1}}
    (report,) = c.end(usage=usage).of(UsageReported)
    assert (report.turn, report.usage.total_tokens, report.usage.input_token_details.cached_tokens) == (1, 5, 1)
    c.begin("R2")
    assert c.end("R2", usage=None).of(UsageReported) == []


def test_12_h_rate_limits_are_told():
    c = Conversation()
    (report,) = c.server("rate_limits.updated", rate_limits=[{"name": "tokens", "remaining": 3}]).of(LimitsReported)
    assert [(limit.name, limit.remaining) for limit in report.limits] == [("tokens", 3)]


@pytest.mark.parametrize(
    "event", ["ping", "output_audio_buffer.started", "mcp_list_tools.completed", "conversation.item.added"]
)
def test_events_that_ask_for_nothing_lead_to_nothing(event):
    assert Conversation().server(event, item_id="X").effects == []


def test_an_answer_with_sound_and_a_call_keeps_speaking_while_the_function_runs():
    c = Conversation().speaking("A", 500)
    c.end(output=[function_call("K")])
    assert c.machine.phase.value == "speaking"
    assert c.heard(A=500, drained=True).phases == ["tool"]
    assert c.tool_done("K").phases == ["thinking"]


def test_words_that_come_whole_each_time_replace_what_was_there_as_xai_sends_them():
    c = Conversation("xai")
    c.server("input_audio_buffer.speech_started", item_id="U")
    said = [
        c.server(f"{HEARD_WORDS}.updated", item_id="U", transcript=words).of(UserSaid)[0]
        for words in ("Hell", "Hello there", "Hello dear")
    ]
    assert [(fact.text, fact.final) for fact in said] == [
        ("Hell", False),
        ("Hello there", False),
        ("Hello dear", False),
    ]
    last = c.server(f"{HEARD_WORDS}.completed", item_id="U", transcript="Hello, dear.").of(UserSaid)[0]
    assert (last.text, last.final) == ("Hello, dear.", True)
