"""How a tool is run as one line: what is typed becomes a way of running it, and back."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtvoice_tui.editing.runs import HINTS, line_of, run_of
from rtvoice_tui.errors import SchemaRefused
from rtvoice_tui.profiles.runs import (
    KINDS,
    AskRun,
    CommandRun,
    HostedRun,
    HttpRun,
    McpRun,
    MockRun,
    PythonRun,
    ToolRun,
)

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ARGV = st.lists(WORDS | st.sampled_from(["", "-", "{city}", "a b", "'", '"', "\\", "#", "$X", "\n"]), min_size=1)


@given(ARGV.filter(lambda argv: argv[0].strip()))
@settings(deadline=None)
def test_a_command_line_comes_back_word_for_word(argv: list[str]):
    run = CommandRun(argv=argv)
    assert run_of("command", line_of(run), PythonRun()) == run
    server = McpRun(argv=argv)
    assert run_of("mcp", line_of(server), PythonRun()) == server


RESULTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(RESULTS | st.sampled_from([" a ", '{"a": 1}', "[1]", "5", "\n", ""]), st.integers(0, 1000))
@settings(deadline=None)
def test_a_mock_whose_line_is_not_touched_keeps_its_result_as_it_is(result: Any, delay_ms: int):
    run = MockRun(result=result, delay_ms=delay_ms, original=PythonRun(target="t.py:f"))
    made = run_of("mock", line_of(run), run)
    assert made == run
    assert type(made.result) is type(result)


FULL: list[ToolRun] = [
    PythonRun(target="tools.py:get"),
    CommandRun(argv=["book", "{n}"], env={"A": "1"}, pass_env=["HOME"], options=True, paths=True),
    HttpRun(
        url="https://h/{n}", method="POST", headers={"X": "${KEY}"}, body={"n": "{n}"}, redirects=True, private=True
    ),
    McpRun(argv=["server", "--x"], env={"A": "1"}, pass_env=["HOME"], only=["read"]),
    McpRun(url="https://h/mcp", headers={"X": "${KEY}"}, only=["read"]),
    MockRun(result={"a": [1, "b"]}, delay_ms=5, failure_rate=0.5, original=CommandRun(argv=["x"])),
    AskRun(question="How many?"),
    HostedRun(index_id="idx"),
    HostedRun(server_url="https://h/mcp", authorization="${TOKEN}", allowed_tools=["a"]),
]
OTHER = {
    "python": "other.py:f",
    "command": "other --flag",
    "http": "PUT https://other/",
    "mcp": "https://other/mcp",
    "mock": '{"b":2}',
    "ask": "Which one?",
    "hosted": "other-index",
}


@pytest.mark.parametrize("run", FULL, ids=lambda run: run.kind)
def test_what_a_line_does_not_say_is_kept_when_the_line_changes_and_forgotten_when_the_kind_does(run: ToolRun):
    assert run_of(run.kind, line_of(run), run) == run
    changed = run_of(run.kind, OTHER[run.kind], run)
    assert line_of(changed) == OTHER[run.kind]
    for name in ("env", "pass_env", "headers", "options", "body", "only", "delay_ms", "original", "allowed_tools"):
        assert getattr(changed, name, None) == getattr(run, name, None)
    for kind in KINDS:
        if kind != run.kind:
            assert run_of(kind, OTHER[kind], run) == run_of(kind, OTHER[kind], AskRun() if kind != "ask" else MockRun())


def test_every_kind_can_be_typed_and_says_what_its_line_is():
    assert set(HINTS) == set(KINDS) == set(OTHER)
    for kind, line in OTHER.items():
        made = run_of(kind, f"  {line} ", PythonRun() if kind != "python" else AskRun())
        assert (made.kind, line_of(made)) == (kind, line)


@pytest.mark.parametrize(
    ("line", "method", "url"),
    [
        ("https://h/{city}", "GET", "https://h/{city}"),
        ("post https://h/", "POST", "https://h/"),
        ("GET   https://h/a b", "GET", "https://h/a b"),
        ("https://h/a b", "GET", "https://h/a b"),
    ],
)
def test_a_request_is_a_method_and_an_address_or_an_address_alone(line: str, method: str, url: str):
    assert run_of("http", line, PythonRun()) == HttpRun(url=url, method=method)  # type: ignore[arg-type]


def test_an_address_makes_a_server_that_is_there_and_a_command_one_that_is_started():
    started = McpRun(argv=["server"], only=["read"])
    there = run_of("mcp", "https://h/mcp", started)
    assert there == McpRun(url="https://h/mcp", only=["read"])
    assert run_of("mcp", "server -v", there) == McpRun(argv=["server", "-v"], only=["read"])
    assert run_of("hosted", "https://h/mcp", HostedRun(index_id="i")) == HostedRun(server_url="https://h/mcp")
    assert run_of("hosted", "i", HostedRun(server_url="https://h/mcp")) == HostedRun(index_id="i")


@pytest.mark.parametrize(
    ("kind", "line", "words"),
    [
        ("shell", "ls", "kind: one of python, command, http, mcp, mock, ask, hosted"),
        ("", "ls", "kind: one of "),
        ("python", " ", "runs: FILE.py:FUNCTION"),
        ("command", "", "runs: program and arguments"),
        ("command", "say 'a", "runs: No closing quotation"),
        ("command", "''", "runs: program and arguments"),
        ("mcp", "", "runs: command of an MCP server"),
        ("mcp", "'' x", "runs: command of an MCP server"),
        ("http", "", "runs: GET https://host"),
        ("http", "GET", "runs: GET https://host"),
        ("http", "GET host/path", "runs: GET https://host"),
        ("http", "ftp://host/", "runs: GET https://host"),
        ("http", "FETCH https://h/", "runs: the method is one of GET, HEAD, POST, PUT, PATCH, DELETE"),
    ],
)
def test_a_line_that_is_none_is_refused_with_a_sentence(kind: str, line: str, words: str):
    with pytest.raises(SchemaRefused) as refused:
        run_of(kind, line, PythonRun())
    assert str(refused.value).startswith(words)
