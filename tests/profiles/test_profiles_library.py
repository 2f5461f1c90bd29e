"""Profiles as a collection: copied, renamed, deleted and brought back, taken in and handed on, and nothing is lost."""

import os
import stat
import tomllib

import msgspec
import pytest
from profile_files import COMMENTED, OWN, kept, put, refused

from rtvoice_tui.profiles import library, paths
from rtvoice_tui.profiles.store import BUILT_IN, MAX_BYTES, free_name, load_profile, profile_path, profile_text
from rtvoice_tui.profiles.writing import Changes, save_changes, trash_folder


def entry(name: str) -> library.Listed:
    return next(found for found in library.listed() if found.name == name)


def own() -> list[str]:
    return [found.name for found in library.listed() if found.own]


# --- the list


def test_on_a_new_machine_the_built_in_profiles_are_listed_and_all_are_fit():
    found = library.listed()
    assert [entry.name for entry in found] == list(BUILT_IN)
    assert all(entry.profile and not entry.own and not entry.problem for entry in found)


def test_a_line_of_the_list_says_provider_and_model_and_whether_it_is_built_in(mine):
    assert entry("openai").about == "OpenAI · gpt-realtime-2.1 · built in"
    assert entry("mine").about == "OpenAI · gpt-realtime-2"
    assert entry("hf").about == "HF speech-to-speech · built in"


def test_the_list_says_which_profiles_are_not_trusted(mine):
    mine.write_text("trusted = false\n" + COMMENTED)
    assert "not trusted" in entry("mine").about


def test_a_built_in_profile_that_was_changed_is_the_persons_own():
    save_changes("yandex", Changes({"voice": "alena"}), profile_text("yandex"))
    assert entry("yandex").own


def test_the_line_of_a_broken_profile_says_what_is_wrong_and_what_to_do():
    put("broken", "model = 5\n")
    found = entry("broken")
    assert found.profile is None
    assert "broken.toml" in found.problem
    assert "model" in found.about
    assert found.remedy


# --- copies


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_copy_of_a_built_in_profile_has_its_comments_and_is_ones_own(name):
    assert library.copy(name, "work") == "work"
    assert profile_text("work") == profile_text(name)
    assert "#" in profile_text("work")
    assert own() == ["work"]


def test_a_copy_is_for_its_owner_alone_and_the_first_stays(mine):
    mine.chmod(0o644)
    library.copy("mine", "second")
    assert stat.S_IMODE(profile_path("second").stat().st_mode) == 0o600
    assert profile_text("mine") == profile_text("second") == COMMENTED


def test_a_copy_of_an_untrusted_profile_is_not_trusted_either(mine):
    mine.write_text("trusted = false\n" + COMMENTED)
    library.copy("mine", "second")
    assert not load_profile("second").trusted


@pytest.mark.parametrize("new", ["taken", *BUILT_IN])
def test_a_name_that_is_taken_is_refused_and_nothing_is_written(mine, new):
    put("taken", OWN)
    for use in (library.copy, library.rename):
        with refused(f"'{new}'", "already"):
            use("mine", new)
    with refused(f"'{new}'", "already"):
        library.import_profile(mine, new)
    assert profile_text("taken") == OWN
    assert kept() == ["mine.toml", "taken.toml"]


@pytest.mark.parametrize("new", ["../x", "a/b", "", "..", ".hidden", "a b", "x" * 65, "a\x00", "/etc/x"])
def test_a_new_name_that_would_leave_the_folder_is_refused(mine, folders, new):
    for use in (library.copy, library.rename):
        with refused("is no profile name"):
            use("mine", new)
    if new:
        with refused("is no profile name"):
            library.import_profile(mine, new)
    assert kept() == ["mine.toml"]
    assert not list(folders.glob("**/x.toml"))


@pytest.mark.parametrize("use", [library.copy, library.rename], ids=["copy", "rename"])
def test_what_is_not_there_is_told_with_what_is(mine, use):
    with refused("'nobody'") as caught:
        use("nobody", "new")
    assert "mine" in caught.value.remedy
    assert kept() == ["mine.toml"]


@pytest.mark.parametrize("use", [library.delete, library.trust], ids=["delete", "trust"])
def test_what_is_not_there_is_neither_deleted_nor_trusted(use):
    with refused("'nobody'"):
        use("nobody")
    assert own() == []


