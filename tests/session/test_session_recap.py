"""What was said before the connection was made anew is given to the new session."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.sdk_types import accept
from rtvoice_tui.protocol.realtime.dialects import DIALECTS
from rtvoice_tui.session.commands import SetHistory, TimerFired
from rtvoice_tui.session.facts import UserSaid
from rtvoice_tui.session.recap import RECAP, HistoryMessage, history_items
from session.conversation import MANUAL, VAD, Conversation, Step, function_call

TALK = (
    HistoryMessage(False, "How is the weather?"),
    HistoryMessage(True, "It is sunny."),
    HistoryMessage(False, "And tomorrow?"),
)
ITEMS = [name for name, dialect in DIALECTS.items() if dialect.history == "items"]


def message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


AS_ITEMS = [
    message("user", "input_text", "How is the weather?"),
    message("assistant", "output_text", "It is sunny."),
    message("user", "input_text", "And tomorrow?"),
]
AS_RECAP = [
    message("user", "input_text", f"{RECAP}\nI: How is the weather?\nYou: It is sunny.\nI: And tomorrow?"),
]


def given_items(step: Step) -> list[dict[str, Any]]:
    return [event["item"] for event in step.sent if event["type"] == "conversation.item.create"]


# --- the items


@pytest.mark.parametrize(
    ("history", "form", "items"),
    [
        pytest.param((), "items", [], id="nothing as items"),
        pytest.param((), "recap", [], id="nothing as a recap"),
        pytest.param((HistoryMessage(True, " \n"), HistoryMessage(False, "")), "items", [], id="silence as items"),
        pytest.param((HistoryMessage(True, " \n"), HistoryMessage(False, "")), "recap", [], id="silence as a recap"),
        pytest.param(TALK, "items", AS_ITEMS, id="a talk as items"),
        pytest.param(TALK, "recap", AS_RECAP, id="a talk as a recap"),
        pytest.param(
            (TALK[0], HistoryMessage(True, ""), *TALK[1:]), "items", AS_ITEMS, id="silence is skipped in items"
        ),
        pytest.param(
            (TALK[0], HistoryMessage(True, ""), *TALK[1:]), "recap", AS_RECAP, id="silence is skipped in a recap"
        ),
    ],
)
def test_what_was_said_becomes_items(history, form, items):
    assert history_items(history, form) == items


HISTORY = st.lists(st.builds(HistoryMessage, st.booleans(), st.text(max_size=8)), max_size=5)


@given(HISTORY, st.sampled_from(["items", "recap"]))
def test_no_words_are_lost_and_none_are_empty_whatever_was_said(history, form):
    items = history_items(history, form)
    words = [item["content"][0]["text"] for item in items]
    assert all(text.strip() for text in words)
    together = "\n".join(words)
    assert all(line.text.strip() in together for line in history)
    for item in items:
        accept({"type": "conversation.item.create", "event_id": "e", "item": item})


@given(HISTORY)
def test_a_recap_is_one_message_of_the_user_because_the_agents_words_would_be_refused(history):
    items = history_items(history, "recap")
    assert len(items) == any(line.text.strip() for line in history)
    assert all((item["role"], item["content"][0]["type"]) == ("user", "input_text") for item in items)


def test_only_yandex_is_given_a_recap():
    assert [name for name, dialect in DIALECTS.items() if dialect.history == "recap"] == ["yandex"]


# --- when they are given


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_earlier_words_come_when_the_session_is_ready_and_not_before(dialect):
    c = Conversation(dialect, ready=False)
    assert c.do(SetHistory(TALK)).effects == []
    c.connect()
    assert c.server("session.created", session={}).sent_types == ["session.update"]
    ready = c.server("session.updated", session={})
    assert given_items(ready) == (AS_RECAP if dialect == "yandex" else AS_ITEMS)
    assert set(ready.sent_types) == {"conversation.item.create"}, "nobody is asked to answer them"


@pytest.mark.parametrize("dialect", ["openai", "yandex"])
def test_the_earlier_words_come_before_anything_that_is_said_now(dialect):
    c = Conversation(dialect, ready=False)
    c.do(SetHistory(TALK))
    c.open()
    c.type("Go on")
    c.mic(20)
    said = [event for event in c.all().sent if event["type"] != "session.update"]
    earlier = AS_RECAP if dialect == "yandex" else AS_ITEMS
    assert [event["item"] for event in said[: len(earlier)]] == earlier
    assert [event["type"] for event in said[len(earlier) :]] == [
        "conversation.item.create",
        "response.create",
        "input_audio_buffer.append",
    ]


def test_every_earlier_word_bears_an_id_of_its_own_so_that_a_refusal_can_be_tied_to_it():
    c = Conversation(ready=False)
    c.do(SetHistory(TALK))
    ids = [event["event_id"] for event in c.open().sent_with_ids]
    assert len(set(ids)) == len(ids) == 3
    refused = c.error("invalid_value", ids[1])
    assert len(refused.notices) == 1
    assert c.machine.ready


def test_earlier_words_are_no_turn_of_this_session():
    c = Conversation(ready=False)
    c.do(SetHistory(TALK))
    ready = c.open()
    assert ready.of(UserSaid) == []
    assert ready.phases == ["listening"]
    assert ready.timers == {}


def test_earlier_words_are_given_once():
    c = Conversation(ready=False)
    c.do(SetHistory(TALK))
    c.open()
    assert given_items(c.server("session.updated", session={})) == []
    c.close()
    assert given_items(c.open()) == []


def test_a_later_recall_replaces_an_earlier_one():
    c = Conversation(ready=False)
    c.do(SetHistory(TALK))
    c.do(SetHistory(TALK[:1]))
    assert given_items(c.open()) == AS_ITEMS[:1]


def test_earlier_words_survive_a_connection_that_never_got_ready():
    c = Conversation(ready=False)
    c.do(SetHistory(TALK))
    c.connect()
    c.server("session.created", session={})
    assert given_items(c.close()) == []
    assert given_items(c.open()) == AS_ITEMS


def test_earlier_words_wait_for_the_correction_of_a_refused_configuration():
    c = Conversation(ready=False)
    c.do(SetHistory(TALK))
    c.connect()
    c.server("session.created", session={})
    assert given_items(c.error("invalid_value", "e1")) == []


def test_earlier_words_are_given_to_a_server_that_does_not_confirm_its_settings():
    c = Conversation(ready=False)
    c.do(SetHistory(TALK))
    c.connect()
    (timer,) = c.server("session.created", session={}).timers
    assert given_items(c.do(TimerFired(timer))) == AS_ITEMS


def test_earlier_words_go_to_the_session_that_opens_next_and_not_into_a_running_one():
    c = Conversation()
    assert c.do(SetHistory(TALK)).sent == []
    c.close()
    assert given_items(c.open()) == AS_ITEMS


@pytest.mark.parametrize("settings", [VAD, MANUAL], ids=["by ear", "by hand"])
def test_an_empty_recall_changes_nothing(settings):
    c = Conversation(settings=settings, ready=False)
    c.do(SetHistory(()))
    assert c.open().sent == []


def test_calls_of_the_old_session_are_not_given_again():
    c = Conversation()
    c.calls(function_call("K1"))
    c.close()
    c.do(SetHistory(TALK))
    assert given_items(c.open()) == AS_ITEMS
    assert c.tool_done("K1").sent == []
