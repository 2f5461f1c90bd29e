"""The page about security names files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE)))
MODULES = sorted(set(re.findall(r"`((?!tests/)[\w/]+\.py)`", PAGE)))


def test_the_page_names_modules_and_tests() -> None:
    assert len(TESTS) > 20
    assert len(MODULES) > 15


@pytest.mark.parametrize("name", TESTS)
def test_each_test_that_it_names_is_there(name: str) -> None:
    assert (ROOT / name).is_file()


@pytest.mark.parametrize("name", MODULES)
def test_each_module_that_it_names_is_there(name: str) -> None:
    assert (ROOT / "tui" / "rtvoice_tui" / name).is_file()
