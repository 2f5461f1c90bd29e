"""ASCII fallback for terminals without Unicode: one ASCII character for each of our glyphs."""

import locale
from collections.abc import Mapping

_PAIRS = (
    "●* ○o ◌o ✗x ✓+ ≠! ↻@ ›> ·. …~ ×x │| ┃| ━= ─- ┄~ ┆: ▌# ▏| ▕| ↑^ ↓v ←< →> ⟂T ⊥T ␣_ ⏎< –- —- ‑- ▸> ▾v ◆* ⊟- ⊞+"
    " █# ▉# ▊# ▋# ▍- ▎- ▇# ▆# ▅# ▄= ▃= ▂_ ▁_ ▀' ▔' ░. ▒: ▓# ▚% └` ├| ┤| ┬+ ┴+ ┼+ ╌- ±~ ‾' →> «< »> ♪n"
)
ASCII = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split()})
"""Translation table of our own glyphs; all other characters, such as transcripts in other scripts, are kept."""


def signs(widget: object, text: str) -> str:
    """Translate a text of ours to ASCII if the app needs it; for texts that Textual draws, such as border titles."""
    app = getattr(widget, "app", None)
    return text.translate(ASCII) if getattr(app, "ascii_only", False) else text


def ascii_only(environ: Mapping[str, str]) -> bool:
    """Whether to draw ASCII only: by ``RTVOICE_ASCII`` if it is set, else by ``TERM`` and the locale's encoding."""
    said = environ.get("RTVOICE_ASCII", "")
    if said:
        return said.lower() not in ("0", "no", "off", "false")
    if environ.get("TERM", "") in ("linux", "dumb", "vt100", "vt220", "ansi"):
        return True  # the Linux console has no block elements
    return "utf" not in locale.getpreferredencoding(False).lower()
