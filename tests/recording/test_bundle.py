"""A bundle can be replayed by a colleague, and holds nothing that looks private."""

import itertools
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recording.talk import Talk, recorded_talk, weather
from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.conversation import conversation
from rtvoice_tui.recording.export import bundle as bundling
from rtvoice_tui.recording.export.bundle import bundle
from rtvoice_tui.recording.export.privacy import Redactor
from rtvoice_tui.recording.importing.opening import open_any
from rtvoice_tui.recording.reader import Recording

PRIVATE = (
    "Anna", "Schmidt", "anna.schmidt@example.org", "+49 170 1234567", "DE89 3704 0044 0532 0130 00", "Lindenstraße 12"
)  # fmt: skip


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A conversation in which a caller says who they are, and the agent repeats it piece by piece."""
    talk = Talk().opened().asks("My name is Anna Schmidt, write to anna.schmidt@example.org.")
    talk.calls(
        "book", '{"phone": "+49 170 1234567", "iban": "DE89 3704 0044 0532 0130 00"}', '{"guest": "Anna Schmidt"}'
    )
    talk.answers("Thank you Anna . I send it to anna.sch midt@example.org at Linden straße 12", 3.0)
    return recorded_talk(tmp_path_factory.mktemp("recorded") / "talk", talk)


def test_nothing_private_is_in_any_file(private: Recording, tmp_path: Path) -> None:
    path = tmp_path / "talk.zip"
    preview = bundle(private, path)
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    for word in PRIVATE:
        for name, text in texts.items():
            assert word not in text, name
            assert json.dumps(word)[1:-1] not in text, name
    said = " ".join(json.loads(line)["event"].get("delta", "") for line in texts["recording/wire.jsonl"].splitlines())
    assert "midt@" not in said
    assert {"name", "email", "number", "account"} <= preview.removed.keys()
    assert not any(name.endswith(".pcm") for name in texts)
    assert "no sound" in str(preview)


def test_it_can_be_replayed(private: Recording, tmp_path: Path) -> None:
    bundle(private, tmp_path / "talk.zip")
    opened = open_any(tmp_path, str(tmp_path / "talk.zip"))
    said = conversation(opened.recording)
    assert said.problem == ""
    before = conversation(private)
    assert [(part.who, part.turn, part.at) for part in said.parts] == [(p.who, p.turn, p.at) for p in before.parts]
    assert said.parts[0].text == "My name is [name], write to [email]."
    assert not opened.recording.manifest.sound
    opened.close()


def test_words_that_are_named_are_hidden_and_sound_goes_along_only_when_asked(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk")
    preview = bundle(recording, tmp_path / "talk.zip", ["Berlin"], sound=True)
    assert preview.removed == {"name": preview.removed["name"]}
    assert "the voices of both sides" in str(preview)
    opened = open_any(tmp_path, str(tmp_path / "talk.zip"))
    assert opened.recording.manifest.sound
    assert conversation(opened.recording).parts[0].text == "What is the weather in [name]?"
    opened.close()


def test_a_preview_writes_nothing_and_a_file_is_never_written_over(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk")
    assert bundle(recording, None).files
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(RecordingError, match="exists already"):
        bundle(recording, tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_text() == "mine"


def test_a_conversation_without_anything_private_stays_as_it_is(tmp_path: Path) -> None:
    recording = recorded_talk(tmp_path / "talk", weather())
    assert bundle(recording, tmp_path / "talk.zip").removed == {}
    opened = open_any(tmp_path, str(tmp_path / "talk.zip"))
    assert conversation(opened.recording) == conversation(recording)
    opened.close()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"no zip"])
def test_a_file_that_is_no_bundle_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(RecordingError):
        open_any(tmp_path, str(tmp_path / "x.zip"))


def test_names_of_files_in_a_bundle_lead_nowhere(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("../../session.json", "/etc/journal.jsonl", "evil.sh", "a/b/wire.jsonl"):
            archive.writestr(name, '{"version": 1, "app": "x", "started": "2026-01-01T00:00:00+00:00"}\n')
    opened = open_any(tmp_path, str(tmp_path / "x.zip"))
    assert sorted(path.name for path in opened.recording.folder.iterdir()) == [
        "journal.jsonl",
        "session.json",
        "wire.jsonl",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.zip"]
    opened.close()


FOUND = {
    "call me at 030 / 12 34 56 78": "call me at [number]",
    "card 4111 1111 1111 1111.": "card [number].",
    "I live at 221 Baker Street, London": "I live at [address], London",
    "sk-proj-abcdefghijklmnop1234": "[key]",
    "Меня зовут Анна Иванова": "Меня зовут [name]",
    "My name is not important": "My name is not important",
    "11 degrees, 5.5 m/s, at 12:30, item_1234567890, 1e10": "11 degrees, 5.5 m/s, at 12:30, item_1234567890, 1e10",
}


@pytest.mark.parametrize("text", FOUND)
def test_what_looks_private_is_replaced_by_its_kind(text: str) -> None:
    redactor = Redactor()
    redactor.learn(text)
    assert redactor.text(text) == FOUND[text]


@given(text=st.text(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_however_a_text_is_cut_its_pieces_are_redacted_as_the_whole(text: str, cuts: list[int]) -> None:
    text = f"a@b.org {text} +49 170 1234567"
    places = sorted({0, len(text), *(cut % len(text) for cut in cuts)})
    pieces = [text[first:last] for first, last in itertools.pairwise(places)]
    assert "".join(Redactor().pieces(pieces)) == Redactor().text(text)


def test_the_folders_of_the_user_are_private(tmp_path: Path) -> None:
    redactor = Redactor()
    for path in ("/home/alice.smith/talk", "/Users/alice/talk", "C:\\Users\\alice\\talk", "kept in /home/alice, now"):
        assert "alice" not in redactor.text(path)
    assert redactor.text("/home/alice/.local/share") == "[home]/.local/share"
    assert redactor.removed["home"] == 5


def test_the_preview_shows_what_was_removed_but_no_whole_key(private: Recording, tmp_path: Path) -> None:
    talk = Talk().opened().asks("My name is Anna Schmidt, the key is sk-abcdefghijklmnopqrstuvwxyz.")
    shown = str(bundle(recorded_talk(tmp_path / "talk", talk), None))
    assert "name: Anna Schmidt" in shown
    assert "key: sk-ab…" in shown
    assert "sk-abc" not in shown


@pytest.mark.parametrize("word", ["A-", "my name is ", "a@", "1 ", "/home/"])
def test_no_text_takes_long_to_look_at(word: str) -> None:
    """Quadratic patterns would take minutes for this, and the time limit of the test is two."""
    redactor, text = Redactor(), word * 60_000
    redactor.learn(text)
    redactor.text(text)


def test_thousands_of_introductions_are_learned_at_once() -> None:
    redactor = Redactor()
    names = ["".join(letters) for letters in itertools.product("abcdefghijklmno", repeat=3)]
    for name in names:
        redactor.learn(f"My name is {name.title()}.")
    assert redactor.text("Here is Kld.") == "Here is [name]."


def test_a_line_longer_than_any_reader_takes_ends_a_bundle_as_it_ends_a_replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = recorded_talk(tmp_path / "talk")
    whole = bundle(recording, None).files["wire.jsonl"]
    lines = (recording.folder / "wire.jsonl").read_bytes().splitlines(keepends=True)
    (recording.folder / "wire.jsonl").write_bytes(b"".join([*lines[:5], b"[" + b"1," * 200_000 + b"1]\n", *lines[5:]]))
    monkeypatch.setattr(bundling, "MOST_LINE", 100_000)
    assert bundle(recording, None).files["wire.jsonl"] < whole


def test_the_home_of_the_user_is_private_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/tmp/mary-jones")
    talk = Talk().opened().answers("It is in /tmp/mary-jones/secret/plan.txt.", 0.3)
    bundle(recorded_talk(tmp_path / "talk", talk), tmp_path / "talk.zip")
    with zipfile.ZipFile(tmp_path / "talk.zip") as archive:
        assert not any(b"mary-jones" in archive.read(name) for name in archive.namelist())
