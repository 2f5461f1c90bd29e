"""Profiles whose every text is hostile, through each command: nothing of them is obeyed by a terminal."""

from pathlib import Path

import pytest
from hostile import COMMAND_LINE, CONTROLS, ESCAPES, UNICODE, Author, profile_toml, strange
from hostile_commands import Run, for_a_file, in_pipes, in_terminal
from hostile_profiles import broken, profile, put

from realtime_server import Session, in_thread, plain
from terminal import private_environment

KINDS = ESCAPES | CONTROLS | UNICODE
RAW = "# " + "".join(kind.before + kind.after for kind in (ESCAPES | UNICODE).values()) + " END\n"
"""A file need not be a profile to be printed."""

WAYS = pytest.mark.parametrize("run", [in_terminal, in_pipes], ids=["terminal", "pipe"])


@pytest.fixture
def author() -> Author:
    return Author(without="\ud800")


@pytest.fixture
def bench(environment: dict[str, str], author: Author) -> str:
    """The name of a profile all of whose texts are hostile."""
    put(environment, "bench", profile_toml(profile(author, url="ws://127.0.0.1:9/")))
    return "bench"


def assert_harmless(raw: bytes, author: Author) -> None:
    """A terminal obeys nothing of it."""
    assert author.obeyed(raw) == []
    assert strange(raw, COMMAND_LINE) == []


@WAYS
@pytest.mark.parametrize("shown", ["name and model", "doctor", "doctor --live", "trust"])
def test_what_a_profile_says_is_shown_by_commands_and_not_obeyed(
    run: Run, shown: str, bench: str, environment: dict[str, str], author: Author
) -> None:
    commands = {
        "name and model": (["profiles", "list"], ["model"]),
        "doctor": (["doctor", bench], ["command run.argv[]"]),
        "doctor --live": (["doctor", bench, "--live"], ["command run.argv[]"]),
        "trust": (
            ["profiles", "trust", "stranger", "--yes"],
            ["command run.argv[]", "python run.target", "http run.url"],
        ),
    }
    text = (put(environment, "copy", "").parent / f"{bench}.toml").read_text()
    put(environment, "stranger", text.replace('"trusted" = true', '"trusted" = false'))
    arguments, fields = commands[shown]
    done = run(environment, *arguments)
    assert "Traceback" not in done.text
    assert [field for field in fields if author.word(field) not in done.text] == []
    assert_harmless(done.raw, author)


@WAYS
@pytest.mark.parametrize("command", ["copy", "rename", "delete", "export", "path"])
def test_commands_that_say_little_of_a_profile_are_harmless_too(
    run: Run, command: str, bench: str, environment: dict[str, str], author: Author, tmp_path: Path
) -> None:
    more = {"copy": ["other"], "rename": ["other"], "export": [str(tmp_path / "out.toml")]}.get(command, [])
    done = run(environment, "profiles", command, bench, *more)
    assert done.code == 0
    assert_harmless(done.raw, author)


@WAYS
def test_each_profile_is_one_line_of_the_list_whatever_its_model_is_called(
    run: Run, environment: dict[str, str]
) -> None:
    before = len(run(environment, "profiles", "list").text.splitlines())
    for number, ends in enumerate(("\n", "\r\n", "\u2028", "\x85", "\v")):
        put(environment, f"p{number}", profile_toml({"provider": "openai", "model": f"a{ends}forged  a line{ends}b"}))
    told = run(environment, "profiles", "list").text
    assert len(told.splitlines()) == before + 5, "what reads lines sees no other than these"
    assert told.count("forged") == 5


def test_show_on_a_terminal_shows_a_file_that_is_no_profile_and_obeys_nothing(
    environment: dict[str, str], author: Author
) -> None:
    put(environment, "raw", RAW)
    done = in_terminal(environment, "profiles", "show", "raw")
    assert "END" in done.text
    assert_harmless(done.raw, author)


def test_show_on_a_terminal_keeps_the_lines_of_a_harmless_profile(environment: dict[str, str]) -> None:
    text = '# Meine Notizen: Zebra Ze\u0308bra 漢字\nprovider = "openai"\n\n[session]\n\tvoice = "marin"\n'
    put(environment, "mine", text)
    told = in_terminal(environment, "profiles", "show", "mine").text
    assert told.replace("\t", " ").split("\n") == text.replace("\t", " ").split("\n")


