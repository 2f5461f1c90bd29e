"""JSON texts of events: read as an object, or laid out in lines."""

import contextlib
import json
from typing import Any

from rtvoice_tui.store.plain import visible


def object_of(text: str) -> dict[str, Any]:
    """The JSON object in a text; empty if it is none."""
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(text)
        return value if isinstance(value, dict) else {}
    return {}


def indented(text: str) -> list[str]:
    """An event's JSON, line by line; text that is no JSON as it is."""
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    lines = visible(text[:400_000]).split("\n")
    shown = [
        line if len(line) <= 4_000 else f"{line[:4_000]}… and {len(line) - 4_000} more characters" for line in lines
    ]
    return shown if len(shown) <= 5_000 else [*shown[:5_000], f"… and {len(shown) - 5_000} more lines"]
