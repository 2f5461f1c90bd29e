"""``rtvoice-tui profiles`` as it is installed: what it does, what it says, and with which exit code it ends."""

import subprocess
from pathlib import Path

import pytest

from terminal import COMMAND

SECRET = "geheim-0815"
FRIEND = """\
# My friend's assistant.
provider = "openai"
trusted = true   # believe me

[[tools]]
name = "open_door"   # careful
run = {kind = "python", target = "my_tools:open_door"}
"""
STORE = """
import json, os, pathlib
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 5
    def get_password(self, service, username):
        return json.loads(FILE.read_text()).get(username) if FILE.exists() else None
    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({username: password}))

FILE = pathlib.Path(os.environ["HOME"]) / "kept"
"""


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path):
    """Run a subcommand with a key in the environment; it must show up nowhere."""

    def runs(*arguments: str | Path, stdin: str = "", code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, "profiles", *map(str, arguments)],
            env=environment | {"OPENAI_API_KEY": SECRET, "YANDEX_CLOUD_API_KEY": SECRET} | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert SECRET not in done.stdout + done.stderr
        assert bool(done.stderr) == bool(code)
        return done

    return runs


@pytest.fixture
def fails(run):
    """Run a subcommand that fails; gives the one sentence and its remedy."""

    def fails_with(*arguments: str | Path, **more: str) -> str:
        done = run(*arguments, code=1, **more)
        assert not done.stdout
        lines = done.stderr.splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("Error: ")
        assert lines[0].endswith(")")
        return lines[0]

    return fails_with


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "rtvoice-tui" / "profiles"


