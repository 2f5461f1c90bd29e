"""Every text of every theme that is shipped can be read: contrast by WCAG, 4.5:1, and 7:1 with high contrast."""

import pytest
from textual.color import Color

from rtvoice_tui.ui import themes
from rtvoice_tui.ui.inks import mix

TEXTS = (
    "plain dim you agent tool unheard sent received live ok warn error key title spoken"
    " json-name json-text json-number json-word"
).split()
GROUNDS = ("background", "surface", "cursor")
"""What text is drawn on; `cursor` is laid over the others."""

SHIPPED = {theme.name: theme for theme in themes.load_themes()[0] if theme.name in ("rtvoice-dark", "rtvoice-light")}
HIGH = {theme.name: theme for theme in themes.load_themes()[0] if theme.name == "high-contrast"}


def luminance(color: Color) -> float:
    parts = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized)
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def contrast(one: Color, other: Color) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def lacking(name: str, wanted: float) -> list[tuple[str, str, float]]:
    theme = (SHIPPED | HIGH)[name]
    variables = {**themes.VARIABLES, **theme.to_color_system().generate(), **theme.variables}
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


@pytest.mark.parametrize("name", ["rtvoice-dark", "rtvoice-light"])
def test_every_text_stands_out_from_every_ground(name: str) -> None:
    assert lacking(name, 4.5) == []


def test_with_high_contrast_it_stands_out_much_more() -> None:
    assert lacking("high-contrast", 7.0) == []


def test_contrast_is_measured_as_by_wcag() -> None:
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)
