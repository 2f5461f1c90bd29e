"""The process that checks values against schemas: run as a module, asked in JSON lines, ended from outside.

    python -m rtvoice_tui.tools.check_program

A question is ``{"arguments": TEXT, "schema": SCHEMA}`` or ``{"value": VALUE, "schema": SCHEMA}``, its answer
``{"problem": SENTENCE}``, empty if it fits.
"""

import contextlib
import json
import sys
from typing import Any

from rtvoice_tui.errors import ArgumentsRefused

ALARM_S = 10
"""This process ends if one check takes longer: nobody waits for it any more, or nobody is there."""

MEMORY_BYTES = 2_000_000_000


def main() -> None:
    """Answer until nothing more is asked."""
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
    """End this process after so many seconds, even in the middle of a search; 0 takes that back."""
    with contextlib.suppress(ImportError, AttributeError):
        import signal

        signal.alarm(seconds)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


if __name__ == "__main__":
    main()
