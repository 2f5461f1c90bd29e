"""Signs for terminals that have no others than ASCII: the same words, one plain sign for each glyph."""

import locale
from collections.abc import Mapping

_PAIRS = (
    "●* ○o ◌o ✗x ✓+ ≠! ↻@ ›> ·. …~ ×x │| ┃| ━= ─- ┄~ ┆: ▌# ▏| ▕| ↑^ ↓v ←< →> ⟂T ⊥T ␣_ ⏎< –- —- ‑- ▸> ▾v ◆* ⊟- ⊞+"
    " █# ▉# ▊# ▋# ▍- ▎- ▇# ▆# ▅# ▄= ▃= ▂_ ▁_ ▀' ▔' ░. ▒: ▓# ▚% └` ├| ┤| ┬+ ┴+ ┼+ ╌- ±~ ‾' →> «< »>"
)
ASCII = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
"""What our own glyphs become; what people and agents say in other scripts stays as it is."""


def signs(widget: object, text: str) -> str:
    """Our own words as the terminal of a widget can show them, where they are not drawn by hand."""
    app = getattr(widget, "app", None)
    return text.translate(ASCII) if getattr(app, "ascii_only", False) else text


def ascii_only(environ: Mapping[str, str]) -> bool:
    """Whether only ASCII can be shown: ``RTVOICE_ASCII`` says so, or the terminal is known for it."""
    said = environ.get("RTVOICE_ASCII", "")
    if said:
        return said.lower() not in ("0", "no", "off", "false")
    if environ.get("TERM", "") in ("linux", "dumb", "vt100", "vt220", "ansi"):
        return True  # the kernel's console has no parts of blocks
    return "utf" not in locale.getpreferredencoding(False).lower()
