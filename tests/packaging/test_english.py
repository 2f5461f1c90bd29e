"""Words that a new user did not understand are not in the program, its help and its pages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("**/*.md"), *(ROOT / "tui").glob("**/*.py")]
WORDS = ["take away", "mend the line", "beginning anew", "another may be typed", "look again", "throws it away"]


@pytest.mark.parametrize("words", WORDS)
def test_no_page_says(words: str) -> None:
    said = [page.name for page in PAGES if re.search(rf"\b{words}\b", page.read_text(encoding="utf-8"), re.IGNORECASE)]
    assert len(PAGES) > 100
    assert not said
