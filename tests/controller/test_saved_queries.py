"""Saved queries are kept in a file of the user, whatever stands there."""

import os
from pathlib import Path

import pytest

from rtvoice_tui.controller.saved_queries import KEPT, MAX_LENGTH, SavedQueries
from rtvoice_tui.profiles.writing import in_order


def saved() -> None:
    """Wait until everything is written."""
    in_order(lambda: None).result()


def test_the_longest_queries_in_any_script_are_all_read_back(tmp_path: Path) -> None:
    queries = SavedQueries(tmp_path / "queries.txt")
    texts = [f"{number:03}" + "語" * (MAX_LENGTH - 3) for number in range(KEPT)]
    for text in texts:
        queries.toggle(text)
    saved()
    assert SavedQueries(tmp_path / "queries.txt").texts == texts


def test_in_place_of_a_file_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "queries.txt").mkdir()
    queries = SavedQueries(tmp_path / "queries.txt")
    assert queries.texts == []
    assert "is no file" in queries.toggle("type:error")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs mkfifo")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "queries.txt")
    queries = SavedQueries(tmp_path / "queries.txt")
    assert queries.texts == []
    assert "is no file" in queries.toggle("type:error")