def test_a_profile_that_comes_up_while_its_name_is_being_taken_is_not_overwritten(mine, monkeypatch):
    free = library._fresh

    def then_taken(name: str) -> None:
        free(name)
        put(name, OWN)

    monkeypatch.setattr(library, "_fresh", then_taken)
    with refused("'other'"):
        library.rename("mine", "other")
    assert profile_text("other") == OWN
    assert profile_text("mine") == COMMENTED


# --- other names


def test_a_renamed_profile_has_its_text_and_the_old_name_is_free(mine):
    assert library.rename("mine", "yours") == "yours"
    assert profile_text("yours") == COMMENTED
    assert own() == ["yours"]
    assert free_name("mine") == "mine"


def test_a_broken_profile_can_be_copied_renamed_deleted_and_brought_back():
    put("broken", "model = ")
    library.copy("broken", "second")
    library.rename("broken", "third")
    assert library.bring_back(library.delete("third")) == "third"
    assert profile_text("second") == profile_text("third") == "model = "


def test_a_renamed_link_is_still_the_link(mine, folders):
    target = folders / "target.toml"
    mine.rename(target)
    mine.symlink_to(target)
    library.rename("mine", "yours")
    assert profile_path("yours").readlink() == target
    assert target.read_text() == COMMENTED


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_profile_is_neither_renamed_nor_deleted(name):
    with refused(f"'{name}'", "built in") as caught:
        library.rename(name, "new")
    assert "copy" in caught.value.remedy
    with refused(f"'{name}'", "built in"):
        library.delete(name)
    assert [found.name for found in library.listed()] == list(BUILT_IN)


# --- deleting


def test_a_deleted_profile_is_gone_and_comes_back_as_it_was(mine):
    ticket = library.delete("mine")
    assert own() == []
    with refused("'mine'"):
        load_profile("mine")
    assert library.bring_back(ticket) == "mine"
    assert profile_text("mine") == COMMENTED


def test_a_profile_whose_name_was_taken_meanwhile_comes_back_under_another(mine):
    ticket = library.delete("mine")
    put("mine", OWN)
    assert library.bring_back(ticket) == "mine-2"
    assert profile_text("mine") == OWN
    assert profile_text("mine-2") == COMMENTED


def test_several_deleted_profiles_of_one_name_all_come_back(mine):
    tickets = []
    for number in range(3):
        mine.write_text(f"model = '{number}'\n")
        tickets.append(library.delete("mine"))
    assert len(set(tickets)) == 3
    names = [library.bring_back(ticket) for ticket in reversed(tickets)]
    assert names == ["mine", "mine-2", "mine-3"]
    assert [load_profile(name).model for name in names] == ["2", "1", "0"]


def test_what_came_back_once_does_not_come_back_twice(mine):
    ticket = library.delete("mine")
    library.bring_back(ticket)
    with refused("mine.1"):
        library.bring_back(ticket)
    assert profile_text("mine") == COMMENTED


def test_a_profile_with_dots_in_its_name_comes_back_under_it():
    put("a.1.b", OWN)
    assert library.bring_back(library.delete("a.1.b")) == "a.1.b"


def test_deleting_an_own_version_brings_the_built_in_one_back_and_undoing_it_the_own_one():
    put("yandex", 'provider = "yandex"\nmodel = "mine"\n')
    ticket = library.delete("yandex")
    assert load_profile("yandex").model == "speech-realtime-deepseek-v4-flash"
    assert library.bring_back(ticket) == "yandex"
    assert load_profile("yandex").model == "mine"


@pytest.mark.parametrize(
    "ticket", ["../state", "../../config/rtvoice-tui/profiles/mine", "x", "", ".", "mine", "mine.2"]
)
def test_a_ticket_that_was_never_given_out_brings_nothing_back_and_moves_no_file(mine, ticket):
    put("gone", OWN)
    library.delete("gone")
    paths.state_file().write_text('profile = "mine"\n')
    with refused():
        library.bring_back(ticket)
    assert paths.state_file().exists()
    assert kept() == ["mine.toml"]
    assert len(os.listdir(trash_folder())) == 1


def test_deleted_profiles_can_be_seen_by_their_owner_alone(mine):
    library.delete("mine")
    assert stat.S_IMODE(trash_folder().stat().st_mode) == 0o700


