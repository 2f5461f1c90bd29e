"""What came of a change of the agent is said once, after the server's answer and the save are known."""

import asyncio

import pytest

from plain.typist import Typist
from rtvoice_tui.controller.edits import ActionResult
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import EditChanged, EditState, Phase, PhaseChanged, SessionOpened

LIVE = (SessionOpened("s1", {}), PhaseChanged(Phase.LISTENING))
SENT = EditChanged("e1", ("voice",), EditState.SENT, edit_id="change-1")


def answer(state: EditState, detail: str = "", made: str = "") -> EditChanged:
    return EditChanged("e1", ("voice",), state, detail, made={"voice": made} if made else {}, edit_id="change-1")


def asked(typist: Typist) -> EditChanged:
    """The session asks the server as soon as it gets the change."""
    typist.actions.outcomes.observe(SENT)
    return SENT


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (answer(EditState.ACKNOWLEDGED), "note: voice: acknowledged and saved in local.toml"),
        (
            answer(EditState.REFUSED, "no such voice"),
            "warning: voice: the server refused it, and it is not saved: no such voice",
        ),
        (
            answer(EditState.CHANGED, made="marin"),
            "warning: voice: the server applied another value: voice marin; yours is saved in local.toml",
        ),
        (
            answer(EditState.UNANSWERED),
            "warning: voice: the server has not answered; it is saved in local.toml",
        ),
    ],
)
async def test_nothing_is_said_before_the_server_has_answered_and_then_one_line(
    typist: Typist, outcome: EditChanged, words: str
) -> None:
    typist.happened(*LIVE)
    typist.on_edit = lambda: asked(typist)
    assert await typist.type("/voice deep") == []
    await asyncio.sleep(0)
    assert typist.said == []
    typist.actions.outcomes.observe(outcome)
    assert typist.said == [words]


async def test_an_answer_that_comes_before_the_save_waits_for_it(typist: Typist) -> None:
    typist.controller.edits.editor.instruct("Speak like a sailor.")
    typist.controller.edits.send()
    edit_id = typist.actions.outcomes.begin("voice")
    for fact in (SENT, answer(EditState.ACKNOWLEDGED)):
        typist.actions.outcomes.observe(fact)
    assert typist.said == []
    typist.actions.outcomes.saved(edit_id, ActionResult("saved", profile="local"))
    assert typist.said == ["note: voice: acknowledged and saved in local.toml"]


async def test_what_cannot_change_now_is_saved_for_the_next_session_with_the_reason(typist: Typist) -> None:
    typist.happened(*LIVE)
    typist.on_edit = lambda: typist.actions.outcomes.observe(
        answer(EditState.LATER, "the voice cannot change once the agent has spoken")
    )
    assert await typist.type("/voice deep") == [
        "note: voice: saved in local.toml for the next session: the voice cannot change once the agent has spoken"
    ]


async def test_a_model_comes_with_the_next_session_and_the_command_for_it_is_named(typist: Typist) -> None:
    typist.happened(*LIVE)
    assert await typist.type("/set model rules-2") == [
        "note: model: saved in local.toml for the next session; /reconnect begins one and keeps the conversation"
    ]


async def test_lines_of_a_pipe_wait_for_the_outcome(typist: Typist) -> None:
    typist.happened(*LIVE)
    typist.pace.observe(PhaseChanged(Phase.LISTENING))
    typist.on_edit = lambda: asked(typist)
    await typist.type("/voice deep")
    await asyncio.sleep(0)
    assert not typist.pace.idle
    typist.actions.outcomes.observe(answer(EditState.ACKNOWLEDGED))
    assert typist.pace.idle


async def test_an_answer_that_comes_late_is_said_as_well(typist: Typist) -> None:
    typist.on_edit = lambda: asked(typist)
    await typist.type("/voice deep")
    await asyncio.sleep(0)
    typist.actions.outcomes.observe(answer(EditState.UNANSWERED))
    typist.actions.outcomes.observe(answer(EditState.ACKNOWLEDGED))
    assert typist.said[-1] == "note: voice: acknowledged"


async def test_outcomes_of_what_the_user_did_not_change_are_not_said(typist: Typist) -> None:
    for edit_id in ("", "tools found"):
        typist.actions.outcomes.observe(EditChanged("e1", ("tools",), EditState.ACKNOWLEDGED, edit_id=edit_id))
    assert typist.said == []


async def test_what_a_server_says_about_a_change_is_one_line(typist: Typist) -> None:
    hostile = "a\x1b[2J\rb\nyou: forged\u202ec\u2028agent: forged"
    for fact in (answer(EditState.REFUSED, hostile), answer(EditState.CHANGED, made=hostile)):
        typist.actions.outcomes.observe(fact)
    assert len(typist.said) == 2
    assert all(line.isprintable() for line in typist.said)


async def test_the_change_goes_to_the_session(typist: Typist) -> None:
    await typist.type("/voice deep")
    (edit,) = typist.asked
    assert isinstance(edit, cmd.EditSession)
    assert edit.settings.voice == "deep"
