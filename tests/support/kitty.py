"""A terminal that speaks the kitty keyboard protocol, as `Terminal` is one that does not."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual.keys import _character_to_key

from terminal import Terminal

PRESS, REPEAT, RELEASE = 1, 2, 3
SHIFT, ALT, CTRL = 1, 2, 4
ALL_MODES = 0b11111
DISAMBIGUATE, EVENTS, EVERY_KEY = 1, 2, 8

_CODES = {name: code for code, name in reversed(FUNCTIONAL_KEYS.items())}
_NAMED = {_character_to_key(chr(code)): chr(code) for code in range(32, 127)}
_ASKED = re.compile(r"\x1b\[([<>?])([0-9]*)u")


def report(key: str, event: int = PRESS, modes: int = ALL_MODES, locks: int = 0) -> str:
    """What a terminal sends for a key, by Textual's name or as a character, with these modes on.

    Args:
        key: the key.
        event: what happens to it.
        modes: the protocol's modes that are on; all keys as escape codes with their text at least.
        locks: caps lock and num lock, as bits of the modifiers.
    """
    *modifiers, name = key.split("+") if len(key) > 1 else [key]
    bits = locks + sum({"shift": SHIFT, "alt": ALT, "ctrl": CTRL}[modifier] for modifier in modifiers)
    text = ""
    if name in _CODES:
        code, final = _CODES[name][:-1], _CODES[name][-1]
    else:
        character = name if len(name) == 1 else _NAMED[name]
        if character != character.lower():
            bits |= SHIFT
        code, final = str(ord(character.lower())), "u"
        text = str(ord(character)) if not modifiers and event != RELEASE else ""
    happened = f":{event}" if event != PRESS and modes & EVENTS else ""
    second = f"{bits + 1}{happened}" if bits or happened else ""
    fields = ";".join(("" if code == "1" and not second else code, second, text)).rstrip(";")
    return f"\x1b[{fields}{final}"


class KittyTerminal(Terminal):
    """Keys are pressed and released as the program asked for it.

    Args:
        command: program and arguments.
        environment: the whole environment of the program.
        knows: the modes of the protocol that the terminal has; with none it does not answer.

    Attributes:
        modes: those that are on.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], knows: int = ALL_MODES) -> None:
        self.modes = 0
        self._knows = knows
        self._stack: list[int] = []
        super().__init__(command, environment)

    def press(self, *keys: str) -> Self:
        """Press keys and let them go."""
        for key in keys:
            self.hold(key)
            if self.modes & EVENTS:
                self.let_go(key)
        return self

    def type(self, text: str) -> Self:
        """Type a text, key by key."""
        return self.press(*text)

    def hold(self, key: str, repeats: int = 0) -> Self:
        """Press a key and keep it down."""
        if not self.modes & EVERY_KEY:
            super().press(key)
        else:
            self._write(report(key, PRESS, self.modes) + report(key, REPEAT, self.modes) * repeats)
        return self

    def let_go(self, key: str) -> Self:
        """Release a key."""
        self._write(report(key, RELEASE, self.modes))
        return self

    def turn_away(self) -> Self:
        """Give the focus to another window."""
        self._write("\x1b[O")
        return self

    def _swallow(self, asked: str) -> str:
        match = _ASKED.fullmatch(asked)
        if match is None:
            return super()._swallow(asked)
        match match[1]:
            case "?":
                self._write(f"\x1b[?{self.modes}u" if self._knows else "")
            case ">":
                self._stack.append(self.modes)
                self.modes = int(match[2] or 0) & self._knows
            case "<" if self._knows != DISAMBIGUATE:
                self.modes = self._stack.pop() if self._stack else 0
            case "<":  # as terminals do that know one mode and no stack
                self.modes = 0
        return ""
