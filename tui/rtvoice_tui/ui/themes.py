"""Colour themes: TOML files shipped with the app, and the user's own, which replace them by name."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
from textual.theme import Theme

from rtvoice_tui.profiles import paths
from rtvoice_tui.text_files import read_text_file

DEFAULT = "rtvoice-dark"

OF_TEXTUAL = frozenset(("text-muted", "text-disabled"))
"""Variables of Textual that a theme may set: quiet text, and that of panes without the focus."""

VARIABLES: dict[str, str] = {
    "meter-ok": "#4fb286",
    "meter-warn": "#d9a441",
    "meter-clip": "#e0605e",
    "meter-off": "#3a4150",
    "you": "#7fb2f0",
    "agent": "#8fd6a8",
    "tool": "#d9a441",
    "sent": "#7fb2f0",
    "received": "#8fd6a8",
    "live": "#8fd6a8",
    "unheard": "#7a8290",
    "pane-border": "#4a5163",
    "cursor": "#2a3350",
}
"""Our own theme variables with their default values."""


ANSI_VARIABLES: dict[str, str] = {
    "ansi-background": "ansi_black",
    "ansi-foreground": "ansi_white",
    "border-blurred": "ansi_bright_black",
    "block-cursor-foreground": "ansi_black",
    "block-cursor-background": "ansi_white",
    "input-cursor-background": "ansi_white",
    "input-cursor-foreground": "ansi_black",
    "input-cursor-text-style": "none",
    "input-selection-background": "ansi_bright_blue",
    "input-selection-foreground": "ansi_black",
    "screen-selection-background": "ansi_bright_blue",
    "screen-selection-foreground": "ansi_black",
}
"""Variables that Textual cannot derive for ANSI themes, which use the terminal's own colours."""


MAX_BYTES = 1_000_000


class ThemeFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a theme file: those of a Textual theme, plus our own ``variables``."""

    name: str
    primary: str
    secondary: str | None = None
    warning: str | None = None
    error: str | None = None
    success: str | None = None
    accent: str | None = None
    foreground: str | None = None
    background: str | None = None
    surface: str | None = None
    panel: str | None = None
    boost: str | None = None
    dark: bool = True
    ansi: bool = False
    variables: dict[str, str] = {}


def load_themes() -> tuple[list[Theme], list[str]]:
    """Load all themes; returns the valid ones, and a message for each invalid file."""
    themes: dict[str, Theme] = {}
    problems = []
    for folder in (_shipped(), paths.themes_folder()):
        try:
            files = sorted(folder.glob("*.toml")) if folder.is_dir() else []
        except OSError as error:
            problems.append(f"the themes in {folder} cannot be read: {error.strerror or error}")
            continue
        for file in files:
            try:
                theme = _read(file)
            except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
                problems.append(f"theme {file.name} is not used: {error}")
            else:
                themes[theme.name] = theme
    return list(themes.values()), problems


def _shipped() -> Path:
    """Folder of the shipped themes: inside the package, or at the top of a checkout."""
    packaged = Path(__file__).parents[1] / "themes"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "themes"


def _read(file: Path) -> Theme:
    from textual.color import Color, ColorParseError

    fields = msgspec.convert(tomllib.loads(read_text_file(file, MAX_BYTES)), ThemeFile)
    unknown = set(fields.variables) - set(VARIABLES) - OF_TEXTUAL
    if unknown:
        raise ValueError(f"unknown variables {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {f.name: getattr(fields, f.name) for f in msgspec.structs.fields(fields)}
    for name, value in (values | fields.variables).items():
        if isinstance(value, str) and name != "name":
            try:
                Color.parse(value)
            except ColorParseError as error:
                raise ValueError(f"{name} = '{value}' is no colour") from error
    if fields.ansi:
        values["variables"] = ANSI_VARIABLES | fields.variables
    return Theme(**values)