@pytest.mark.parametrize("text", [RAW, 'provider = "openai"\r\n# no end'], ids=["escapes", "other line ends"])
def test_show_into_a_pipe_is_the_file_byte_for_byte(environment: dict[str, str], text: str) -> None:
    path = put(environment, "raw", text)
    assert for_a_file(environment, "profiles", "show", "raw") == path.read_bytes()


def test_an_exported_file_is_the_profile_byte_for_byte(environment: dict[str, str], tmp_path: Path) -> None:
    path = put(environment, "raw", RAW)
    for_a_file(environment, "profiles", "export", "raw", str(tmp_path / "out.toml"))
    assert (tmp_path / "out.toml").read_bytes() == path.read_bytes()


def test_errors_of_broken_profiles_quote_and_are_not_obeyed(environment: dict[str, str], author: Author) -> None:
    count = sum(1 for number, text in enumerate(broken(author)) if put(environment, f"b{number}", text))
    done = in_terminal(environment, "profiles", "list")
    assert done.text.count("not usable") == count > 100
    assert_harmless(done.raw, author)
    assert_harmless(in_pipes(environment, "doctor").raw, author)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--profile", "X"],
        ["profiles", "show", "X"],
        ["profiles", "copy", "X", "mine"],
        ["profiles", "import", "X"],
        ["profiles", "import", "X", "--name", "X"],
        ["profiles", "export", "local", "nowhere/X"],
        ["profiles", "set-key", "X"],
        ["profiles", "X"],
        ["doctor", "X"],
        ["serve", "--port", "X"],
        ["serve", "--token-env", "X"],
        ["--provider", "X"],
        ["--input-file", "X"],
        ["--output-file", "nowhere/X"],
        ["--instructions", "@X"],
        ["--X"],
        ["X"],
    ],
    ids=" ".join,
)
def test_what_is_typed_after_the_command_is_quoted_in_errors_and_not_obeyed(
    arguments: list[str], environment: dict[str, str]
) -> None:
    author = Author(without="\ud800\0")
    hostile = "".join(author.text(f"argument {number}") for number in range(len(KINDS))).replace("/", "|")
    done = in_terminal(environment, *[each.replace("X", hostile) for each in arguments])
    assert done.code != 0
    assert "Traceback" not in done.text
    assert_harmless(done.raw, author)


@WAYS
def test_files_with_hostile_names_are_taken_in_and_written_and_not_obeyed(
    run: Run, environment: dict[str, str], tmp_path: Path, author: Author
) -> None:
    name = "\x1b]0;zqTITLEx\x07\x1b[2K\x9b2J\u202e"
    (tmp_path / f"{name}.toml").write_text('provider = "openai"\n')
    (tmp_path / f"{name}broken.toml").write_text("model = 5\n")
    for arguments, code in (
        (["import", tmp_path / f"{name}.toml"], 0),
        (["import", tmp_path / f"{name}broken.toml"], 1),
        (["export", "openai", tmp_path / f"{name}out.toml"], 0),
        (["export", "openai", tmp_path / f"{name}out.toml"], 1),
    ):
        done = run(environment, "profiles", *arguments)
        assert done.code == code
        assert strange(done.raw, COMMAND_LINE) == []
    assert (tmp_path / f"{name}out.toml").exists()


@WAYS
def test_a_folder_of_a_hostile_name_is_printed_and_not_obeyed(run: Run, tmp_path: Path) -> None:
    environment = private_environment(tmp_path / "\x1b]0;zqTITLEx\x07\u202e")
    put(environment, "bad", "model = 5\n")
    for arguments in (["profiles", "list"], ["doctor", "bad"], ["profiles", "copy", "openai", "mine"]):
        assert strange(run(environment, *arguments).raw, COMMAND_LINE) == []


@WAYS
def test_what_a_server_greets_the_doctor_with_is_told_and_not_obeyed(
    run: Run, environment: dict[str, str], author: Author
) -> None:
    async def nothing(session: Session) -> None:
        return

    greeting = {"type": "error", "error": {"message": "".join(author.text(f"error {n}") for n in range(len(KINDS)))}}
    with in_thread(plain(nothing, greeting)) as server:
        put(environment, "bench", profile_toml({"provider": "generic", "url": server.url}))
        done = run(environment, "doctor", "bench", "--live")
    assert author.word("error 0") in done.text
    assert_harmless(done.raw, author)
