"""No sentence that the line mode prints names a key: the cockpit's keys become typed commands."""

import ast
import re
from pathlib import Path

import pytest

import rtvoice_tui
from rtvoice_tui.cli.plain.commands import BY_NAME
from rtvoice_tui.cli.plain.wording import advice, typed

PACKAGE = Path(rtvoice_tui.__file__).parent
KEY = re.compile(
    r"\b[Pp]ress\b|\bF\d+\b|\bpane \d|\bwith space\b|(?<![\w/'])[a-zA-Z] (?:connects|passes|switches|offers)\b"
)
SHOWN_BY_THE_COCKPIT_ALONE = {
    "Press space, speak, press it again",  # what its talk modes are
    "Hold space while you speak; where a release is not seen, press it again",
    " is a mock for this session: f takes it back",  # actions that the line mode does not have
    " was never anything but a mock: pane 5 changes it",
    " now: pane 5 switches the whole server",
    "press d to delete the selected profile",
}


def sentences() -> list[str]:
    """All texts in the modules below the heads that name a key."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.relative_to(PACKAGE).parts[0] in ("ui", "cli", "doctor"):
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                found += [node.value] if KEY.search(node.value) else []
    return sorted(set(found) - SHOWN_BY_THE_COCKPIT_ALONE)


def test_there_are_sentences_that_name_keys() -> None:
    assert len(sentences()) > 30


@pytest.mark.parametrize("sentence", sentences())
def test_a_key_in_a_remedy_becomes_a_command_that_exists(sentence: str) -> None:
    words = typed(sentence)
    assert not KEY.search(words), words
    named = re.findall(r"(?<![\w/.])/([a-z]+)", words)
    assert set(named) <= set(BY_NAME)


def test_sentence_and_remedy_are_two_sentences() -> None:
    assert advice("the key was not accepted", "check the key, then press c") == (
        "the key was not accepted. Check the key, then type /connect"
    )
    assert advice("it ended.", "press c to connect") == "it ended. Type /connect to connect"
    assert advice("it ended", "") == "it ended"


def test_keys_in_the_words_of_a_server_stay_as_they_are() -> None:
    assert advice("the server says: press c", "wait") == "the server says: press c. Wait"
