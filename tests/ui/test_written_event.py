"""A client event is written by hand, checked, and sent."""

import json

from keyed import Cockpit, focus, opened, until
from textual.pilot import Pilot
from textual.widgets import TextArea

from rtvoice_tui.session.commands import SendEvent
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.ui.panes.events import EventsView
from rtvoice_tui.ui.screens.written_event import WrittenEventScreen
from rtvoice_tui.ui.widgets.lines import FixedLine
from screens import toasts


async def writing(app: Cockpit, pilot: Pilot[None], text: str = "") -> TextArea:
    """Open the dialog, and write a text into it."""
    await pilot.press("E")
    await until(pilot, lambda: isinstance(app.screen, WrittenEventScreen) and app.screen.focused is not None)
    area = app.screen.query_one(TextArea)
    if text:
        area.load_text(text)
        await until(pilot, lambda: area.text == text)
    return area


def said(app: Cockpit) -> str:
    return app.screen.query_one("#written-words", FixedLine).words


def name(app: Cockpit) -> str:
    return app.screen.query_one("#written-name", FixedLine).words


async def test_the_first_template_asks_for_an_answer_and_f7_sends_it() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        area = await writing(app, pilot)
        assert json.loads(area.text) == {"type": "response.create"}
        await pilot.press("f7")
        await until(pilot, lambda: toasts(app) == ["response.create is sent"])
        (sent,) = app.told
        assert isinstance(sent, SendEvent)
        assert json.loads(sent.text) == {"type": "response.create"}


async def test_the_next_opening_begins_with_what_was_sent() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await writing(app, pilot, '{"type": "response.create", "response": {"instructions": "Hi"}}')
        await pilot.press("f7")
        await until(pilot, lambda: app.told)
        area = await writing(app, pilot)
        assert "instructions" in area.text
        assert name(app).startswith("the last one written")


async def test_what_is_not_documented_is_named_and_sent_at_the_second_call() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await writing(app, pilot, '{"type": "response.create", "respnse": {}}')
        await pilot.press("f7")
        await until(pilot, lambda: said(app) == "respnse is not documented: F7 once more sends it all the same")
        assert app.told == []
        await pilot.press("f7")
        await until(pilot, lambda: app.told)


async def test_what_is_no_event_is_not_sent_and_the_place_is_named() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        await writing(app, pilot, '{"type": "response.create"\n "a": 1}')
        for _ in range(3):
            await pilot.press("f7")
        await until(pilot, lambda: said(app) == "line 2, column 2: expecting ',' delimiter")
        assert app.told == []


async def test_what_is_typed_stays_in_its_template_and_is_not_lost_at_once() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        area = await writing(app, pilot, '{"type": "response.create", "a": 1}')
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "response.cancel" in area.text)
        await pilot.press("ctrl+b")
        await until(pilot, lambda: '"a": 1' in area.text)
        await pilot.press("escape")
        await until(pilot, lambda: "esc once more discards it" in said(app))
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_without_a_session_the_text_stays() -> None:
    app = Cockpit()
    async with opened(app) as pilot:
        app.phase(Phase.OFFLINE)
        await writing(app, pilot)
        await pilot.press("f7")
        await until(pilot, lambda: said(app).startswith("not connected, so it cannot be sent"))
        assert app.told == []


async def test_templates_have_the_ids_of_the_session() -> None:
    app = Cockpit()
    event = {"type": "response.output_text.delta", "response_id": "resp_7", "item_id": "item_9", "delta": "x"}
    async with opened(app) as pilot:
        app.store.events.append(1.0, False, event["type"], event)
        area = await writing(app, pilot)
        for _ in range(11):
            if "truncate" in name(app):
                break
            await pilot.press("ctrl+n")
        assert json.loads(area.text)["item_id"] == "item_9"


async def test_a_sent_event_under_the_cursor_can_be_changed_and_sent_again() -> None:
    app = Cockpit()
    event = {"type": "response.cancel", "event_id": "e-5", "response_id": "resp_1", "why": "x"}
    async with opened(app) as pilot:
        app.store.events.append(90.0, True, "response.cancel", event)
        await focus(pilot, 2)
        view = app.query_one(EventsView)
        await until(pilot, lambda: "response.cancel" in view.copy_text())
        await pilot.press("end")
        area = await writing(app, pilot)
        assert name(app).startswith("the chosen event, once more")
        assert json.loads(area.text) == {"type": "response.cancel", "response_id": "resp_1", "why": "x"}


async def test_if_the_event_under_the_cursor_is_as_its_template_that_one_is_shown() -> None:
    app = Cockpit()
    event = {"type": "response.cancel", "event_id": "e-5", "response_id": "resp_1"}
    async with opened(app) as pilot:
        app.store.events.append(90.0, True, "response.cancel", event)
        await focus(pilot, 2)
        view = app.query_one(EventsView)
        await until(pilot, lambda: "response.cancel" in view.copy_text())
        await writing(app, pilot)
        assert name(app).startswith("response.cancel ")