# --- taking in


def given(folders, text: str = COMMENTED, name: str = "friend.toml"):
    file = folders / name
    file.write_text(text)
    return file


def test_a_profile_that_is_taken_in_is_not_trusted_and_keeps_its_comments(folders):
    file = given(folders)
    assert library.import_profile(file) == "friend"
    assert not load_profile("friend").trusted
    first, _, rest = profile_text("friend").partition("\n")
    assert first.startswith("trusted = false")
    assert rest == COMMENTED
    assert file.read_text() == COMMENTED
    assert stat.S_IMODE(profile_path("friend").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "line",
    ["trusted = true", '"trusted" = true', "trusted=true # yes", "'trusted'   = true", '"\\u0074rusted" = true'],
)
@pytest.mark.parametrize("place", ["first", "later"])
def test_a_file_cannot_say_of_itself_that_it_is_trusted(folders, line, place):
    text = f"{line}\n{COMMENTED}" if place == "first" else COMMENTED.replace("model =", f"{line}\nmodel =")
    name = library.import_profile(given(folders, text))
    assert not load_profile(name).trusted
    assert msgspec.structs.replace(load_profile(name), trusted=True) == load_profile_of(COMMENTED)


def load_profile_of(text: str):
    put("of-text", text)
    return load_profile("of-text")


def test_trust_leaves_everything_else_as_it_was(folders):
    name = library.import_profile(given(folders))
    assert library.trust(name) == name
    assert load_profile(name).trusted
    assert profile_text(name) == COMMENTED


def test_trust_in_the_middle_of_a_file_leaves_the_lines_around_it(mine):
    mine.write_text(COMMENTED.replace("model =", "trusted = false   # not yet\nmodel ="))
    library.trust("mine")
    assert profile_text("mine") == COMMENTED


def test_trusting_a_trusted_profile_changes_no_byte(mine):
    library.trust("mine")
    assert mine.read_text() == COMMENTED


@pytest.mark.parametrize("text", ["model = ", "[session\n", "model = 5\n", "trusted = 5\n", "\x00"])
def test_a_broken_profile_is_not_trusted_but_told_with_its_file(text):
    put("broken", text)
    with refused("broken.toml"):
        library.trust("broken")
    assert profile_text("broken") == text


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("friend.toml", "friend"),
        ("friend", "friend"),
        ("my friend (1).toml", "my-friend-1"),
        ("a.b.toml", "a.b"),
        (".toml", "toml"),
        ("..x.toml", "x"),
        ("-x.toml", "x"),
        ("_x.toml", "x"),
        ("-_-.toml", "profile"),
        ("für mich.toml", "f-r-mich"),
        ("日本.toml", "profile"),
        ("x" * 200 + ".toml", "x" * 48),
        ("[31m.toml", "31m"),
        ("a\nb.toml", "a-b"),
        ("mine.toml", "mine-2"),
        ("MINE.toml", "MINE-2"),
        ("local.toml", "local-2"),
    ],
)
def test_an_odd_or_taken_file_name_becomes_a_name_that_is_valid_and_free(mine, folders, file, name):
    assert library.import_profile(given(folders, OWN, file)) == name
    assert load_profile(name).model == "gpt-realtime-2"
    assert mine.read_text() == COMMENTED


def test_a_given_name_is_used_instead_of_the_files(folders):
    assert library.import_profile(given(folders), "work") == "work"
    assert own() == ["work"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("model = 5", "model"),
        ("colour = 1", "colour"),
        ("[session]\nvolume = 1", "session"),
        ("model = \n", "line 1"),
        ("a = 1\nb = [\n\n= 3", "line 4"),
        ("api_key = 'sk-1'", "api_key"),
        ("x = " + "1" * 5_000, "friend.toml"),
        ("x = " + "[" * 50_000, "friend.toml"),
    ],
    ids=["type", "unknown", "unknown inside", "no value", "line", "a key", "a huge number", "deep"],
)
def test_a_file_that_is_no_profile_is_refused_with_its_name_and_the_place(folders, text, word):
    with refused("friend.toml", word):
        library.import_profile(given(folders, text))
    assert own() == []


