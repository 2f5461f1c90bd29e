"""Whatever lies in the profiles' folder, the others are listed, and what is wrong is told with file and place."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from profile_files import COMMENTED, OWN, put, refused, save

import rtvoice_tui
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library, paths
from rtvoice_tui.profiles.store import BUILT_IN, MAX_BYTES, load_profile, profile_path, profile_text


def text_of(content: str | bytes):
    return lambda file: file.write_bytes(content if isinstance(content, bytes) else content.encode())


def link_to(target: str):
    return lambda file: file.symlink_to(target)


BROKEN = {
    "an unknown key": (text_of("colour = 1\n"), "colour"),
    "an unknown key inside": (text_of("[session]\nvolume = 1\n"), "session"),
    "an unknown key in a tool": (text_of('[[tools]]\nname = "a"\ncolour = 1\n'), "tools"),
    "a wrong type": (text_of("model = 5\n"), "model"),
    "a wrong type inside": (text_of("[session]\nvoice = []\n"), "session.voice"),
    "a number where trust is": (text_of("trusted = 1\n"), "trusted"),
    "a key in the file": (text_of("api_key = 'sk-1'\n"), "api_key"),
    "no TOML": (text_of("provider = 'openai'\nmodel = \n"), "line 2"),
    "a day that is none": (text_of("\nmodel = 2021-13-45\n"), "line 2"),
    "a huge file": (text_of("#" * (MAX_BYTES + 1)), "larger"),
    "a huge number": (text_of("model = " + "1" * 5_000), ""),
    "a huge fraction": (text_of("heartbeat_s = 1" + "0" * 400), "heartbeat_s"),
    "half a character": (text_of(b"model = '\xff'"), "UTF-8"),
    "deep lists": (text_of("model = " + "[" * 50_000), ""),
    "deep tables": (text_of("model = " + "{a = " * 50_000), ""),
    "deep dots": (text_of("[session]\nextra" + ".a" * 3_000 + " = 1\n[audio]\nx = 1\n"), ""),
    "dotted table": (text_of("[session.extra" + ".a" * 3_000 + "]\n"), "more than 32 parts"),
    "a folder": (Path.mkdir, "cannot be read"),
    "a link to a folder": (link_to("/"), "cannot be read"),
    "a link to nothing": (link_to("nowhere.toml"), ""),
    "a link to itself": (link_to("bad.toml"), "cannot be read"),
    "a link to a broken file": (link_to("other"), "line 1"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_told_with_file_and_place_and_all_others_are_listed(mine, kind):
    make, place = BROKEN[kind]
    (mine.parent / "other").write_text("model = \n")
    make(profile_path("bad"))
    before = sorted(os.listdir(mine.parent))
    with refused("bad.toml", place):
        load_profile("bad")
    found = {entry.name: entry for entry in library.listed()}
    assert list(found) == [*BUILT_IN, "bad", "mine"]
    assert [name for name, entry in found.items() if entry.profile is None] == ["bad"]
    assert "bad.toml" in found["bad"].problem
    assert found["bad"].remedy
    with refused("bad.toml"):
        save("bad", {"voice": "cedar"})
    assert [name for name in sorted(os.listdir(mine.parent)) if not name.endswith(".lock")] == before
    assert mine.read_text() == COMMENTED


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_can_be_taken_out_of_the_way_and_put_back(mine, kind):
    make, _ = BROKEN[kind]
    make(profile_path("bad"))
    was = profile_path("bad").lstat().st_ino
    ticket = library.delete("bad")
    assert not os.path.lexists(profile_path("bad"))
    assert library.bring_back(ticket) == "bad"
    assert profile_path("bad").lstat().st_ino == was


def test_a_broken_file_in_the_place_of_a_built_in_profile_is_told_and_can_be_deleted():
    put("local", "model = ")
    with refused("local.toml"):
        load_profile("local")
    library.delete("local")
    assert load_profile("local").provider == "local"


@pytest.mark.parametrize("kind", ["a pipe", "an endless file"])
def test_a_profile_that_never_ends_is_refused_and_does_not_keep_the_list_from_appearing(mine, kind):
    if kind == "a pipe":
        os.mkfifo(profile_path("bad"))
    else:
        profile_path("bad").symlink_to("/dev/zero")
    program = (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "from rtvoice_tui.profiles import library\n"
        "print([(entry.name, bool(entry.problem)) for entry in library.listed() if entry.own])"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(rtvoice_tui.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=5)
    assert done.stdout.strip() == "[('bad', True), ('mine', False)]", done.stderr[-500:]


def test_files_whose_names_are_none_are_left_alone_and_not_listed(mine):
    for name in ("a b.toml", ".hidden.toml", "ä.toml", "x" * 65 + ".toml", "notes.txt", "UPPER.TOML", "-x.toml"):
        (mine.parent / name).write_text("model = ")
    assert [entry.name for entry in library.listed() if entry.own] == ["mine"]


def test_a_file_in_the_place_of_the_folder_leaves_the_built_in_profiles(folders):
    paths.profiles_folder().parent.mkdir(parents=True)
    paths.profiles_folder().write_text("a file")
    assert [entry.name for entry in library.listed() if entry.profile] == list(BUILT_IN)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_file_that_cannot_be_read_is_told_with_its_name_and_the_others_are_listed(mine, monkeypatch, code):
    put("bad", OWN)
    read = Path.open

    def fail(path: Path, *arguments: object, **more: object) -> object:
        if path.name == "bad.toml":
            raise OSError(code, os.strerror(code))
        return read(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", fail)
    with refused("bad.toml", os.strerror(code)):
        load_profile("bad")
    assert [entry.name for entry in library.listed() if entry.profile] == [*BUILT_IN, "mine"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_in_a_folder_that_cannot_be_written_everything_is_refused_with_the_file_and_nothing_is_lost(
    mine, folders, monkeypatch, code
):
    friend = folders / "friend.toml"
    friend.write_text(OWN)
    mine.write_text("trusted = false\n" + COMMENTED)

    def fail(*arguments: object, **more: object) -> None:
        raise OSError(code, os.strerror(code))

    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, fail)
    monkeypatch.setattr("tempfile.mkstemp", fail)
    for use, file in (
        (lambda: save("mine", {"voice": "cedar"}), "mine.toml"),
        (lambda: library.copy("mine", "second"), "second.toml"),
        (lambda: library.rename("mine", "second"), "mine.toml"),
        (lambda: library.delete("mine"), "mine.toml"),
        (lambda: library.import_profile(friend), "friend.toml"),
        (lambda: library.trust("mine"), "mine.toml"),
    ):
        with refused(file, os.strerror(code)):
            use()
    assert mine.read_text() == "trusted = false\n" + COMMENTED
    assert [entry.name for entry in library.listed() if entry.own] == ["mine"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_in_a_read_only_folder_everything_is_refused_and_can_still_be_read(mine):
    mine.parent.chmod(0o500)
    try:
        for use in (
            lambda: save("mine", {"voice": "cedar"}),
            lambda: library.copy("mine", "second"),
            lambda: library.delete("mine"),
        ):
            with pytest.raises(ProfileError):
                use()
        assert profile_text("mine") == COMMENTED
    finally:
        mine.parent.chmod(0o700)


SLOW = {
    "keys of many parts": "[session.extra]\n" + "".join("a." * 30 + f"b{number}=1\n" for number in range(40)),
    "many keys with dots": "".join(f"session.extra.x.b{number}=1\n" for number in range(400)),
    "comments": "# x\n" * 200_000,
    "empty lines": "\n" * 900_000,
}


@pytest.mark.parametrize("kind", SLOW)
def test_what_takes_long_to_change_is_refused_before_it_is_read(folders, kind):
    (folders / "slow.toml").write_text(SLOW[kind])
    with refused("slow.toml"):
        library.import_profile(folders / "slow.toml")


def test_some_keys_with_dots_are_nothing_unusual():
    put("dots", "".join(f"session.extra.x.b{number} = {number}\n" for number in range(40)))
    assert load_profile("dots").session.extra == {"x": {f"b{number}": number for number in range(40)}}
