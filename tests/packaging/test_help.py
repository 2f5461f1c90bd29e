"""The help of the command line: no line of a list of commands is cut, and every command has an example."""

import click
import pytest
from click.testing import CliRunner

from rtvoice_tui.cli.main import main
from rtvoice_tui.cli.profiles import profiles

COLUMNS = 80


def help_of(*arguments: str) -> str:
    done = CliRunner().invoke(main, [*arguments, "--help"], terminal_width=COLUMNS)
    assert done.exit_code == 0
    return done.output


@pytest.mark.parametrize("group", [(), ("profiles",)], ids=["rtvoice-tui", "profiles"])
def test_no_line_of_the_list_of_commands_is_cut(group: tuple[str, ...]) -> None:
    listed = help_of(*group).partition("Commands:")[2]
    assert len(listed.splitlines()) > 3
    assert "..." not in listed


@pytest.mark.parametrize("name", profiles.commands)
def test_every_command_of_the_profiles_has_an_example_that_is_one(name: str) -> None:
    text = help_of("profiles", name)
    example = text.partition("Example:\n")[2].splitlines()[0].split()
    assert example[:3] == ["rtvoice-tui", "profiles", name]
    wanted = [p for p in profiles.commands[name].params if isinstance(p, click.Argument) and p.required]
    assert len([word for word in example[3:] if not word.startswith("-")]) >= len(wanted)


def test_the_ticket_of_a_deletion_is_explained() -> None:
    assert "TICKET" in help_of("profiles", "bring-back").partition("\n\n")[2]
    assert "printed" in help_of("profiles", "bring-back")
