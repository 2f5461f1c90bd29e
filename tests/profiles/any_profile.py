"""Profiles as people may write them, for property tests: all layouts that TOML has, with comments in odd places.

Every comment is ``#¤N``, and no string holds a ``¤``, so comments can be found again.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

COMMENT = re.compile(r"#¤\d+")

# no carriage return: files are read with universal newlines
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r¤"), max_size=12)
SOME_TEXT = TEXT.filter(bool)
NUMBERS = st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = TEXT | NUMBERS | st.booleans()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
OBJECTS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=3)
NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)

SESSION = {
    "instructions": TEXT,
    "voice": TEXT,
    "speed": st.floats(0.25, 4.0),
    "role": TEXT,
    "languages": st.lists(TEXT, max_size=3),
    "output_modalities": st.lists(st.sampled_from(["audio", "text"]), max_size=2),
    "turn_detection": OBJECTS,
    "transcription": OBJECTS,
    "noise_reduction": OBJECTS,
    "tool_choice": SOME_TEXT | OBJECTS,
    "max_output_tokens": st.integers(1, 4096) | st.just("inf"),
    "truncation": SOME_TEXT | OBJECTS,
    "input_rate": st.integers(8_000, 192_000),
    "output_rate": st.integers(8_000, 192_000),
    "extra": OBJECTS,
}
TOP = {
    "provider": st.sampled_from(["local", "yandex", "openai", "azure", "xai", "hf", "generic"]),
    "model": TEXT,
    "url": TEXT,
    "folder_id": TEXT,
    "api_key_env": st.sampled_from(["", "OPENAI_API_KEY", "my_key", "V2_TOKEN"]),
    "key_in_clear": st.booleans(),
    "heartbeat_s": st.floats(0, 3600),
    "trusted": st.booleans(),
}
AUDIO = {
    "input_device": TEXT,
    "output_device": TEXT,
    "talk": st.sampled_from(["open", "toggle", "hold"]),
    "talk_limit_s": st.floats(1, 600),
    "interrupt": st.sampled_from(["server", "local"]),
    "input_gain_db": st.floats(-40, 12),
    "output_gain_db": st.floats(-40, 12),
    "gate_db": st.floats(-60, -10),
}
RUNS = st.fixed_dictionaries({"kind": st.just("python"), "target": SOME_TEXT}) | st.fixed_dictionaries(
    {"kind": st.just("hosted")}, optional={"index_id": SOME_TEXT}
)
TOOL = {  # never the default, which is written as nothing
    "description": SOME_TEXT,
    "parameters": OBJECTS,
    "policy": st.just("off"),
    "timeout_s": st.floats(0.5, 9.5),
}


def tools(names: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[dict[str, Any]]:
    """A tool of either kind as it is in the file."""
    return st.fixed_dictionaries({"name": names, "run": RUNS}, optional=TOOL)


@dataclass
class Written:
    """A profile's text.

    Attributes:
        lines: its lines.
        owners: what each comment goes with: ``top``, ``session``, ``audio``, or a tool's name. What stands above a
            header goes with the table before it.
    """

    lines: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The whole text."""
        return "\n".join(self.lines) + "\n"


class _Writer:
    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._number = 0
        self.written = Written()

    def odd(self) -> bool:
        return self._draw(st.integers(0, 3)) == 0

    def comment(self, owner: str) -> str:
        self._number += 1
        self.written.owners[f"#¤{self._number}"] = owner
        return f"#¤{self._number}"

    def gap(self, owner: str) -> None:
        if self.odd():
            self.written.lines.append("")
        if self.odd():
            self.written.lines.append(self._draw(st.sampled_from(["", "  "])) + self.comment(owner))

    def line(self, text: str, owner: str) -> None:
        self.written.lines.append(text + (f"   {self.comment(owner)}" if self.odd() else ""))

    def entries(self, values: dict[str, Any], owner: str, prefix: str = "") -> None:
        for name, value in values.items():
            self.gap(owner)
            equals = self._draw(st.sampled_from([" = ", "=", "   =  "]))
            self.line(f"{prefix}{key(name)}{equals}{inline(value)}", owner)


def key(name: str) -> str:
    """A key, bare if it can be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else quoted(name)


def quoted(text: str) -> str:
    """A basic string."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in plain) + '"'


def inline(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key(name)} = {inline(entry)}" for name, entry in value.items()) + "}"
    return repr(value)


def shuffled(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the fields, in any order."""
    return st.fixed_dictionaries({}, optional=fields).flatmap(
        lambda chosen: st.permutations(list(chosen.items())).map(dict)
    )


@st.composite
def written_profiles(draw: st.DrawFn, dotted: bool = False) -> Written:
    """The text of a valid profile; if ``dotted``, with settings like ``session.voice = ...``."""
    writer = _Writer(draw)
    lines = writer.written.lines
    session, audio = draw(shuffled(SESSION)), draw(shuffled(AUDIO))
    entries = draw(st.lists(tools(), max_size=3, unique_by=lambda tool: tool["name"]))
    layouts = {
        "session": "dotted" if dotted else draw(st.sampled_from(["table", "table", "inline", "none"])),
        "tools": draw(st.sampled_from(["tables", "tables", "one line", "lines"])),
        "audio": draw(st.sampled_from(["table", "inline", "none"])),
    }
    writer.entries(draw(shuffled(TOP)), "top")
    if layouts["session"] == "inline":
        writer.entries({"session": session}, "session")
    elif layouts["session"] == "dotted" and session:
        writer.entries(session, "session", "session.")
    if layouts["tools"] == "one line":
        writer.entries({"tools": entries}, "top")
    elif layouts["tools"] == "lines":
        lines.append("tools = [")
        for entry in entries:
            lines.append(f"  {inline(entry)},")
            if writer.odd():
                lines[-1] += f"  {writer.comment(entry['name'])}"
        lines.append("]")
    if layouts["audio"] == "inline":
        writer.entries({"audio": audio}, "top")
    blocks = []
    if layouts["session"] == "table":
        blocks.append(("[session]", session, "session"))
    if layouts["audio"] == "table":
        blocks.append(("[audio]", audio, "audio"))
    blocks = draw(st.permutations(blocks))
    if layouts["tools"] == "tables":
        place = draw(st.integers(0, len(blocks)))
        blocks[place:place] = [("[[tools]]", entry, entry["name"]) for entry in entries]
    owner = "top"
    for header, values, mine in blocks:
        writer.gap(owner)
        owner = mine
        writer.line(header, owner)
        objects = {name: value for name, value in values.items() if isinstance(value, dict) and writer.odd()}
        writer.entries({name: value for name, value in values.items() if name not in objects}, owner)
        for name, value in objects.items():
            part = header.strip("[]") + "." + key(name)
            lines.append(f"[{part}]")
            lines.extend(f"{key(inner)} = {inline(entry)}" for inner, entry in value.items())
    writer.gap(owner)
    return writer.written
