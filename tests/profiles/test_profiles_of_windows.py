"""Files as Windows writes them: with a byte order mark, in UTF-16, with its line ends."""

import codecs
from pathlib import Path

import pytest

from rtvoice_tui.controller.planner import Options, with_options
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.library import import_profile
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.state import State, load_state, remember
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.profiles.writing import Changes, save_changes
from rtvoice_tui.text_files import decoded
from rtvoice_tui.ui.themes import load_themes

TEXT = 'provider = "local"\r\n[session]\r\ninstructions = "Отвечай кратко."\r\n'
LATIN = 'provider = "local"\n[session]\ninstructions = "Be brief."\n'

WAYS = {
    "UTF-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 of the other order": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 of the other order without a mark": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "UTF-8": lambda text: text.encode(),
}


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


def write(data: bytes) -> None:
    path = profile_path("mine")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.mark.parametrize("text", [TEXT, LATIN], ids=["Russian, CRLF", "English, LF"])
@pytest.mark.parametrize("way", WAYS)
def test_a_profile_is_read_however_it_was_saved(way, text):
    write(WAYS[way](text))
    assert load_profile("mine").session.instructions == ("Отвечай кратко." if text is TEXT else "Be brief.")
    assert not profile_text("mine").startswith("\ufeff")


@pytest.mark.parametrize("way", WAYS)
def test_an_imported_profile_is_read_however_it_was_saved(way, tmp_path):
    file = tmp_path / "theirs.toml"
    file.write_bytes(WAYS[way](TEXT))
    name = import_profile(file)
    assert load_profile(name).session.instructions == "Отвечай кратко."


@pytest.mark.parametrize("way", WAYS)
def test_instructions_from_a_file_are_read_however_they_were_saved(way, tmp_path):
    file = tmp_path / "instructions.md"
    file.write_bytes(WAYS[way]("Отвечай кратко.\r\n"))
    profile = with_options(Profile(), Options(instructions=f"@{file}"))
    assert profile.session.instructions == "Отвечай кратко.\r\n"


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ("Отвечай".encode("cp1251"), "is not UTF-8 text"),
        (b"x" * 1_000_001, "is larger than 1000 kB"),
        (None, "No such file"),
    ],
)
def test_instructions_that_cannot_be_read_say_why_without_python_s_words(data, part, tmp_path):
    file = tmp_path / "instructions.md"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(ProfileError) as caught:
        with_options(Profile(), Options(instructions=f"@{file}"))
    assert part in caught.value.sentence
    assert "codec" not in caught.value.sentence
    assert "Errno" not in caught.value.sentence


def test_a_folder_holds_no_instructions(tmp_path):
    with pytest.raises(ProfileError, match="it is no file"):
        with_options(Profile(), Options(instructions=f"@{tmp_path}"))


@pytest.mark.parametrize("data", [b"", b"a", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_short_and_empty_files_are_text(data):
    assert decoded(data) in ("", "a")


@pytest.mark.parametrize("way", WAYS)
def test_the_state_is_read_and_kept_however_it_was_saved(way):
    file = paths.state_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(WAYS[way]('profile = "mine"\r\nkey_hosts = ["KEY@api.example"]\r\n'))
    remember(theme="paper")
    assert load_state() == State(profile="mine", theme="paper", key_hosts=("KEY@api.example",))


@pytest.mark.parametrize("data", [b"\x80\x81", b'profile = "mine', b'profile = ["a"]', b"x = 1\nx = 2"])
def test_a_state_that_cannot_be_read_is_not_lost_by_the_next_one(data):
    file = paths.state_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    remember(theme="paper")
    assert load_state() == State(theme="paper")
    assert file.with_suffix(".broken").read_bytes() == data


@pytest.mark.parametrize("way", WAYS)
def test_a_theme_is_read_however_it_was_saved(way):
    folder = paths.themes_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.toml").write_bytes(WAYS[way]('name = "mine"\r\nprimary = "#ff0000"\r\n'))
    themes, problems = load_themes()
    assert problems == []
    assert "mine" in [theme.name for theme in themes]


@pytest.mark.parametrize("name", ["a\udc80", "a\x7fb", 'a"b', "a\nb", "ключ"])
def test_the_state_is_readable_after_any_name(name):
    remember(theme="paper")
    remember(profile=name)
    assert load_state().theme == "paper"


def test_a_theme_that_is_nested_too_deeply_is_only_left_out():
    folder = paths.themes_folder()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "deep.toml").write_text("a = " + "[" * 5000)
    themes, problems = load_themes()
    assert len(themes) > 3
    assert "deep.toml is not used" in problems[0]


def test_instructions_in_the_home_folder_are_read(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "said.txt").write_text("Be brief.")
    assert with_options(Profile(), Options(instructions="@~/said.txt")).session.instructions == "Be brief."


def test_a_profile_with_the_line_ends_of_old_macs_is_read():
    write(LATIN.replace("\n", "\r").encode())
    assert load_profile("mine").session.instructions == "Be brief."


def test_saving_a_profile_in_another_charset_says_that_it_is_in_utf_8_now():
    write(TEXT.encode("utf-16"))
    saved = save_changes("mine", Changes({"voice": "low"}), profile_text("mine"))
    assert saved.sentence == "mine.toml was in UTF-16 and is in UTF-8 now"
    assert "Отвечай кратко." in profile_path("mine").read_bytes().decode()
    assert save_changes("mine", Changes({"voice": "heart"}), saved.text).sentence == ""


def test_instructions_from_no_file_say_what_is_missing():
    with pytest.raises(ProfileError) as refused:
        with_options(Profile(), Options(instructions="@"))
    assert (refused.value.sentence, refused.value.remedy) == (
        "--instructions @ names no file",
        "write the path of a text file right behind the @",
    )


QUOTE, BRACKET = "begin and end the text with the same straight quote", "close the bracket"
MISTAKES = {
    'model = "x': QUOTE,
    "model = 'x": QUOTE,
    'model = """x': QUOTE,
    "model = “x”": QUOTE,
    "model = hello": 'put the text into quotes: "hello"',
    "model hello": "write the line as key = value",
    'model = "C:\\Users"': "write \\\\ for each backslash, or put the text into 'single quotes'",
    'model = "a"\nmodel = "b"': "keep one of the two lines",
    "[session": BRACKET,
    "x = [1,": "close the bracket that is open above",
    "model = 1 2": "write one key and one value in a line",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_toml_has_a_remedy_of_its_own(text):
    write(f"{text}\n".encode())
    with pytest.raises(ProfileError, match="is not valid TOML") as refused:
        load_profile("mine")
    assert refused.value.remedy == MISTAKES[text]
