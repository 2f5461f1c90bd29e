"""The program that runs a file's functions, tried without a process: it answers every question, and only once."""

import asyncio
import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from engine.bench import until
from rtvoice_tui.tools import demo, python_host
from rtvoice_tui.tools.python_host import Host, Reply, bound, load, schema_of


class Asked:
    """A host for some functions, and what it answered."""

    def __init__(self, *functions: Any) -> None:
        module = types.ModuleType("functions")
        for each in functions:
            setattr(module, each.__name__, each)
        self.replies: list[Reply] = []
        self.host = Host(module, self.replies.append)

    async def answer(self, **question: Any) -> Reply:
        self.host.asked({"id": 1, **question})
        await until(lambda: self.replies)
        (reply,) = self.replies
        return reply


async def test_a_call_that_is_stopped_before_it_began_is_answered():
    async def tool() -> None:
        raise AssertionError("it was stopped")

    asked = Asked(tool)
    asked.host.asked({"id": 7, "call": "tool", "arguments": {}})
    asked.host.asked({"cancel": 7})
    await until(lambda: asked.replies)
    assert [(reply["id"], "cancelled" in reply["error"]) for reply in asked.replies] == [(7, True)]


async def test_a_stop_that_comes_too_late_or_for_nobody_is_no_matter():
    async def tool() -> str:
        return "x"

    asked = Asked(tool)
    asked.host.asked({"cancel": 7})
    assert (await asked.answer(call="tool", arguments={}))["output"] == "x"
    asked.host.asked({"cancel": 1})
    await asyncio.sleep(0)
    assert len(asked.replies) == 1


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words either")


@pytest.mark.parametrize(
    ("ending", "words"),
    [(Wordless(), "Wordless"), (SystemExit(Wordless()), "end the program")],
    ids=["error", "exit"],
)
@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
async def test_an_error_that_cannot_be_put_into_words_is_an_answer(ending, words, later):
    def tool() -> None:
        raise ending

    async def tool_later() -> None:
        raise ending

    reply = await Asked(tool, tool_later).answer(call="tool_later" if later else "tool", arguments={})
    assert words in reply["error"]


async def test_a_plain_function_that_gives_a_coroutine_has_it_awaited():
    async def inner() -> str:
        await asyncio.sleep(0)
        print("inside")
        return "awaited"

    def tool() -> Any:
        return inner()

    reply = await Asked(tool).answer(call="tool", arguments={})
    assert reply["output"] == "awaited"


@pytest.mark.parametrize(
    ("hint", "value", "becomes"),
    [(int, 5.0, 5), (int, -0.0, 0), (list[int], [1.0, 2], [1, 2]), (int | None, 3.0, 3), (float, 5.0, 5.0)],
    ids=str,
)
def test_a_whole_number_with_a_point_is_one_as_the_schema_says(hint, value, becomes):
    def tool(count): ...

    tool.__annotations__ = {"count": hint}
    (_, named) = bound(tool, {"count": value})
    assert named == {"count": becomes}
    assert type(named["count"]) is type(becomes)


@pytest.mark.parametrize("value", [5.5, float("inf"), "5.0", True], ids=repr)
def test_what_is_no_whole_number_is_refused_where_one_is_wanted(value):
    def tool(count: int): ...

    with pytest.raises(TypeError, match=r"arguments\.count"):
        bound(tool, {"count": value})


def test_a_hint_that_is_only_there_for_checkers_costs_no_other_its_type():
    def tool(city: "str", client: "Client" = None, count: "int" = 1): ...  # noqa: F821

    told = schema_of(tool)["properties"]
    assert told["city"] == {"type": "string"}
    assert told["client"] == {}
    assert told["count"] == {"type": "integer", "default": 1}
    with pytest.raises(TypeError, match=r"arguments\.count"):
        bound(tool, {"city": "Omsk", "count": "x"})


@pytest.mark.parametrize(
    "default",
    [float("inf"), float("nan"), {(1, 2): 3}, object()],
    ids=["infinity", "no number", "odd keys", "an object"],
)
def test_a_default_that_json_does_not_have_is_not_told(default):
    def tool(limit=default): ...

    described = schema_of(tool)
    assert described["properties"] == {"limit": {}}
    json.dumps(described, allow_nan=False)


async def test_a_description_that_json_does_not_have_is_an_answer(monkeypatch):
    def tool(): ...

    monkeypatch.setattr(python_host, "_description", lambda function: (_ for _ in ()).throw(SystemExit))
    assert "error" in await Asked(tool).answer(describe="tool")


def test_our_own_folder_is_not_where_the_demo_s_modules_are_looked_for(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    module = load(Path(demo.__file__))
    assert module.get_weather("Omsk")["city"] == "Omsk"
    assert str(Path(demo.__file__).parent) not in sys.path


def test_a_file_s_own_folder_is_where_its_modules_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    (tmp_path / "sibling_of_tools.py").write_text("WORD = 'found'\n")
    (tmp_path / "tools.py").write_text("import sibling_of_tools\n")
    assert load(tmp_path / "tools.py").sibling_of_tools.WORD == "found"
