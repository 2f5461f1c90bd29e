"""Inks: the named text styles of all panes and rows, made from the theme's variables.

Textual's component classes are not used: styling them for every widget costs a tenth of the startup time.
"""

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.color import Color

OVERLAYS = frozenset({"cursor", "hit"})
"""Inks that are laid over other inks; attributes they do not set come from the ink below."""

_VARIABLES = {
    "plain": "foreground",
    "dim": "text-muted",
    "ok": "success",
    "warn": "warning",
    "key": "primary",
    "title": "foreground",
    "spoken": "agent",
    "json-name": "primary",
    "json-text": "agent",
    "json-number": "tool",
    "json-word": "warning",
}
"""Inks whose theme variable has another name. All others are named like their variable (`themes.VARIABLES`)."""

_BOLD = frozenset({"live", "error", "key", "title", "spoken"})
_STRUCK = frozenset({"unheard"})
_UNDERLINED = frozenset({"spoken"})


def mix(ink: str, variables: Mapping[str, str]) -> Style:
    """Style of an ink on the theme's background; overlays leave other attributes unset.

    Raises:
        KeyError: there is no such ink.
    """
    if ink == "cursor":
        return _style("", "", variables["cursor"])
    if ink == "hit":
        return _style(variables["background"], "", variables["warning"])
    background = variables["background"]
    return _style(
        variables[_VARIABLES.get(ink, ink)], background, background, ink in _BOLD, ink in _STRUCK, ink in _UNDERLINED
    )


@lru_cache(256)
def _style(
    value: str, over: str, background: str, bold: bool = False, struck: bool = False, underlined: bool = False
) -> Style:
    """Style from a theme's values; a translucent ``value`` is blended with ``background`` unless ``over`` is empty."""
    colour, _, share = value.partition(" ")
    translucent = share.endswith("%")
    dim = False
    ground = Color.parse(background)
    if not colour:
        front = None
    elif colour == "auto":
        front = ground + ground.get_contrast_text(float(share.rstrip("%")) / 100 if translucent else 1.0)
    else:
        front = Color.parse(colour)
        if translucent and front.ansi is None and over:
            front = ground + front.multiply_alpha(float(share.rstrip("%")) / 100)
        dim = translucent and front.ansi is not None  # the terminal's own colours cannot be blended
    return Style(
        color=front.rich_color if front is not None else None,
        bgcolor=ground.rich_color,
        bold=bold or None,
        strike=struck or None,
        underline=underlined or None,
        dim=dim or None,
    )
