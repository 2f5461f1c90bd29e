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


NO_KEY = "name one with --api-key-env, or press p, then k"


def test_commands_about_a_profile_name_the_one_that_is_open() -> None:
    assert advice("no key", NO_KEY, "work").endswith("keep the key with: rtvoice-tui profiles set-key work")
    assert advice("no key", NO_KEY, "my work").endswith("set-key 'my work'")
    trust = advice("not trusted", "press p, then T to trust it (or rtvoice-tui profiles trust NAME)", "work")
    assert trust == "not trusted. rtvoice-tui profiles trust work"


@pytest.mark.parametrize("remedy", [NO_KEY, "set OPENAI_API_KEY and start again, or press p, then k"])
def test_where_options_stand_for_the_profile_the_option_for_the_key_is_named(remedy: str) -> None:
    words = advice("no key", remedy, "generic (command line)")
    assert words.lower().endswith("name the variable that holds it with --api-key-env var")
    assert "set-key" not in words
    assert words.count("--api-key-env") == 1


def test_sentence_and_remedy_are_two_sentences() -> None:
    assert advice("the key was not accepted", "check the key, then press c") == (
        "the key was not accepted. Check the key, then type /connect"
    )
    assert advice("it ended.", "press c to connect") == "it ended. Type /connect to connect"
    assert advice("it ended", "") == "it ended"


def test_keys_in_the_words_of_a_server_stay_as_they_are() -> None:
    assert advice("the server says: press c", "wait") == "the server says: press c. Wait"
