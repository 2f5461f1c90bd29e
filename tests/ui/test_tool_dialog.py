"""The dialog of one tool: every kind can be typed, what does not fit in a line is kept, what is wrong is refused."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from keyed import Cockpit, opened, until
from msgspec.structs import replace
from still import screen_text
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from rtvoice_tui.editing.runs import HINTS, line_of
from rtvoice_tui.profiles.model import Filler, ToolEntry
from rtvoice_tui.profiles.runs import AskRun, CommandRun, HostedRun, HttpRun, McpRun, MockRun, PythonRun, ToolRun
from rtvoice_tui.ui.screens.tool import ToolScreen
from rtvoice_tui.ui.widgets.choice_field import ChoiceField
from rtvoice_tui.ui.widgets.lines import FixedLine

SIZES = ((120, 40), (80, 24))
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
FULL = ToolEntry(
    name="book",
    description="Books a table.\n  It takes\u202e long. ",
    parameters=SCHEMA,
    run=CommandRun(argv=["book", "a b", "{n}"], env={"A": "1"}, pass_env=["HOME"], options=True),
    policy="ask",
    timeout_s=12.345678,
    filler=Filler(say="One moment."),
)
TYPED: list[tuple[str, str, ToolRun]] = [
    ("python", "tools.py:get", PythonRun(target="tools.py:get")),
    ("command", "book 'a b' {n}", CommandRun(argv=["book", "a b", "{n}"])),
    ("http", "post https://h/{n}", HttpRun(url="https://h/{n}", method="POST")),
    ("mcp", "server --stdio", McpRun(argv=["server", "--stdio"])),
    ("mcp", "https://h/mcp", McpRun(url="https://h/mcp")),
    ("mock", '{"seat": 5}', MockRun(result={"seat": 5})),
    ("ask", "How many?", AskRun(question="How many?")),
    ("hosted", "index-1", HostedRun(index_id="index-1")),
]


class Dialog:
    """The open dialog, and what it was closed with."""

    def __init__(self, app: Cockpit, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot
        self.closed: list[tuple[ToolEntry | None] | None] = []

    async def open(self, tool: ToolEntry | None, others: set[str] = frozenset()) -> None:  # type: ignore[assignment]
        self.closed.clear()
        self.app.push_screen(ToolScreen(tool, others), self.closed.append)
        await until(self.pilot, lambda: isinstance(self.app.focused, Input) and self.app.focused.id == "tool-name")

    def type(self, **texts: str) -> None:
        for name, text in texts.items():
            self.app.screen.query_one(f"#tool-{name}").value = text  # type: ignore[attr-defined]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0)

    async def taken(self) -> ToolEntry:
        await self.press("f7")
        await until(self.pilot, lambda: self.closed, f"it is taken over: {screen_text(self.pilot)}")
        assert self.closed[0] is not None
        assert self.closed[0][0] is not None
        return self.closed[0][0]


@asynccontextmanager
async def dialog(size: tuple[int, int] = SIZES[0]) -> AsyncIterator[Dialog]:
    app = Cockpit()
    async with opened(app, size) as pilot:
        yield Dialog(app, pilot)


async def test_every_kind_can_be_typed_and_its_hint_says_how():
    async with dialog() as here:
        for kind, line, run in TYPED:
            await here.open(None)
            here.type(name="new_tool", kind=kind)
            await here.pilot.pause(0)
            here.type(run=line)
            assert here.app.screen.query_one("#tool-run", Input).placeholder == HINTS[kind]
            taken = await here.taken()
            assert taken == ToolEntry(
                name="new_tool", parameters={"type": "object", "properties": {}}, run=run
            )  # policy and timeout that nobody typed are those of the profile and of the kind


async def test_what_nobody_touched_is_kept_as_it_was_and_escape_then_just_closes():
    async with dialog() as here:
        for tool in (FULL, replace(FULL, run=MockRun(result=" a\n", delay_ms=5)), replace(FULL, timeout_s=None)):
            await here.open(tool)
            assert await here.taken() == tool
            await here.open(tool)
            await here.press("escape")
            assert here.closed == [None], "nothing was typed, so nothing is asked"


async def test_another_line_of_the_same_kind_keeps_what_the_line_does_not_say():
    async with dialog() as here:
        await here.open(FULL)
        assert here.app.screen.query_one("#tool-run", Input).value == line_of(FULL.run)
        here.type(run="other {n}", policy="default", timeout="")
        run = replace(FULL.run, argv=["other", "{n}"])
        assert await here.taken() == replace(FULL, run=run, policy="default", timeout_s=None)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_what_is_wrong_is_refused_with_a_sentence_that_names_it(size: tuple[int, int]):
    wrong = [
        ({"name": "no way"}, "name: 1 to 64 letters, digits, '_' or '-'"),
        ({"name": "get_time"}, "name: there is a tool 'get_time' already"),
        ({"run": "say 'a"}, "runs: No closing quotation"),
        ({"kind": "http", "run": "GET h/p"}, "runs: GET https://host/path/{city}"),
        ({"timeout": "soon"}, "timeout s: more than 0 and at most 3600 seconds, such as 10"),
        ({"timeout": "0"}, "timeout s: more than 0 and at most 3600 seconds, such as 10"),
        ({"timeout": "nan"}, "timeout s: more than 0 and at most 3600 seconds, such as 10"),
    ]
    async with dialog(size) as here:
        for texts, sentence in wrong:
            await here.open(FULL, {"get_time"})
            here.type(**texts)
            await here.press("f7")
            await until(here.pilot, lambda sentence=sentence: sentence in screen_text(here.pilot), sentence)
            assert here.closed == []
            await here.press("escape", "escape")
            await until(here.pilot, lambda: here.closed == [None], "twice throws it away")
        await here.open(FULL)
        here.app.screen.query_one("#tool-schema", TextArea).load_text('{"type": "string"}')
        await here.press("f7")
        await until(here.pilot, lambda: "must be 'object'" in screen_text(here.pilot))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_hostile_text_in_a_tool_is_drawn_as_symbols_and_kept_as_it_is(size: tuple[int, int]):
    hostile = "[/b] \x1b[31m\x07\x9b2J\u202e漢字"
    schema = {"type": "object", "properties": {"a": {"description": hostile + "\ud800"}}}
    tool = ToolEntry(name="x", description=hostile, parameters=schema, run=AskRun(question=hostile))
    async with dialog(size) as here:
        await here.open(tool)
        await until(here.pilot, lambda: "[/b] ␛[31m␇�2J�漢字" in screen_text(here.pilot))
        text = screen_text(here.pilot)
        assert not {"\x1b", "\x07", "\x9b", "\u202e", "\ud800"} & set(text)
        assert await here.taken() == tool


async def test_kind_and_policy_are_chosen_among_all_that_there_are():
    async with dialog() as here:
        await here.open(FULL)
        kind, policy = (here.app.screen.query_one(f"#tool-{name}", ChoiceField) for name in ("kind", "policy"))
        assert "[command]" in screen_text(here.pilot)
        await here.press("tab", "tab", "right")
        assert kind.value == "http"
        await here.press("left", "left", "left")
        assert kind.value == "hosted", "it goes round"
        await here.press(*"mo")
        assert kind.value == "mock"
        await here.press(*"xyz", "delete")
        assert kind.value == "mock", "it never becomes empty or another word"
        await here.press("enter", "enter")
        assert here.app.focused is policy
        await here.pilot.click("#tool-policy", offset=(2, 0))
        await here.pilot.pause(0)
        assert policy.value == "off"


async def test_each_kind_keeps_what_was_typed_for_it_and_a_function_must_be_one():
    async with dialog() as here:
        await here.open(replace(FULL, run=MockRun(result={"sky": "grey"})))
        here.type(kind="python")
        await here.pilot.pause(0)
        field, problem = (
            here.app.screen.query_one("#tool-run", Input),
            here.app.screen.query_one("#tool-problem", FixedLine),
        )
        assert field.value == "", "the result of a mock is no function"
        here.type(run='{"sky": "grey"}')
        await here.press("f7")
        assert "FILE.py:FUNCTION" in problem.words, "it is refused where it is typed"
        here.type(kind="mock")
        await here.pilot.pause(0)
        assert "grey" in field.value
