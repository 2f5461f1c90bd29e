"""Events of one response, or of one utterance, are a group in the event log, as servers really send them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from growth import lengths, lines_run
from rtvoice_tui.protocol.realtime.client_events import AppendInput, CancelResponse, ClientEvent, CreateResponse
from rtvoice_tui.protocol.realtime.codec import decode, encode
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.wire import Claim, GroupKind, GroupMark, LogRow
from rtvoice_tui.store.event_groups import MAX_IDS, MAX_STATUSES, OTHER_STATUS, Group
from rtvoice_tui.store.event_log import EventLog

RESPONSE, SPEECH, MICROPHONE = GroupKind.RESPONSE, GroupKind.SPEECH, GroupKind.MICROPHONE


class Wired:
    """An event log that is filled through the codec, as a session fills it."""

    def __init__(self) -> None:
        self.log = EventLog()
        self.wire = RealtimeWire()
        self.now = 0.0

    def server(self, kind: str, **fields: Any) -> int:
        """An event of the server; returns the group of its row."""
        frame = json.dumps({"type": kind, **fields})
        return self._append(False, self.wire.received_row(frame, decode(frame)))

    def client(self, event: ClientEvent) -> int:
        return self._append(True, self.wire.sent_row(event, encode(event)))

    def _append(self, sent: bool, row: LogRow) -> int:
        self.log.append(
            self.now, sent, row.name, row.text, fold_key=row.fold_key, audio_bytes=row.audio_bytes, error=row.error,
            group=row.group,
        )  # fmt: skip
        self.now += 0.1
        return self.log.groups.of_row[self.log._event_rows[-1]]

    def group(self, number: int) -> Group:
        return self.log.groups.group(number)

    @property
    def groups(self) -> list[tuple[GroupKind, int, str]]:
        """Kind, number of events and status of each group."""
        found = (self.group(number) for number in range(1, len(self.log.groups) + 1))
        return [(group.kind, group.events, group.status) for group in found]

    @property
    def alone(self) -> list[str]:
        """Types of the rows without a group."""
        return [self.log.name(row) for row in range(len(self.log)) if not self.log.groups.of_row[row]]


@pytest.fixture
def wired() -> Iterator[Wired]:
    made = Wired()
    yield made
    made.log.close()


def utterance(wired: Wired, item: str = "U", seen: str = "conversation.item.added") -> None:
    wired.server("input_audio_buffer.speech_started", item_id=item)
    wired.server("input_audio_buffer.speech_stopped", item_id=item)
    wired.server("input_audio_buffer.committed", item_id=item)
    wired.server(seen, item={"id": item, "type": "message", "role": "user", "content": [{"type": "input_audio"}]})


TRANSCRIBED = "conversation.item.input_audio_transcription.completed"
ADDED, DONE = "conversation.item.added", "conversation.item.done"


def answer_ga(wired: Wired, response: str = "R", item: str = "A") -> None:
    """As OpenAI sends it, except for the last event."""
    message = {"id": item, "type": "message", "role": "assistant"}
    about = {"response_id": response, "item_id": item}
    wired.server("response.created", response={"id": response})
    wired.server("response.output_item.added", response_id=response, item=message)
    wired.server(ADDED, item=message)
    wired.server("response.content_part.added", **about)
    for _ in range(3):
        wired.server("response.output_audio_transcript.delta", **about, delta="a ")
        wired.server("response.output_audio.delta", **about, delta="AAAA")
    wired.server("response.output_audio.done", **about)
    wired.server("response.output_audio_transcript.done", **about, transcript="a a a")
    wired.server("response.content_part.done", **about)
    wired.server("response.output_item.done", response_id=response, item=message)
    wired.server(DONE, item=message)


def test_a_turn_with_openai_is_an_utterance_and_a_response_whatever_comes_between(wired: Wired):
    wired.server("session.created", session={})
    utterance(wired)
    wired.server(DONE, item={"id": "U", "type": "message", "role": "user"})
    wired.client(CreateResponse(event_id="e1"))
    answer_ga(wired)
    wired.server("rate_limits.updated", rate_limits=[])
    wired.server(TRANSCRIBED, item_id="U", transcript="Hello")
    wired.server("response.done", response={"id": "R", "status": "completed"})
    assert wired.groups == [(SPEECH, 6, ""), (RESPONSE, 16, "completed")]
    assert wired.alone == ["session.created", "response.create", "rate_limits.updated"]
    assert wired.group(2).audio_bytes == 9


def test_a_group_lasts_from_its_first_to_its_last_event_and_counts_what_is_folded_in_its_rows(wired: Wired):
    answer_ga(wired)
    group = wired.group(1)
    assert wired.log.row(group.first).at == 0.0
    assert group.until == pytest.approx(wired.now - 0.1)
    assert group.events == wired.log.events
    assert len(list(wired.log.groups.rows(1))) == len(wired.log) == group.events - 4


def test_names_of_the_beta_are_grouped_alike(wired: Wired):
    message = {"id": "A", "type": "message", "role": "assistant"}
    about = {"response_id": "R", "item_id": "A"}
    utterance(wired, seen="conversation.item.created")
    wired.server("response.created", response={"id": "R"})
    wired.server("response.output_item.added", response_id="R", item=message)
    wired.server("conversation.item.created", item=message)
    for kind in ("text.delta", "text.done", "audio_transcript.delta", "audio.delta", "audio.done"):
        wired.server(f"response.{kind}", **about, delta="AAAA")
    wired.server("response.cancelled", response={"id": "R", "status": "cancelled"})
    assert wired.groups == [(SPEECH, 4, ""), (RESPONSE, 9, "cancelled")]
    assert wired.alone == []


def test_yandex_announces_the_agent_s_item_twice_before_it_says_of_which_response_it_is(wired: Wired):
    message = {"id": "A", "type": "message", "role": "assistant"}
    about = {"response_id": "R", "item_id": "A"}
    wired.server("conversation.item.created", item={"id": "T", "type": "message", "role": "user"})
    wired.server("response.created", response={"id": "R"})
    wired.server("conversation.item.created", item=message)
    wired.server("conversation.item.created", item=message)
    wired.server("response.output_item.added", response_id="R", item=message)
    wired.server("response.output_text.delta", **about, delta=" a")
    wired.server("response.output_audio_transcript.done", **about)
    wired.server("response.done", response={"id": "R", "status": "completed"})
    assert wired.groups == [(RESPONSE, 7, "completed")]
    assert wired.alone == ["conversation.item.created"], "what was typed is no speech"


def test_a_function_call_belongs_to_its_response_and_its_result_to_nobody(wired: Wired):
    call = {"id": "F", "type": "function_call", "name": "get_weather", "call_id": "C"}
    wired.server("response.created", response={"id": "R"})
    wired.server("response.output_item.added", response_id="R", item=call)
    wired.server("response.function_call_arguments.delta", response_id="R", item_id="F", delta="{}")
    wired.server("response.function_call_arguments.done", response_id="R", item_id="F", arguments="{}")
    wired.server("response.output_item.done", response_id="R", item=call)
    wired.server(DONE, item=call)
    wired.server("response.done", response={"id": "R", "status": "completed"})
    assert wired.server(ADDED, item={"id": "O", "type": "function_call_output", "call_id": "C"}) == 0
    assert wired.groups == [(RESPONSE, 7, "completed")]


def test_two_responses_at_once_keep_their_own_events(wired: Wired):
    first = wired.server("response.created", response={"id": "R1"})
    second = wired.server("response.created", response={"id": "R2"})
    assert first != second
    for _ in range(3):
        assert wired.server("response.output_text.delta", response_id="R1", item_id="A1", delta="a") == first
        assert wired.server("response.output_text.delta", response_id="R2", item_id="A2", delta="b") == second
    assert wired.server("response.done", response={"id": "R1", "status": "completed"}) == first
    assert wired.server(DONE, item={"id": "A2", "type": "message", "role": "assistant"}) == second
    assert wired.server(DONE, item={"id": "A1", "type": "message", "role": "assistant"}) == first
    assert wired.server("response.done", response={"id": "R2", "status": "cancelled"}) == second


def test_an_item_that_was_taken_for_another_response_s_is_put_right_by_the_server(wired: Wired):
    message = {"id": "A", "type": "message", "role": "assistant"}
    first = wired.server("response.created", response={"id": "R1"})
    second = wired.server("response.created", response={"id": "R2"})
    assert wired.server(ADDED, item=message) == second
    assert wired.server("response.output_item.added", response_id="R1", item=message) == first
    assert wired.server(DONE, item=message) == first


@pytest.mark.parametrize("late", [1, 50])
def test_a_transcript_that_comes_turns_later_belongs_to_its_utterance(wired: Wired, late: int):
    utterance(wired, "U")
    for number in range(late):
        utterance(wired, f"U{number}")
        answer_ga(wired, f"R{number}", f"A{number}")
    assert wired.server(TRANSCRIBED, item_id="U", transcript="late") == 1
    assert wired.group(1).events == 5


def test_a_response_without_any_id_is_a_group_from_its_first_event_to_its_last(wired: Wired):
    for status in ("completed", "cancelled"):
        wired.server("response.created", response={})
        wired.server("response.output_text.delta", delta="a")
        wired.server("response.output_item.done", item={"type": "message", "role": "assistant"})
        wired.server("response.done", response={"status": status})
    assert wired.groups == [(RESPONSE, 4, "completed"), (RESPONSE, 4, "cancelled")]
    assert wired.server("response.output_text.delta", delta="a") == 0, "nothing is open"


def test_a_response_that_tells_its_id_later_is_one_group(wired: Wired):
    wired.server("response.created", response={})
    wired.server("response.output_text.delta", response_id="R", item_id="A", delta="a")
    wired.server("response.done", response={"id": "R"})
    assert wired.groups == [(RESPONSE, 3, "completed")]


def test_a_response_whose_beginning_was_not_seen_is_a_group_all_the_same(wired: Wired):
    wired.server("response.output_text.delta", response_id="R", item_id="A", delta="a")
    wired.server("response.done", response={"id": "R"})
    assert wired.groups == [(RESPONSE, 2, "completed")]


def test_an_utterance_that_never_ends_keeps_no_event_of_the_next_one(wired: Wired):
    wired.server("input_audio_buffer.speech_started", item_id="U1")
    answer_ga(wired)
    utterance(wired, "U2")
    assert wired.groups == [(SPEECH, 1, ""), (RESPONSE, 15, ""), (SPEECH, 4, "")]


def test_an_utterance_whose_start_tells_no_item_gets_it_when_it_is_committed(wired: Wired):
    wired.server("input_audio_buffer.speech_started", audio_start_ms=1)
    wired.server("input_audio_buffer.speech_stopped", audio_end_ms=2)
    wired.server("input_audio_buffer.committed", item_id="U")
    wired.server(TRANSCRIBED, item_id="U", transcript="Hello")
    wired.server("input_audio_buffer.speech_started", audio_start_ms=3)
    assert wired.groups == [(SPEECH, 4, ""), (SPEECH, 1, "")]


def test_a_push_to_talk_turn_begins_when_it_is_committed(wired: Wired):
    wired.server("input_audio_buffer.committed", item_id="U")
    wired.server(ADDED, item={"id": "U", "type": "message", "role": "user"})
    wired.server(TRANSCRIBED, item_id="U", transcript="Hello")
    assert wired.groups == [(SPEECH, 3, "")]


# --- errors


def test_an_error_is_in_no_group(wired: Wired):
    utterance(wired)
    wired.server("response.created", response={"id": "R"})
    failed = "conversation.item.input_audio_transcription.failed"
    assert wired.server(failed, item_id="U", error={"code": "audio_unintelligible"}) == 0
    assert wired.server("error", error={"code": "server_error"}) == 0
    assert wired.server("response.mcp_call.failed", response_id="R", item_id="M") == 0
    assert wired.server("response.content_part.added", response_id="R", item_id=["not a text"]) == 0
    assert [wired.log.row(row).error for row in range(4, 9)] == [False, True, True, True, True]


def test_a_delta_with_an_error_has_a_row_of_its_own_and_ends_no_run(wired: Wired):
    about = {"response_id": "R", "item_id": "A"}
    for delta in ("a", "b", 7, "c"):
        wired.server("response.output_text.delta", **about, delta=delta)
    found = [(wired.log.row(row).count, wired.log.row(row).error) for row in range(len(wired.log))]
    assert found == [(3, False), (1, True)]
    assert wired.groups == [(RESPONSE, 3, "")]


@pytest.mark.parametrize("status", ["failed", "incomplete"])
def test_a_response_that_failed_holds_the_event_that_says_so_and_says_it_itself(wired: Wired, status: str):
    wired.server("response.created", response={"id": "R"})
    wired.server("response.done", response={"id": "R", "status": status})
    assert wired.groups == [(RESPONSE, 2, status)]
    assert wired.group(1).failed
    assert wired.log.row(1).error


def test_a_response_that_failed_stays_failed_whatever_is_told_later(wired: Wired):
    wired.server("response.created", response={"id": "R"})
    wired.server("response.done", response={"id": "R", "status": "failed"})
    wired.server("response.done", response={"id": "R", "status": "completed"})
    assert wired.group(1).failed


def test_an_end_that_could_not_be_read_fully_is_a_row_of_its_own_and_an_end(wired: Wired):
    wired.server("response.created", response={"id": "R"})
    assert wired.server("response.done", response={"id": "R", "status": "completed", "usage": "much"}) == 0
    assert wired.groups == [(RESPONSE, 1, "completed")]


# --- what the client sends


def test_requests_stand_for_themselves_and_the_microphone_runs_on_while_nothing_else_begins(wired: Wired):
    sound = AppendInput(event_id="e2", audio=bytes(960))
    first = wired.client(sound)
    utterance(wired)
    second = wired.client(sound)
    wired.server(TRANSCRIBED, item_id="U", transcript="Hello")
    assert wired.client(sound) == second != first
    assert wired.client(CancelResponse(event_id="e3")) == 0
    third = wired.client(sound)
    assert len({first, second, third}) == 3
    assert [events for kind, events, _ in wired.groups if kind is MICROPHONE] == [1, 2, 1]
    assert wired.group(second).audio_bytes == 1920


# --- ids


@pytest.mark.parametrize("connected_again", [True, False])
def test_ids_that_are_used_again_are_of_a_new_response(wired: Wired, connected_again: bool):
    answer_ga(wired)
    wired.server("response.done", response={"id": "R", "status": "completed"})
    if connected_again:
        wired.log.forget_ids()
    answer_ga(wired)
    assert wired.groups == [(RESPONSE, 16, "completed"), (RESPONSE, 15, "")]


def test_a_response_that_the_last_connection_left_open_takes_no_event_of_the_next(wired: Wired):
    answer_ga(wired)
    wired.log.forget_ids()
    assert wired.server(ADDED, item={"id": "B", "type": "message", "role": "assistant"}) == 0
    answer_ga(wired)
    assert wired.groups == [(RESPONSE, 15, ""), (RESPONSE, 15, "")]


def test_a_server_that_says_twice_that_a_response_begins_begins_one(wired: Wired):
    wired.server("response.created", response={"id": "R"})
    wired.server("response.created", response={"id": "R"})
    assert wired.groups == [(RESPONSE, 2, "")]


def test_ids_and_open_responses_without_end_are_remembered_up_to_a_limit(wired: Wired):
    for number in range(MAX_IDS * 2):
        wired.server("response.created", response={"id": f"{number}" + "x" * 1_000})
    kept = {path: size for path, size in lengths({"groups": wired.log.groups}).items() if size > MAX_IDS}
    assert all(size in (MAX_IDS * 2, MAX_IDS * 2 + 1) for size in kept.values()), "columns alone"
    assert max(len(word) for word in wired.log.groups._ids) <= 200
    assert wired.server("response.done", response={"id": f"{MAX_IDS * 2 - 1}" + "x" * 1_000}) == MAX_IDS * 2


def test_a_server_that_invents_statuses_without_end_gets_one_word_for_all_later_ones(wired: Wired):
    for number in range(MAX_STATUSES + 10):
        mark = GroupMark(RESPONSE, Claim.OPENS, f"response:{number}", ends=f"status {number}")
        wired.log.append(0, False, "x", "{}", group=mark)
    assert wired.group(1).status == "status 0"
    assert wired.group(MAX_STATUSES + 5).status == OTHER_STATUS


def test_one_more_event_costs_the_same_after_a_thousand_responses_and_after_three(wired: Wired):
    def cost(responses: range) -> int:
        for number in responses:
            utterance(wired, f"U{number:06}")
            answer_ga(wired, f"R{number:06}", f"A{number:06}")
            wired.server("response.done", response={"id": f"R{number:06}", "status": "completed"})
        last = f"{responses[-1]:06}X"
        return lines_run(lambda: (utterance(wired, f"U{last}"), answer_ga(wired, f"R{last}", f"A{last}")))

    assert cost(range(500)) == cost(range(500, 2_000))


# --- any sequence


MARKS = st.builds(
    GroupMark,
    kind=st.sampled_from((RESPONSE, SPEECH)),
    claim=st.sampled_from((Claim.OPENS, Claim.BELONGS, Claim.JOINS, Claim.FOLLOWS)),
    id=st.sampled_from(("", "1", "2")),
    item=st.sampled_from(("", "a", "b")),
    ends=st.sampled_from(("", "", "completed", "failed")),
) | st.just(GroupMark(MICROPHONE, Claim.RUNS_ON))

EVENTS = st.lists(
    st.tuples(st.none() | MARKS, st.sampled_from((None, None, "fold")), st.booleans(), st.booleans()), max_size=40
)


@settings(deadline=None)
@given(events=EVENTS)
def test_of_any_events_every_row_is_in_one_group_at_most_and_counts_and_links_agree(events):
    log = EventLog()
    try:
        for number, (mark, fold, error, connected_again) in enumerate(events):
            if connected_again and number % 7 == 0:
                log.forget_ids()
            error = error and number % 5 == 0
            log.append(
                number, False, f"e{number % 3}", "{}", fold_key=fold, audio_bytes=number, error=error, group=mark
            )
        groups = log.groups
        rows = range(len(log))
        assert len(groups.of_row) == len(log)
        for group in {groups.of_row[row] for row in rows} - {0}:
            own = [row for row in rows if groups.of_row[row] == group]
            told = groups.group(group)
            assert list(groups.rows(group)) == own
            assert [list(groups.rows(group, after=row)) for row in own] == [own[n + 1 :] for n in range(len(own))]
            assert told.first == own[0] == groups.first(group)
            assert told.events == groups.events(group) == sum(log.count(row) for row in own)
            assert told.audio_bytes == sum(log.row(row).audio_bytes for row in own)
            assert told.failed or not any(log.row(row).error for row in own), "no fold hides an error"
            assert len(log.texts_of_group(group, 1_000)) == told.events
        firsts = {groups.of_row[row]: row for row in reversed(rows)}
        assert list(groups.heads) == [
            row for row in rows if not groups.of_row[row] or firsts[groups.of_row[row]] == row
        ]
    finally:
        log.close()


def test_the_texts_of_a_group_are_in_the_order_in_which_they_came(wired: Wired):
    for number in range(3):
        wired.server("response.output_text.delta", response_id="R", item_id="A", delta=f"text {number}")
        wired.server("response.output_audio_transcript.delta", response_id="R", item_id="A", delta=f"words {number}")
    texts = [json.loads(text)["delta"] for text in wired.log.texts_of_group(1, 100)]
    assert texts == ["text 0", "words 0", "text 1", "words 1", "text 2", "words 2"]
    assert len(wired.log.texts_of_group(1, 4)) == 4


def test_a_long_talk_takes_at_most_sixty_four_bytes_of_memory_an_event(wired: Wired):
    for number in range(300):
        utterance(wired, f"U{number}")
        wired.server(TRANSCRIBED, item_id=f"U{number}", transcript="Hello")
        answer_ga(wired, f"R{number}", f"A{number}")
        wired.server("response.done", response={"id": f"R{number}"})
    assert wired.log.memory_bytes <= 64 * wired.log.events
