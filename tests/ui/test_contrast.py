"""Every text of every theme that is shipped can be read: contrast by WCAG, 4.5:1, and 7:1 with high contrast."""

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color

from rtvoice_tui.ui import themes
from rtvoice_tui.ui.inks import mix

TEXTS = (
    "plain dim you agent tool unheard sent received live ok warn error key title spoken"
    " json-name json-text json-number json-word"
).split()
GROUNDS = ("background", "surface", "panel", "cursor")
"""What text is drawn on; `cursor` is laid over the others."""

SHIPPED = {theme.name: theme for theme in themes.load_themes()[0] if not theme.ansi}
"""All themes with colours of their own: those of the other are the terminal's."""


def luminance(color: Color) -> float:
    parts = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized)
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one: Color, other: Color) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def variables_of(name: str) -> dict[str, str]:
    theme = SHIPPED[name]
    return {**themes.VARIABLES, **theme.to_color_system().generate(), **theme.variables}


def lacking(name: str, wanted: float) -> list[tuple[str, str, float]]:
    variables = variables_of(name)
    found = []
    for ink in TEXTS:
        color = mix(ink, variables).color
        assert color is not None
        assert color.triplet is not None
        for ground in GROUNDS:
            ratio = contrast(Color(*color.triplet), Color.parse(variables[ground]))
            if ratio < wanted:
                found.append((ink, ground, round(ratio, 2)))
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_every_text_stands_out_from_every_ground(name: str) -> None:
    assert lacking(name, 4.5) == []


def test_with_high_contrast_it_stands_out_much_more() -> None:
    assert lacking("high-contrast", 7.0) == []


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_found_stands_out_from_its_mark(name: str) -> None:
    style = mix("hit", variables_of(name))
    assert style.color is not None
    assert style.bgcolor is not None
    front, back = style.color.triplet, style.bgcolor.triplet
    assert front is not None
    assert back is not None
    assert contrast(Color(*front), Color(*back)) >= 4.5


@pytest.mark.parametrize("name", SHIPPED)
def test_lines_and_the_cursor_are_seen_on_a_terminal_with_16_colours(name: str) -> None:
    variables = variables_of(name)

    def nearest(variable: str) -> int | None:
        return RichColor.parse(variables[variable]).downgrade(ColorSystem.STANDARD).number

    ground = nearest("background")
    assert {variable: nearest(variable) for variable in ("pane-border", "primary", "cursor", "foreground")
            if nearest(variable) == ground} == {}  # fmt: skip
    if not SHIPPED[name].dark:
        assert nearest("pane-border") != 7, "light grey is lost on white"


def test_contrast_is_measured_as_by_wcag() -> None:
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)
