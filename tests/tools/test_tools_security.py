"""What a model writes stays one argument: it starts nothing, is no option and leads nowhere else."""

import json

import pytest
from command_programs import SHOW_ARGUMENTS, ran, runner

from rtvoice_tui.tools.command import Refused

TRICKS = [
    "; rm -rf x",
    "$(touch made)",
    "`touch made`",
    "a && touch made",
    "a || touch made",
    "a | tee made",
    "> made",
    "a\ntouch made\n",
    "a\r\ntouch made",
    "'; touch made; '",
    '"; touch made; "',
    "*",
    "?",
    "[a-z]*",
    "{a,b}",
    "$HOME",
    "${IFS}x",
    "%PATH%",
    "a b  c",
    "\t",
    "&",
    "!!",
    "#",
    "\\",
    "a\\",
    "\x1b[2J",
    "\x7f",
    "\u202egnp",
]


@pytest.mark.parametrize("value", TRICKS)
@pytest.mark.parametrize("element", ["{x}", "--text={x}", "a{x}b"])
async def test_no_shell_reads_a_value(element, value, tmp_path):
    outcome = await ran(*SHOW_ARGUMENTS, "--", element, arguments={"x": value}, folder=tmp_path, paths=True)
    assert json.loads(outcome.output) == ["--", element.replace("{x}", value)]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["{other}", "{x.__class__}", "{0}", "{{", "{x}", "%s", "{other!r:>99}"])
@pytest.mark.parametrize("element", ["{x}", "--text={x}", "{x}{x}"])
async def test_a_value_is_no_template(element, value):
    arguments = {"x": value, "other": "expanded", "0": "expanded"}
    outcome = await ran(*SHOW_ARGUMENTS, "--", element, arguments=arguments)
    assert json.loads(outcome.output) == ["--", element.replace("{x}", value)]


@pytest.mark.parametrize("element", ["{x.__class__}", "{0}", "{{", "{}", "{x[0]}", "{x!r}", "{x:9}"])
async def test_a_template_looks_into_nothing(element):
    outcome = await ran(*SHOW_ARGUMENTS, element, arguments={"x": "value", "0": "expanded"})
    assert json.loads(outcome.output) == [element]


async def test_no_argument_changes_the_program():
    outcome = await ran("{x}", arguments={"x": "env"})
    assert json.loads(outcome.output) == {"error": "tool failed: {x} cannot be started"}


def line_of(*elements, arguments, **more):
    """What would be run, without the program."""
    return runner("program", *elements, **more).command_line(arguments)[1:]


@pytest.mark.parametrize(
    ("elements", "arguments"),
    [
        (["{x}"], {"x": "-x"}),
        (["{x}"], {"x": "--option"}),
        (["{x}"], {"x": "--option=value"}),
        (["{x}"], {"x": "-"}),
        (["{x}"], {"x": "--"}),
        (["{x}"], {"x": "-5"}),
        (["{x}y"], {"x": "-"}),
        (["{x}-option"], {"x": ""}),
        (["{x}{y}"], {"x": "", "y": "--option"}),
        (["{x}{y}"], {"x": "-", "y": "-option"}),
        (["{x}{y}"], {"x": -5, "y": "rf"}),
        (["{x}{y}"], {"x": "", "y": -5}),
        (["{x}"], {"x": float("-inf")}),
        (["fixed", "{x}"], {"x": "-x"}),
        (["-n", "{x}"], {"x": "-x"}),
        (["{y}", "{x}"], {"y": "fine", "x": "-x"}),
        (["{x}", "--", "{y}"], {"x": "-x", "y": "fine"}),
        (["--{y}", "{x}"], {"y": "", "x": "-x"}),
    ],
)
def test_a_value_that_would_be_an_option_is_refused(elements, arguments):
    with pytest.raises(Refused, match="option"):
        line_of(*elements, arguments=arguments)
    assert line_of(*elements, arguments=arguments, options=True)


