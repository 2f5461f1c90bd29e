"""The user's own keys: ``keymap.toml`` beside the profiles, one line a key, such as ``mute = "ctrl+t"``."""

import difflib
import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from textual.keys import KEY_ALIASES, Keys, _character_to_key

from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.writing import write_privately
from rtvoice_tui.text_files import read_text_file
from rtvoice_tui.ui.bindings import CHAINS, KEYS, REPLAYED, shown_key

MAX_BYTES = 100_000

Keymap = dict[str, str]
"""Textual's names of keys, comma separated, by the id of a key of the table."""

REBINDABLE = {key.id: key for key in KEYS if key.action and key.id != "palette"}
"""The keys that can be others; the rest is handled by the fields and lists themselves."""

_MODIFIERS = ("ctrl", "alt", "shift")
_NAMED = frozenset(
    {str(key.value) for key in Keys}
    | {name for names in KEY_ALIASES.values() for name in names}
    | {_character_to_key(sign) for sign in string.punctuation}
)


class KeyRefused(ValueError):
    """A key cannot be used; the sentence says why."""


def keymap_file() -> Path:
    """The file of the user's keys."""
    return paths.config_folder() / "keymap.toml"


def load_keymap(file: Path) -> tuple[Keymap, list[str]]:
    """Read the user's keys; returns the valid ones, and a sentence for each line that is not used."""
    try:
        raw = tomllib.loads(read_text_file(file, MAX_BYTES))
    except FileNotFoundError:
        return {}, []
    except (OSError, ValueError, RecursionError) as error:
        return {}, [f"{file} is not used: {getattr(error, 'strerror', None) or error}"]
    found: Keymap = {}
    problems: list[str] = []
    for key_id, value in raw.items():
        try:
            found[key_id] = ",".join(names_of(key_id, value))
        except KeyRefused as refused:
            problems.append(f"{file.name}: {refused}")
    for key_id in list(found):
        if conflict := conflict_of(key_id, found):
            problems.append(f"{file.name}: {conflict}")
            del found[key_id]
    return found, problems


def names_of(key_id: str, value: object) -> list[str]:
    """Textual's names of the keys that are written for a key of the table.

    Raises:
        KeyRefused: there is no such key, or it cannot be used there.
    """
    if key_id not in REBINDABLE:
        near = difflib.get_close_matches(key_id, REBINDABLE, 1)
        raise KeyRefused(f"there is no key '{key_id}'" + (f", did you mean '{near[0]}'?" if near else ""))
    written = value if isinstance(value, list) else [value]
    if not written or not all(isinstance(name, str) and name for name in written):
        raise KeyRefused(f'{key_id}: write a key, such as "x" or "ctrl+t", or a list of keys')
    names = [_name_of(str(name)) for name in written]
    if REBINDABLE[key_id].anywhere and (bad := next((n for n in names if _types(n)), "")):
        raise KeyRefused(f"{key_id}: {shown_key(bad)} is typed in a text field: use an F-key or one with ctrl")
    return names


def _name_of(text: str) -> str:
    *modifiers, name = text.split("+") if len(text) > 1 and not text.endswith("+") else [text]
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        raise KeyRefused(f"'{text}' is no key: modifiers are {', '.join(_MODIFIERS)}")
    if len(name) == 1:
        name = name if name.isalnum() else _character_to_key(name)
    elif name not in _NAMED and not (name[:1] == "f" and name[1:].isdigit() and 1 <= int(name[1:]) <= 24):
        raise KeyRefused(f"'{text}' is no key")
    return "+".join((*modifiers, name))


def _types(name: str) -> bool:
    """Whether a key is typed as text."""
    return len(name) == 1 or name in ("space", "tab", "enter", "backspace", "delete")


def conflict_of(key_id: str, keymap: Mapping[str, str]) -> str:
    """The sentence about another key of the table that has the same key where this one acts; empty if none has."""
    mine = set(_strokes(key_id, keymap))
    for chain in CHAINS.values():
        scopes = {"app", *chain}
        if REBINDABLE[key_id].where == "replay":
            scopes = {"replay", *chain}
        if REBINDABLE[key_id].where not in scopes:
            continue
        for other in REBINDABLE.values():
            acts = other.where in scopes or ("replay" in scopes and other.id in REPLAYED)
            both = mine.intersection(_strokes(other.id, keymap)) if acts else set()
            if other.id != key_id and both:
                return f"{key_id}: {shown_key(both.pop())} is '{other.id}' already ({other.help})"
        if scopes & {"app", "replay"} and (digits := mine & set("123456")):
            return f"{key_id}: {digits.pop()} goes to a pane"
    return ""


def _strokes(key_id: str, keymap: Mapping[str, str]) -> Iterator[str]:
    yield from keymap.get(key_id, REBINDABLE[key_id].keys).split(",")


def save_keymap(keymap: Keymap) -> None:
    """Write the user's keys.

    Raises:
        ProfileError: the file cannot be written.
    """
    lines = ["# keys of your own; the ids are those of the help (F1, then c)\n"]
    for key_id, keys in sorted(keymap.items()):
        names = ", ".join(f'"{name}"' for name in keys.split(","))
        lines.append(f"{key_id} = {names if ',' not in keys else f'[{names}]'}\n")
    write_privately(keymap_file(), "".join(lines))
