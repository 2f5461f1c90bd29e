"""Every file and every name that the documentation points at exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tui" / "rtvoice_tui"
PAGES = [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCE = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
CODE = re.compile(r"`([^`\n]+)`")


def named(page: Path) -> list[str]:
    return CODE.findall(re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_it_names_is_there(page: Path) -> None:
    files = [name for name in named(page) if re.fullmatch(r"[\w./]+(\.py|/)", name)]
    assert files
    missing = [name for name in files if not ((PACKAGE / name).exists() or (ROOT / name).exists())]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_class_and_constant_that_it_names_is_there(page: Path) -> None:
    names = {
        name for word in named(page) for name in re.findall(r"\b([A-Z]\w+)", word) if re.fullmatch(r"[\w.()]+", word)
    }
    missing = [n for n in names if not re.search(rf"^\s*(class {n}\b|{n}\b.*=)", SOURCE, re.M)]
    assert missing == []


def test_every_page_is_named_on_the_map() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert all(f"docs/{page.name}" in contributing for page in (ROOT / "docs").glob("*.md"))