@pytest.mark.parametrize("depth", [50, 98, 101, 250, 400])
@pytest.mark.parametrize("kind", ["lists", "objects", "dotted"])
def test_however_deeply_a_file_is_nested_it_is_taken_in_or_refused_in_a_sentence(folders, kind, depth):
    deep = {
        "lists": "[session]\nextra = {a = " + "[" * depth + "]" * depth + "}\n",
        "objects": "[session]\nextra = " + "{a = " * depth + "1" + "}" * depth + "\n",
        "dotted": "session.extra" + ".a" * depth + " = 1\n",
    }[kind]
    file = given(folders, deep)
    try:
        name = library.import_profile(file)
    except library.ProfileError:
        assert own() == []
    else:
        load_profile(name)
        library.trust(name)
        save_changes(name, Changes({"voice": "cedar"}), profile_text(name))
        assert load_profile(name).session.voice == "cedar"


@pytest.mark.parametrize("depth", [99, 101, 250])
def test_however_deeply_a_profile_is_nested_saving_it_works_or_is_refused_in_a_sentence(depth):
    text = "[session]\nextra = {a = " + "[" * depth + "]" * depth + "}\n"
    put("deep", text)
    try:
        save_changes("deep", Changes({"voice": "cedar"}), text)
    except library.ProfileError:
        assert profile_text("deep") == text
    else:
        assert load_profile("deep").session.voice == "cedar"


def test_what_is_not_there_or_no_file_cannot_be_taken_in(folders):
    loop = folders / "loop.toml"
    loop.symlink_to(loop)
    for file in (folders / "nothing.toml", folders, loop):
        with refused(file.name, "cannot be read"):
            library.import_profile(file)
    assert own() == []


def test_a_file_that_is_not_utf_8_is_not_taken_in(folders):
    (folders / "latin.toml").write_bytes("model = 'caf\xe9'".encode("latin-1"))
    with refused("latin.toml", "UTF-8"):
        library.import_profile(folders / "latin.toml")


def test_a_file_that_is_too_large_is_not_taken_in(folders):
    with refused("friend.toml", "larger"):
        library.import_profile(given(folders, "#" * (MAX_BYTES + 1)))
    assert own() == []


def test_the_largest_file_that_is_taken_in_can_be_read_afterwards(folders):
    file = given(folders, "#" * (MAX_BYTES - 1) + "\n")
    try:
        name = library.import_profile(file)
    except library.ProfileError:
        assert own() == []
    else:
        load_profile(name)


# --- handing on


def test_what_is_handed_on_is_the_profile_as_it_is(mine, folders):
    assert library.export("mine", folders / "out.toml") == folders / "out.toml"
    assert (folders / "out.toml").read_text() == COMMENTED
    library.export("yandex", folders / "yandex.toml")
    assert (folders / "yandex.toml").read_text() == profile_text("yandex")


def test_what_was_handed_on_can_be_taken_in_again(mine, folders):
    name = library.import_profile(library.export("mine", folders / "out.toml"))
    assert msgspec.structs.replace(load_profile(name), trusted=True) == load_profile("mine")


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling"])
def test_nothing_is_ever_overwritten_by_what_is_handed_on(mine, folders, kind):
    out, other = folders / "out.toml", folders / "other"
    if kind == "file":
        out.write_text("precious")
    elif kind == "folder":
        out.mkdir()
    else:
        out.symlink_to(other)
    if kind == "link":
        other.write_text("precious")
    with refused("out.toml", "exists already"):
        library.export("mine", out)
    assert kind != "file" or out.read_text() == "precious"
    assert kind != "link" or other.read_text() == "precious"
    assert kind != "dangling" or not other.exists()


def test_a_folder_that_is_not_there_is_told_when_handing_on(mine, folders):
    with refused("out.toml", "cannot be written"):
        library.export("mine", folders / "nowhere" / "out.toml")


def test_what_is_not_there_is_not_handed_on(folders):
    with refused("'nobody'"):
        library.export("nobody", folders / "out.toml")
    assert not (folders / "out.toml").exists()


def test_the_key_of_a_profile_is_not_in_what_is_handed_on(mine, folders, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-geheim")
    assert "geheim" not in library.export("mine", folders / "out.toml").read_text()
    assert tomllib.loads((folders / "out.toml").read_text())["model"] == "gpt-realtime-2"
