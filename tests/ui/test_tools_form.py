"""A tool run by hand: the form, what it runs, and what comes of it below."""

import json
from collections.abc import Iterator

import pytest
from keyed import Cockpit, focus, opened, until
from still import screen_text
from textual.pilot import Pilot
from textual.widgets import Input

from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.store.calls import KEPT
from rtvoice_tui.ui.screens.manual_run import ManualRunScreen
from rtvoice_tui.ui.widgets.lines import FixedLine
from screens import toasts

SIZES = ((120, 40), (80, 24))
HOSTILE = "\\[/b] [red]x[/red] \x1b[31m\x07\x9b2J 漢字\u202e👍\ud800 \n"
BOOK = ToolSpec(
    name="book",
    description="Books a table.",
    kind="command",
    parameters={
        "type": "object",
        "properties": {
            "people": {"type": "integer", "description": "How many."},
            "a_rather_long_name_of_an_argument": {"type": "string", "default": "inside"},
            "note": {"type": ["string", "null"]},
            "window": {"type": "boolean"},
            "kind": {"enum": ["lunch", "dinner"]},
            "extras": {"type": "array"},
        },
        "required": ["people", "a_rather_long_name_of_an_argument"],
    },
)
NOTHING = ToolSpec(name="now", description="The time.", kind="python", parameters={"type": "object", "properties": {}})
FREE = ToolSpec(name="free", kind="http", parameters={})


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cockpit]:
    cockpit = Cockpit()
    specs = [BOOK, NOTHING, FREE, ToolSpec(name="search", hosted=True)]
    monkeypatch.setattr(type(cockpit.stand_in), "tools", property(lambda _: tuple(specs)))
    yield cockpit
    cockpit.store.events.close()


def field(app: Cockpit, number: int) -> Input:
    return app.screen.query_one(f"#try-{number}", Input)


def fill(app: Cockpit, *texts: str) -> None:
    for number, text in enumerate(texts):
        field(app, number).value = text


def problem(app: Cockpit) -> str:
    return app.screen.query_one("#try-problem", FixedLine).words


async def open_form(app: Cockpit, pilot: Pilot[None], key: str = "h") -> None:
    await focus(pilot, 4)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, ManualRunScreen) and app.focused is not None, "the form is open")


def came(app: Cockpit, state: CallState, number: int = 1, at: float = 100.0, **more: object) -> None:
    key = f"by-hand-{number}"
    fields = {"name": "book", "arguments": "{}", "manual": True, **more}
    app.store.record(CallChanged(12, key, key, "", state=state, **fields), at)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_form_has_a_line_for_each_argument_and_what_is_typed_runs_as_exact_json(
    app: Cockpit, size: tuple[int, int]
):
    async with opened(app, size) as pilot:
        await open_form(app, pilot)
        text = screen_text(pilot)
        for words in ("Test book", "Books a table.", "people *", "integer; How many.", "a_rather_long_na… *",
                      "string; usually inside", "lunch, dinner", "F7 run"):  # fmt: skip
            assert words in text
        await pilot.press("4")
        assert app.focused is field(app, 0)
        assert field(app, 0).value == "4", "digits are typed, not panes"
        fill(app, "4", "", "null", "yes", "", '["wine", 2]')
        await pilot.press("f7")
        arguments = {"people": 4, "a_rather_long_name_of_an_argument": "", "note": None, "window": True}
        ran = ("try", "book", json.dumps(arguments | {"extras": ["wine", 2]}))
        await until(pilot, lambda: app.told == [ran])
        assert problem(app) == ""
        for number, text in ((0, "four"), (4, "tea"), (5, "wine")):
            before = field(app, number).value
            field(app, number).value = text
            await pilot.press("f7")
            named = ("people: integer expected", "", "", "", "kind: one of lunch, dinner", "extras: a JSON array")[
                number
            ]
            await until(
                pilot, lambda named=named: problem(app).startswith(named) and named in screen_text(pilot), named
            )
            field(app, number).value = before
        assert app.told == [ran], "nothing wrong was run"
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_enter_goes_on_to_the_next_field_and_runs_from_the_last_and_f8_is_the_next_tool(app: Cockpit):
    async with opened(app, SIZES[1]) as pilot:
        await open_form(app, pilot)
        fill(app, "2", "x")
        for number in range(1, 6):
            await pilot.press("enter")
            await until(pilot, lambda number=number: app.focused is field(app, number), f"field {number}")
        assert app.told == []
        await pilot.press("enter")
        await until(pilot, lambda: len(app.told) == 1, "it runs")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: problem(app) == "it takes no arguments: F7 runs it")
        await pilot.press("f7")
        await until(pilot, lambda: app.told[1:] == [("try", "now", "{}")])
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Test free" in screen_text(pilot) and app.screen.query("#try-0"))
        assert "all arguments as JSON" in screen_text(pilot)
        fill(app, '{"a": [1]}')
        await pilot.press("f7")
        await until(pilot, lambda: app.told[2:] == [("try", "free", '{"a": [1]}')])
        fill(app, "[1]")
        await pilot.press("f7")
        await until(pilot, lambda: problem(app) == "arguments: a JSON object, such as {}")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "Test book" in screen_text(pilot), "after the last comes the first: not the hosted")


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_result_appears_below_as_it_comes_and_a_failure_with_its_traceback(
    app: Cockpit, size: tuple[int, int]
):
    for number in range(KEPT + 10):  # as many as are kept: the oldest go
        came(app, CallState.OK, 1000 + number, output="old")
    async with opened(app, size) as pilot:
        await open_form(app, pilot)
        fill(app, "4", "x")
        await pilot.press("f7")
        await until(pilot, lambda: len(app.told) == 1)
        came(app, CallState.RUNNING, arguments='{"people": 4}')
        await until(pilot, lambda: "people  4" in screen_text(pilot) and "now +" in screen_text(pilot), "it runs")
        assert "old" not in screen_text(pilot)
        came(app, CallState.OK, at=100.5, output='{"seat": 5}')
        await until(pilot, lambda: "seat  5" in screen_text(pilot), "its result")
        await pilot.press("f7")
        await until(pilot, lambda: len(app.told) == 2)
        await until(pilot, lambda: "seat  5" not in screen_text(pilot), "the result before is gone")
        note = 'Traceback:\n  File "tools.py"\nValueError: full'
        came(app, CallState.FAILED, 2, output='{"error": "book failed"}', note=note, arguments='{"people": 4}')
        await until(pilot, lambda: "error to the model" in screen_text(pilot), "its failure")
        view = app.screen.query_one("#trial")
        lines = ["".join(text for text, _ in view.pieces(line)) for line in range(view.line_count)]  # type: ignore[attr-defined]
        assert "  ValueError: full" in lines