def test_list_shows_every_profile_with_the_broken_ones_and_their_error(run, folder):
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text("model = 5\n")
    lines = run("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["local", "yandex", "openai", "azure", "xai", "hf", "bad"]
    assert "built in" in lines[0]
    assert "bad.toml" in lines[-1]
    assert "model" in lines[-1]


def test_show_prints_a_profile_as_it_is_written(run, fails):
    assert run("show", "openai").stdout.startswith("# OpenAI Realtime.")
    assert "'nobody'" in fails("show", "nobody")


def test_path_prints_file_or_folder(run, fails, folder):
    assert run("path").stdout == f"{folder}\n"
    assert run("path", "work").stdout == f"{folder}/work.toml\n"
    assert "'../x'" in fails("path", "../x")


def test_copy_makes_a_profile_of_ones_own_and_prints_its_file(run, fails, folder):
    assert run("copy", "azure", "work").stdout == f"{folder}/work.toml\n"
    assert (folder / "work.toml").read_text() == run("show", "azure").stdout
    assert "'work' already" in fails("copy", "azure", "work")
    assert "choose another name" in fails("copy", "azure", "openai")


def test_rename_gives_another_name_but_not_to_what_is_built_in(run, fails, folder):
    run("copy", "azure", "work")
    assert run("rename", "work", "office").stdout == f"{folder}/office.toml\n"
    assert not (folder / "work.toml").exists()
    assert "copy it" in fails("rename", "azure", "cloud")


def test_delete_tells_the_command_that_undoes_it_and_that_works(run, fails, folder):
    run("copy", "azure", "work")
    text = (folder / "work.toml").read_text()
    told = run("delete", "work").stdout
    assert not (folder / "work.toml").exists()
    command = told.partition("rtvoice-tui profiles ")[2].split()
    assert run(*command).stdout == "back as 'work'\n"
    assert (folder / "work.toml").read_text() == text
    assert "built in" in fails("delete", "azure")
    assert "is not there any more" in fails(*command)


def test_import_takes_in_what_is_not_trusted_until_the_command_it_tells(run, fails, folder, tmp_path):
    (tmp_path / "my friend.toml").write_text(FRIEND)
    told = run("import", "my friend.toml").stdout
    assert "off" in told
    assert (folder / "my-friend.toml").read_text().startswith("trusted = false")
    assert "not trusted" in run("list").stdout
    trusted = run(*told.partition("rtvoice-tui profiles ")[2].split(), "--yes").stdout
    assert "open_door: python my_tools:open_door" in trusted
    assert (folder / "my-friend.toml").read_text() == FRIEND.replace("trusted = true   # believe me\n", "")
    assert "not trusted" not in run("list").stdout


def test_import_names_tools_that_no_server_would_accept(run, tmp_path):
    file = tmp_path / "friend.toml"
    file.write_text('[[tools]]\nname = "odd"\nparameters = {type = "strin"}\n', encoding="utf-8")
    told = run("import", file).stdout
    assert "tool 'odd': parameters" in told


def test_import_takes_a_name_and_refuses_one_that_is_taken(run, fails, folder, tmp_path):
    (tmp_path / "friend.toml").write_text(FRIEND)
    run("import", "friend.toml", "--name", "work")
    assert (folder / "work.toml").exists()
    assert "'work' already" in fails("import", "friend.toml", "--name", "work")
    assert "'friend-2'" not in run("import", "friend.toml").stdout
    assert "'friend-2'" in run("import", "friend.toml").stdout


@pytest.mark.parametrize(
    ("text", "word"), [("model = 5\n", "model"), ("x = \n", "line 1"), ("x = " + "[" * 300 + "]" * 300, "x.toml")]
)
def test_import_of_what_is_no_profile_is_one_sentence(fails, tmp_path, text, word):
    (tmp_path / "x.toml").write_text(text)
    assert word in fails("import", "x.toml")


def test_import_of_what_is_not_there_is_one_sentence(fails, folder):
    assert "nothing.toml" in fails("import", "nothing.toml")
    assert not folder.exists() or not list(folder.glob("*.toml"))


def test_export_writes_a_file_once_and_prints_it(run, fails, tmp_path):
    assert run("export", "openai", "out.toml").stdout == "out.toml\n"
    assert (tmp_path / "out.toml").read_text() == run("show", "openai").stdout
    assert "exists already" in fails("export", "openai", "out.toml")
    assert "nowhere/out.toml" in fails("export", "openai", "nowhere/out.toml")


def test_trust_of_what_is_not_there_or_broken_is_one_sentence(fails, folder):
    assert "'nobody'" in fails("trust", "nobody")
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text("model = 5\n")
    assert "model" in fails("trust", "bad")


def test_set_key_without_a_key_store_names_the_variable_instead(fails):
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    assert "XAI_API_KEY" in fails("set-key", "xai", stdin="sk-typed\n", **backend)
    assert "sk-typed" not in fails("set-key", "xai", stdin="sk-typed\n", **backend)
    assert "XAI_API_KEY" in fails("set-key", "xai", stdin="sk-typed\n")


def test_set_key_with_a_key_store_that_is_set_but_does_not_work_names_the_variable_too(fails):
    backend = {"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}
    assert "XAI_API_KEY" in fails("set-key", "xai", stdin="sk-typed\n", **backend)


def test_set_key_for_a_server_that_needs_none_says_so(fails):
    for name in ("hf", "local"):
        assert "needs no key" in fails("set-key", name, stdin="sk-typed\n")


def test_set_key_keeps_what_comes_from_a_pipe_and_does_not_repeat_it(run, tmp_path):
    (tmp_path / "my_store.py").write_text(STORE)
    backend = {"PYTHON_KEYRING_BACKEND": "my_store.Keyring", "PYTHONPATH": str(tmp_path)}
    assert run("set-key", "xai", stdin=" sk-typed\n", **backend).stdout == "kept\n"
    assert (tmp_path / "kept").read_text() == '{"XAI_API_KEY": "sk-typed"}'
    run("set-key", "xai", stdin="\n", code=2, **backend)
    assert (tmp_path / "kept").read_text() == '{"XAI_API_KEY": "sk-typed"}'


def test_a_folder_that_cannot_be_written_is_one_sentence(fails, folder):
    folder.parent.mkdir(parents=True)
    folder.symlink_to("/proc")  # where not even root can make a file
    assert "work.toml cannot be written" in fails("copy", "azure", "work")


def test_what_is_made_is_readable_by_its_owner_alone(run, folder):
    run("copy", "azure", "work")
    assert (folder / "work.toml").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "command",
    ["list", "show", "path", "copy", "rename", "delete", "bring-back", "import", "export", "trust", "set-key"],
)
def test_every_subcommand_says_what_it_is_for(run, command):
    assert "Usage: rtvoice-tui profiles" in run(command, "--help").stdout
