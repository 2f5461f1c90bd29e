"""Keyboards with other scripts: the letter that a key has at the same place of a Latin keyboard.

With a Russian layout the key of ``m`` sends ``ь``. Keys act by their place, so that nobody has to switch the layout.
"""

from typing import Final

_LATIN = "qwertyuiop[]asdfghjkl;'zxcvbnm,."
_LAYOUTS = (
    "йцукенгшщзхъфывапролджэячсмитьбю",  # Russian
    "йцукенгшщзхїфівапролджєячсмитьбю",  # Ukrainian
    ";ςερτυθιοπ[]ασδφγηξκλ΄'ζχψωβνμ,.",  # Greek
    "/'קראטוןםפ][שדגכעיחלךף,זסבהנמצתץ",  # Hebrew
)

_NAMES: Final = {"[": "left_square_bracket", "]": "right_square_bracket", ",": "comma", ".": "full_stop"}


def _places() -> dict[str, str]:
    found: dict[str, str] = {}
    for layout in _LAYOUTS:
        for there, latin in zip(layout, _LATIN, strict=True):
            if there.isalpha() and not there.isascii():
                found.setdefault(there, latin)
                if there.upper() != there and latin.isalpha():
                    found.setdefault(there.upper(), latin.upper())
    return found


PLACES: Final = _places()
"""The Latin character at the place of a key, by the character that it sends."""


def same_place(character: str | None) -> tuple[str, str] | None:
    """Return Textual's key name and the character of the Latin key at the same place; ``None`` if there is none."""
    latin = PLACES.get(character or "")
    return None if latin is None else (_NAMES.get(latin, latin), latin)


def is_of_another_script(character: str | None) -> bool:
    """Whether a key sends a letter that no key of the app can be."""
    return character is not None and len(character) == 1 and character.isalpha() and not character.isascii()