async def test_n_runs_the_chosen_call_again_and_capital_n_with_its_arguments_in_the_form(app: Cockpit):
    value = {"people": 4, "note": "null", "kind": "dinner", "extras": ["ü"], "gone": 1}
    came(app, CallState.OK, arguments=json.dumps(value), manual=False)
    async with opened(app, SIZES[1]) as pilot:
        await focus(pilot, 4)
        await pilot.press("n")
        await until(pilot, lambda: app.told == [("try", "book", json.dumps(value))])
        await open_form(app, pilot, "N")
        texts = [field(app, number).value for number in range(6)]
        assert texts == ["4", "", '"null"', "", "dinner", '["ü"]']
        await until(pilot, lambda: "not in its schema, so left out: gone" in screen_text(pilot))
        fill(app, "5")
        await pilot.press("f7")
        await until(pilot, lambda: len(app.told) == 2)
        ran = {"people": 5, "a_rather_long_name_of_an_argument": "", "note": "null", "kind": "dinner", "extras": ["ü"]}
        assert json.loads(app.told[1][2]) == ran  # type: ignore[index]


async def test_a_tool_that_vanishes_while_the_form_is_open_does_no_harm(app: Cockpit, monkeypatch: pytest.MonkeyPatch):
    async with opened(app, SIZES[1]) as pilot:
        await open_form(app, pilot)
        monkeypatch.setattr(type(app.stand_in), "tools", property(lambda _: ()))
        fill(app, "4", "x")
        await pilot.press("f7")
        await until(pilot, lambda: len(app.told) == 1)
        came(app, CallState.FAILED, note="the tool book does not run here", checked=False)
        await until(pilot, lambda: "note  the tool book does not run here" in screen_text(pilot))
        await pilot.press("ctrl+n", "escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await pilot.press("h")
        await until(pilot, lambda: any("no tool that runs here" in note for note in toasts(app)))
        assert len(app.screen_stack) == 1


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_hostile_schemas_and_arguments_are_drawn_as_symbols_and_run_as_they_are(
    app: Cockpit, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
):
    schema = {"properties": {HOSTILE: {"description": HOSTILE}, "b": {"type": "string"}, "n": {"type": "integer"}}}
    spec = ToolSpec(name="book", description=HOSTILE, parameters=schema)
    monkeypatch.setattr(type(app.stand_in), "tools", property(lambda _: (spec,)))
    arguments = json.dumps({HOSTILE: HOSTILE, "b": HOSTILE})
    came(app, CallState.OK, arguments=arguments, manual=False)
    async with opened(app, size) as pilot:
        await open_form(app, pilot, "N")
        text = screen_text(pilot)
        assert "␛[31m␇�2J" in text
        fill_text = field(app, 1).value
        assert fill_text == HOSTILE
        field(app, 2).value = HOSTILE
        await pilot.press("f7")
        await until(pilot, lambda: problem(app) == "n: integer expected")
        field(app, 2).value = ""
        await pilot.press("f7")
        await until(pilot, lambda: len(app.told) == 1)
        ran = app.told[0][2]  # type: ignore[index]
        assert json.loads(ran) == json.loads(arguments)
        ran.encode("utf-8")
        came(app, CallState.FAILED, 2, arguments=ran, output=HOSTILE, note=HOSTILE * 2)
        await until(pilot, lambda: "error to the model" in screen_text(pilot))
        assert not {"\x1b", "\x07", "\x9b", "\ud800", "\u202e"} & set(screen_text(pilot) + text)