@pytest.mark.parametrize(
    ("elements", "arguments", "line"),
    [
        (["--", "{x}"], {"x": "--option"}, ["--", "--option"]),
        (["--", "a", "{x}"], {"x": "-x"}, ["--", "a", "-x"]),
        (["--text={x}"], {"x": "--option"}, ["--text=--option"]),
        (["-{x}"], {"x": "-x"}, ["--x"]),
        (["a{x}"], {"x": "-x"}, ["a-x"]),
        (["{x}"], {"x": "a-x"}, ["a-x"]),
        (["{x}"], {"x": " -x"}, [" -x"]),
        (["{x}"], {"x": -5}, ["-5"]),
        (["{x}"], {"x": -0.5}, ["-0.5"]),
        (["{x}"], {"x": ["-x"]}, ['["-x"]']),
    ],
)
def test_a_value_that_would_be_no_option_may_begin_with_a_dash(elements, arguments, line):
    assert line_of(*elements, arguments=arguments) == line


LEAD_ELSEWHERE = [
    "/etc/passwd",
    "/",
    "~",
    "~/x",
    "~root/x",
    "..",
    "../x",
    "a/..",
    "a/../../x",
    "a/../b",
    "\\\\server\\share",
    "..\\x",
    "a\\..\\x",
    "C:\\x",
    "c:/x",
    "if=/etc/passwd",
    "if=../x",
    "if=~/x",
]


@pytest.mark.parametrize("value", LEAD_ELSEWHERE)
@pytest.mark.parametrize("element", ["{x}", "--file={x}", "notes/{x}", "--"])
def test_a_value_that_leads_elsewhere_is_refused(element, value):
    elements = ["--", "{x}"] if element == "--" else [element]
    with pytest.raises(Refused, match="path"):
        line_of(*elements, arguments={"x": value})
    assert line_of(*elements, arguments={"x": value}, paths=True)[-1] == elements[-1].replace("{x}", value)


@pytest.mark.parametrize(
    ("element", "arguments"),
    [
        ("{x}/{y}", {"x": "", "y": "etc/passwd"}),
        ("--file={x}/{y}", {"x": "", "y": "etc/passwd"}),
        ("{x}{y}", {"x": "", "y": "/etc/passwd"}),
        ("{x}{y}", {"x": ".", "y": "."}),
        ("{x}{y}/z", {"x": ".", "y": "."}),
        ("notes/{x}{y}", {"x": ".", "y": "./x"}),
        ("notes/.{x}", {"x": "."}),
        ("notes/.{x}/z", {"x": "./x"}),
        ("{x}./z", {"x": "."}),
    ],
)
def test_values_that_lead_elsewhere_only_together_are_refused(element, arguments):
    with pytest.raises(Refused, match="path"):
        line_of(element, arguments=arguments)
    assert line_of(element, arguments=arguments, paths=True)


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("{x}", "notes/today.txt"),
        ("{x}", "./x"),
        ("{x}", ".hidden"),
        ("{x}", "a..b"),
        ("{x}", "wait..."),
        ("{x}", "and/or"),
        ("{x}", "10:30"),
        ("{x}", "a=b"),
        ("{x}", "https://example.com/a?b=c"),
        ("/data/{x}", "notes"),
        ("../data/{x}", "notes"),
        ("--file=/data/{x}", "a/b"),
        ("~/{x}", "a"),
        ("{x}/sub", "notes"),
    ],
)
def test_a_value_that_stays_where_it_is_may_be_given(element, value):
    assert line_of(element, arguments={"x": value}) == [element.replace("{x}", value)]


@pytest.mark.parametrize("more", [{}, {"options": True, "paths": True}])
@pytest.mark.parametrize("value", ["\0", "a\0b", {"deep": "a"}, ["\0"]])
async def test_no_program_gets_a_zero_byte(value, more):
    outcome = await ran(*SHOW_ARGUMENTS, "{x}", arguments={"x": value}, **more)
    if isinstance(value, str):
        assert json.loads(outcome.output)["error"].startswith("tool was not run: x contains a NUL character")
    else:
        assert "\0" not in json.loads(outcome.output)[0]


async def test_what_is_refused_is_not_started_and_the_model_is_told_why(tmp_path):
    outcome = await ran("touch", "{x}", arguments={"x": "--reference=x"}, folder=tmp_path)
    assert json.loads(outcome.output) == {"error": "tool was not run: x may not begin with '-': it would be an option"}
    outcome = await ran("touch", "{x}", arguments={"x": str(tmp_path / "made")}, folder=tmp_path)
    assert "tool was not run" in outcome.output
    assert list(tmp_path.iterdir()) == []
