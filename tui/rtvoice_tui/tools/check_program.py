"""The subprocess that checks values against JSON Schemas. `checker` starts it, sends requests and kills it.

    python -m rtvoice_tui.tools.check_program

Requests and replies are JSON lines. A request is ``{"arguments": TEXT, "schema": SCHEMA}`` or
``{"value": VALUE, "schema": SCHEMA}``, the reply ``{"problem": SENTENCE}``; the sentence is empty if the value fits.
"""

import contextlib
import json
import sys
from typing import Any

from rtvoice_tui.errors import ArgumentsRefused

ALARM_S = 10
"""Seconds after which one check ends this process: `checker` has given up on it by then, or the app is gone."""

MEMORY_BYTES = 2_000_000_000


def main() -> None:
    """Reply to each request from stdin until stdin is closed."""
    from rtvoice_tui.session import schema

    _limit_memory()
    schema.prepare()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        _alarm(ALARM_S)
        print(json.dumps({"problem": _problem(json.loads(line))}), flush=True)
        _alarm(0)


def _problem(question: dict[str, Any]) -> str:
    from rtvoice_tui.session import schema

    try:
        if "arguments" in question:
            schema.read(question["arguments"], question["schema"])
        else:
            schema.check(question["value"], question["schema"], "result")
    except ArgumentsRefused as refused:
        return str(refused)
    except MemoryError:
        return "checking it takes too much memory"
    return ""


def _alarm(seconds: int) -> None:
    """End this process after so many seconds, even in the middle of a regular expression; 0 cancels the alarm."""
    with contextlib.suppress(ImportError, AttributeError):
        import signal

        signal.alarm(seconds)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    main()
