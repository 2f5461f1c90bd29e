"""What makes headless apps cheap: each reads the same style sheets, and a press is over when nothing more is to do."""

import asyncio
import time
from typing import Any

import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot, WaitForScreenTimeout

_parse = Stylesheet._parse_rules
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


@pytest.fixture(autouse=True)
def cheap_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Style sheets are parsed once for all apps, and the pilot waits for the event loop, not for each widget."""
    monkeypatch.setattr(Stylesheet, "_parse_rules", _parsed_once)
    monkeypatch.setattr(Pilot, "_wait_for_screen", _nothing_to_do)


def _parsed_once(sheet: Stylesheet, css: str, read_from: tuple[str, str], *more: Any, **named: Any) -> list[RuleSet]:
    """Rules are not changed after they are parsed: Textual's own cache, one for each sheet, hands them out as well."""
    key = (css, read_from, more, tuple(named.items()), tuple(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse(sheet, css, read_from, *more, **named)
    return _parsed[key]


async def _nothing_to_do(pilot: Pilot[Any], timeout: float = 30.0) -> bool:
    """Wait until all messages are handled: nothing in the loop can go on without a timer, a thread or input.

    Textual asks each widget with a message of its own, which is a great part of what a press costs.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    deadline = time.monotonic() + timeout
    await asyncio.sleep(0)
    while ready:
        if time.monotonic() > deadline:
            raise WaitForScreenTimeout("messages lead to messages without end")
        await asyncio.sleep(0)
    return True
