"""Any text, cut at any place, through both doors: a widget's line, and what the command line prints."""

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hostile import COCKPIT, COMMAND_LINE, HARMLESS, KINDS, profile_toml, strange
from hostile_profiles import put
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from rich.console import Console
from textual.pilot import Pilot

from drawing import no_drawing  # noqa: F401 - a fixture
from headless import cheap_apps  # noqa: F401 - a fixture
from rtvoice_tui.cli.main import main
from rtvoice_tui.protocol.usage import RateLimit
from rtvoice_tui.session import facts
from rtvoice_tui.session.facts import CallState, Level, ServerState
from rtvoice_tui.store.store import Store
from terminal import private_environment
from ui.still import pulse, still_app

WORD = "zqword"
PIECES = [part for kind in KINDS.values() for part in (kind.before, kind.after) if part] + [
    WORD,
    " ",
    *HARMLESS.values(),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.characters(), min_size=1, max_size=8).map("".join)
WRITABLE = TEXTS.map(lambda text: text.encode("utf-8", "ignore").decode())
NESTED = st.recursive(TEXTS, lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3))
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
EVERYTHING = "".join(kind.before + WORD + kind.after for kind in KINDS.values())


def pieces_of(text: str, cuts: list[int]) -> list[str]:
    """A text in pieces, as deltas come."""
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in itertools.pairwise(places)]


def fill(store: Store, text: str, nested: Any, cuts: list[int]) -> None:
    """Let a store be told the text by everybody who can tell anything."""
    store.record(facts.TurnStarted(1), 1.0)
    for piece in pieces_of(text, cuts):
        store.record(facts.AgentSaid(1, "a1", piece), 1.0)
    store.record(facts.UserSaid(1, "u1", f"{WORD}you {text}", final=True), 1.0)
    store.record(facts.UserSaid(2, "u2", "", final=True, failed=text), 1.0)
    arguments = json.dumps({"nested": nested, "text": text})
    for number, state in enumerate((CallState.ASKING, CallState.FAILED, CallState.STREAMING)):
        call = facts.CallChanged(
            1, f"k{number}", text, text, f"{WORD}call{text}", arguments if number else text, state,
            output=json.dumps(nested), note=text, kind=text, preview=f"{WORD}runs {text}", details=((text, text),),
        )  # fmt: skip
        store.record(call, 2.0)
    store.record(facts.ServerChanged(f"{WORD}server{text}", ServerState.FAILED, text), 2.0)
    store.record(facts.LimitsReported((RateLimit(name=f"{WORD}limit{text}", limit=9, remaining=1),)), 2.0)
    store.record(facts.Notice(Level.ERROR, f"{WORD}notice{text}", text), 3.0)
    store.record(facts.EditChanged("e1", (text,), facts.EditState.REFUSED, text, blamed=text), 3.0)
    store.events.append(
        3.0, False, f"{WORD}event{text}", json.dumps({"type": text, "error": {"code": text}}), error=True
    )


def painted(pilot: Pilot[None]) -> bytes:
    """Every line of every widget in sight as the terminal would get it."""
    console = Console(color_system="truecolor", force_terminal=True, width=200)
    lines = [
        strip.render(console)
        for widget in pilot.app.screen.walk_children()
        if widget.region
        for strip in widget.render_lines(widget.size.region)
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogatepass")


async def _shown(text: str, nested: Any, cuts: list[int]) -> list[bytes]:
    store = Store()
    fill(store, text, nested, cuts)
    shown = []
    try:
        async with still_app(store, (200, 60)) as pilot:
            for keys in ((), ("6",), ("1", "g")):
                await pilot.press(*keys)
                await pulse(pilot)
                shown.append(painted(pilot))
    finally:
        store.events.close()
    return shown


@settings(CALM, max_examples=8, phases=(Phase.explicit, Phase.generate))  # an app for each: no time to shrink
@given(TEXTS, NESTED, st.lists(st.integers(0, 400), max_size=4))
@example(EVERYTHING, [EVERYTHING], [3, 5, 8])
def test_no_widget_paints_a_line_that_a_terminal_would_obey(text: str, nested: Any, cuts: list[int]) -> None:
    for screen in asyncio.run(_shown(text, nested, cuts)):
        assert strange(screen, COCKPIT) == []


def test_words_beside_hostile_ones_and_harmless_signs_are_painted() -> None:
    harmless = " ".join(HARMLESS.values())
    shown = "".join(screen.decode() for screen in asyncio.run(_shown(EVERYTHING, [], [])))
    for name in ("you", "call", "runs", "server", "event", "notice"):
        assert f"{WORD}{name}" in shown
    first, *_ = (screen.decode() for screen in asyncio.run(_shown(harmless, [], [])))
    assert [sign for sign in HARMLESS.values() if sign not in first] == []


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return private_environment(tmp_path_factory.mktemp("any"))


def prints(environment: dict[str, str], *arguments: str) -> tuple[bytes, bytes]:
    """What the command prints in this process, and what it says beside that."""
    done = CliRunner().invoke(main, list(arguments), env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.stdout_bytes, done.stderr_bytes


@settings(CALM, max_examples=60)
@given(WRITABLE, WRITABLE)
@example(EVERYTHING.encode("utf-8", "ignore").decode(), f"{WORD}\n{WORD}")
def test_no_command_prints_what_a_terminal_would_obey(environment: dict[str, str], model: str, key: str) -> None:
    tool = {"name": key, "run": {"kind": "command", "argv": [model, key]}}
    put(environment, "any", profile_toml({"provider": "openai", "model": model, "api_key_env": key, "tools": [tool]}))
    put(environment, "odd", profile_toml({key or "x": model}))
    for arguments in (["list"], ["trust", "any"], ["trust", "odd"], ["path", model], ["show", key]):
        for told in prints(environment, "profiles", *arguments):
            assert strange(told, COMMAND_LINE) == []


@settings(CALM, max_examples=60)
@given(WRITABLE, WRITABLE)
@example("\r\n\x1b[2K", "\r")
def test_any_profile_is_printed_into_a_pipe_byte_for_byte(environment: dict[str, str], text: str, more: str) -> None:
    path: Path = put(environment, "raw", f"# {text}\n{more}")
    assert prints(environment, "profiles", "show", "raw")[0] == path.read_bytes()
