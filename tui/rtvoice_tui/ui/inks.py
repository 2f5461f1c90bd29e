"""Inks: the named colours that all panes and rows paint with, mixed from the theme's variables.

Not component classes: styling those for every widget costs a tenth of a start.
"""

from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style
from textual.color import Color

OVERLAYS = frozenset({"cursor", "hit"})
"""Inks that are laid over others: they have only what is theirs."""

_VARIABLES = {
    "plain": "foreground",
    "dim": "text-muted",
    "ok": "success",
    "warn": "warning",
    "key": "primary",
    "title": "foreground",
}
"""Inks whose variable has another name; our own variables are in `themes.VARIABLES`."""

_BOLD = frozenset({"live", "error", "key", "title"})
_STRUCK = frozenset({"unheard"})


def mix(ink: str, variables: Mapping[str, str]) -> Style:
    """The style of an ink on the theme's background; overlays leave open what lies below.

    Raises:
        KeyError: there is no such ink.
    """
    if ink == "cursor":
        return _style("", "", variables["cursor"])
    if ink == "hit":
        return _style(variables["background"], "", variables["warning"])
    background = variables["background"]
    return _style(variables[_VARIABLES.get(ink, ink)], background, background, ink in _BOLD, ink in _STRUCK)


@lru_cache(256)
def _style(value: str, over: str, background: str, bold: bool = False, struck: bool = False) -> Style:
    """A style from a theme's values; ``over`` is what a translucent colour is blended with."""
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
        dim=dim or None,
    )
