"""A save that is interrupted leaves the old file or the new one, no scrap, and a sentence that names the file."""

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest
from profile_files import COMMENTED, kept, refused, save

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library, paths, writing
from rtvoice_tui.profiles.state import load_state, remember
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.profiles.writing import locked, write_privately

NEW = COMMENTED.replace('"marin"', '"cedar"')
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
BROKEN = OSError(errno.EIO, os.strerror(errno.EIO))
POINTS = ["mkstemp", "write", "flush", "fsync", "close", "replace"]


def failing(monkeypatch: pytest.MonkeyPatch, point: str, error: BaseException) -> list[str]:
    """Make one step of a save fail; the list it returns is filled when that happens."""
    happened: list[str] = []

    def fail(*arguments: object, **more: object) -> None:
        happened.append(point)
        raise error

    if point in ("fsync", "replace"):
        monkeypatch.setattr(writing.os, point, fail)
    elif point == "mkstemp":
        monkeypatch.setattr(tempfile, point, fail)
    else:
        opened = os.fdopen

        def fdopen(*arguments: object, **more: object) -> object:
            file = opened(*arguments, **more)
            return _Failing(file, point, fail)

        monkeypatch.setattr(writing.os, "fdopen", fdopen)
    return happened


class _Failing:
    """A file of which one step fails; half of the text has reached the disk by then."""

    def __init__(self, file: object, point: str, fail: object) -> None:
        self._file, self._point, self._fail = file, point, fail

    def __enter__(self) -> "_Failing":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        if self._point == "close" and error[0] is None:
            self._fail()

    def write(self, text: str) -> None:
        if self._point == "write":
            self._file.write(text[: len(text) // 2])
            self._file.flush()
            self._fail()
        self._file.write(text)

    def flush(self) -> None:
        if self._point == "flush":
            self._fail()
        self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


@pytest.mark.parametrize("error", [FULL, BROKEN], ids=["full disk", "broken disk"])
@pytest.mark.parametrize("point", POINTS)
def test_a_disk_that_fails_at_any_step_leaves_the_old_file_and_no_scrap(mine, monkeypatch, point, error):
    happened = failing(monkeypatch, point, error)
    with refused("mine.toml", "cannot be written", error.strerror):
        save("mine", {"voice": "cedar"})
    assert happened
    assert mine.read_text() == COMMENTED
    assert kept() == ["mine.toml"]


@pytest.mark.parametrize("point", POINTS)
def test_ctrl_c_at_any_step_leaves_the_old_file_and_no_scrap(mine, monkeypatch, point):
    failing(monkeypatch, point, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        save("mine", {"voice": "cedar"})
    assert mine.read_text() == COMMENTED
    assert kept() == ["mine.toml"]


@pytest.mark.parametrize("point", POINTS)
def test_after_a_failed_save_the_next_one_works(mine, point):
    with pytest.MonkeyPatch.context() as patched:
        failing(patched, point, FULL)
        with pytest.raises(ProfileError):
            save("mine", {"voice": "cedar"})
    save("mine", {"voice": "cedar"})
    assert mine.read_text() == NEW


@pytest.mark.parametrize("point", POINTS)
def test_a_built_in_profile_whose_first_save_fails_is_still_the_built_in_one(monkeypatch, point):
    before = profile_text("yandex")
    failing(monkeypatch, point, FULL)
    with refused("yandex.toml"):
        save("yandex", {"voice": "alena"})
    assert kept() == []
    assert profile_text("yandex") == before


def test_a_reader_sees_the_old_file_until_the_new_one_is_complete_on_the_disk(mine, monkeypatch):
    seen = []
    replace = os.replace

    def look(old: str, new: Path) -> None:
        seen.append((mine.read_text(), Path(old).read_text()))
        replace(old, new)

    monkeypatch.setattr(writing.os, "replace", look)
    save("mine", {"voice": "cedar"})
    assert seen == [(COMMENTED, NEW)]


def test_a_reason_without_words_is_not_told_as_none(mine, monkeypatch):
    failing(monkeypatch, "fsync", OSError("the disk is gone"))
    with pytest.raises(ProfileError) as caught:
        save("mine", {"voice": "cedar"})
    assert "None" not in caught.value.sentence


@pytest.mark.parametrize("error", [FULL, PermissionError(errno.EACCES, os.strerror(errno.EACCES))])
def test_a_folder_that_takes_no_file_is_told_and_nothing_changes(mine, monkeypatch, error):
    failing(monkeypatch, "mkstemp", error)
    with refused("mine.toml", error.strerror):
        save("mine", {"voice": "cedar"})
    assert load_profile("mine").session.voice == "marin"


def test_a_folder_in_which_no_lock_can_be_made_is_told(mine, monkeypatch):
    import filelock

    def fail(*arguments: object, **more: object) -> None:
        raise PermissionError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(filelock.FileLock, "acquire", fail)
    with refused("mine.toml", "Read-only"):
        save("mine", {"voice": "cedar"})
    assert mine.read_text() == COMMENTED


def test_a_symbolic_link_stays_one_and_what_it_leads_to_is_written(mine, folders):
    target = folders / "dotfiles" / "mine.toml"
    target.parent.mkdir()
    mine.rename(target)
    mine.symlink_to(target)
    save("mine", {"voice": "cedar"})
    assert mine.is_symlink()
    assert target.read_text() == NEW
    assert os.listdir(target.parent) == ["mine.toml"]


def test_a_link_into_the_folder_above_stays_one(mine):
    mine.rename(mine.parent.parent / "real.toml")
    mine.symlink_to(Path("..") / "real.toml")
    save("mine", {"voice": "cedar"})
    assert mine.is_symlink()
    assert (mine.parent.parent / "real.toml").read_text() == NEW


@pytest.mark.parametrize("point", POINTS)
def test_a_failed_save_through_a_link_leaves_the_link_and_what_it_leads_to(mine, folders, monkeypatch, point):
    target = folders / "target.toml"
    mine.rename(target)
    mine.symlink_to(target)
    before = sorted(os.listdir(folders))
    failing(monkeypatch, point, FULL)
    with refused("mine.toml"):
        save("mine", {"voice": "cedar"})
    assert mine.is_symlink()
    assert target.read_text() == COMMENTED
    assert sorted(os.listdir(folders)) == before


def test_a_link_that_leads_nowhere_yet_is_followed_and_its_target_made(folders):
    target = folders / "not yet" / "file.toml"
    link = folders / "link.toml"
    link.symlink_to(target)
    write_privately(link, "x = 1\n")
    assert link.is_symlink()
    assert target.read_text() == "x = 1\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_link_that_leads_to_itself_is_a_sentence_that_names_it(folders):
    link = folders / "loop.toml"
    link.symlink_to(link)
    with refused("loop.toml"):
        write_privately(link, "x = 1\n")
    assert link.is_symlink()


def test_a_folder_in_the_place_of_the_file_is_a_sentence_that_names_it(folders):
    (folders / "taken.toml").mkdir()
    with refused("taken.toml"):
        write_privately(folders / "taken.toml", "x = 1\n")
    assert (folders / "taken.toml").is_dir()
    assert not list(folders.glob(".taken*"))


def test_a_program_that_holds_the_file_for_long_is_told_and_nothing_is_written(mine, monkeypatch):
    monkeypatch.setattr(writing, "LOCK_S", 0.05)
    with locked(mine), refused("mine.toml", "another program"):
        save("mine", {"voice": "cedar"})
    assert mine.read_text() == COMMENTED


@pytest.mark.parametrize("point", POINTS)
def test_a_copy_that_fails_leaves_nothing_behind(mine, monkeypatch, point):
    failing(monkeypatch, point, FULL)
    with refused("second.toml"):
        library.copy("mine", "second")
    assert kept() == ["mine.toml"]


@pytest.mark.parametrize("point", POINTS)
def test_trust_that_fails_leaves_the_profile_as_it_was(monkeypatch, mine, point):
    text = "trusted = false\n" + COMMENTED
    mine.write_text(text)
    failing(monkeypatch, point, FULL)
    with refused("mine.toml"):
        library.trust("mine")
    assert mine.read_text() == text
    assert kept() == ["mine.toml"]


@pytest.mark.parametrize("point", POINTS)
def test_an_import_that_fails_leaves_nothing_behind(folders, monkeypatch, point):
    file = folders / "friend.toml"
    file.write_text(COMMENTED)
    failing(monkeypatch, point, FULL)
    with refused("friend.toml"):
        library.import_profile(file)
    assert kept() == []


def test_an_export_onto_a_full_disk_leaves_no_half_file(mine, folders, monkeypatch):
    out = folders / "out.toml"

    def half(path: Path, text: str, **more: object) -> None:
        path.write_bytes(text.encode()[:20])
        raise FULL

    monkeypatch.setattr(Path, "write_text", half)
    failing(monkeypatch, "fsync", FULL)
    with refused("out.toml", "No space left"):
        library.export("mine", out)
    assert not out.exists()


@pytest.mark.parametrize("what", ["delete", "rename"])
def test_a_move_that_fails_leaves_the_profile_where_it_was(mine, monkeypatch, what):
    failing(monkeypatch, "replace", BROKEN)
    with refused("mine.toml"):
        library.delete("mine") if what == "delete" else library.rename("mine", "other")
    assert mine.read_text() == COMMENTED
    assert kept() == ["mine.toml"]


def test_a_profile_is_deleted_and_brought_back_though_the_two_folders_are_on_different_disks(mine, monkeypatch):
    for name in ("replace", "rename"):
        move = getattr(os, name)

        def within_one_disk(old: object, new: object, move=move) -> None:
            if Path(str(old)).parent != Path(str(new)).parent:
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            move(old, new)

        monkeypatch.setattr(os, name, within_one_disk)
    ticket = library.delete("mine")
    assert kept() == []
    assert library.bring_back(ticket) == "mine"
    assert mine.read_text() == COMMENTED


@pytest.mark.parametrize(
    "text",
    ["profile = ", "a = " + "[" * 50_000, "profile = 5", "\x00", "x = " + "1" * 5_000],
    ids=["no value", "nested deeply", "a number", "nul", "a huge number"],
)
def test_a_memory_that_cannot_be_read_is_as_good_as_none(text):
    file = paths.state_file()
    file.parent.mkdir(parents=True)
    file.write_text(text)
    assert load_state().profile == ""
    remember(profile="mine")
    assert load_state().profile == "mine"


def test_a_memory_that_leads_to_itself_does_not_stop_the_app():
    file = paths.state_file()
    file.parent.mkdir(parents=True)
    file.symlink_to(file)
    remember(profile="mine")
    assert load_state().profile == ""


def test_a_memory_that_cannot_be_written_costs_only_the_memory(monkeypatch):
    remember(profile="mine", theme="paper")
    failing(monkeypatch, "replace", FULL)
    remember(profile="other")
    assert (load_state().profile, load_state().theme) == ("mine", "paper")


def test_the_lock_files_do_not_show_up_as_profiles(mine):
    save("mine", {"voice": "cedar"})
    assert profile_path("mine").exists()
    assert [entry.name for entry in library.listed() if entry.own] == ["mine"]
