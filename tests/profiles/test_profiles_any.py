"""Any valid profile survives being saved: what was changed is changed, and all else is as it was."""

import os
import tomllib
from typing import Any

import msgspec
from any_profile import COMMENT, NAMES, RUNS, SESSION, TEXT, TOOL, Written, tools, written_profiles
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from profile_files import put

from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.model import Profile, ToolEntry
from rtvoice_tui.profiles.store import load_profile, parse_profile, profile_text
from rtvoice_tui.profiles.writing import Changes, save_changes

MANY = settings(
    deadline=None,
    max_examples=int(os.environ.get("RTVOICE_EXAMPLES", "12")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
CHANGED = SESSION | {"turn_detection": SESSION["turn_detection"] | st.none()}
SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        name: values if name.endswith("_rate") else values | st.just(UNSET) for name, values in CHANGED.items()
    },
)  # fmt: skip


def entry(values: dict[str, Any]) -> ToolEntry:
    return msgspec.convert(values, ToolEntry)


@st.composite
def tool_changes(draw: st.DrawFn, before: Profile) -> dict[str, ToolEntry | None]:
    """Some tools changed, some renamed, some taken away, some new; no name twice."""
    taken = {tool.name for tool in before.tools}
    changes: dict[str, ToolEntry | None] = {}
    for tool in before.tools:
        what = draw(st.sampled_from(["leave", "change", "rename", "remove"]))
        if what == "remove":
            changes[tool.name] = None
        elif what != "leave":
            more = draw(st.fixed_dictionaries({}, optional=TOOL | {"run": RUNS}))
            name = tool.name
            if what == "rename":
                name = draw(NAMES.filter(lambda name: name not in taken))
                taken.add(name)
            changes[tool.name] = entry(msgspec.to_builtins(tool) | more | {"name": name})
    for new in draw(st.lists(tools(), max_size=2)):
        if new["name"] not in taken:
            taken.add(new["name"])
            changes[new["name"]] = entry(new)
    return changes


def with_tools(before: list[ToolEntry], changes: dict[str, ToolEntry | None]) -> list[ToolEntry]:
    names = {tool.name for tool in before}
    stay = [changes.get(tool.name, tool) for tool in before]
    return [tool for tool in [*stay, *(new for name, new in changes.items() if name not in names)] if tool is not None]


def comments(text: str) -> list[str]:
    return COMMENT.findall(text)


def order(text: str, leave_out: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """The order of the keys on the first two levels, without some of them."""
    document = tomllib.loads(text)
    found = {"": list(document)} | {name: list(value) for name, value in document.items() if isinstance(value, dict)}
    return {name: [key for key in keys if key not in leave_out] for name, keys in found.items()}


def save(written: Written, changes: Changes) -> tuple[Profile, Profile, str]:
    """The profile before and after, and its text after."""
    put("any", written.text)
    before = load_profile("any")
    saved = save_changes("any", changes, written.text)
    assert saved.text == profile_text("any")
    return before, load_profile("any"), saved.text


@MANY
@given(written_profiles())
def test_a_save_without_changes_changes_no_byte(written):
    _, _, text = save(written, Changes())
    assert text == written.text


@MANY
@given(written_profiles(), SESSIONS)
def test_settings_that_were_changed_are_changed_and_nothing_else(written, session):
    before, after, text = save(written, Changes(session))
    expected = {name: {"type": "none"} if value is None else value for name, value in session.items()}
    assert after == msgspec.structs.replace(before, session=msgspec.structs.replace(before.session, **expected))
    ours = {comment for comment, owner in written.owners.items() if owner == "session"}
    assert [c for c in comments(text) if c not in ours] == [c for c in comments(written.text) if c not in ours]
    assert sorted(comments(text)) == sorted(set(comments(text)))


@MANY
@given(written_profiles(), st.fixed_dictionaries({}, optional={"voice": TEXT, "speed": st.just(1.25), "role": TEXT}))
def test_a_setting_that_is_set_costs_no_comment_and_no_key_its_place(written, session):
    _, _, text = save(written, Changes(session))
    assert sorted(comments(text)) == sorted(comments(written.text))
    assert comments(text) == comments(written.text)
    had = order(written.text)
    now = order(text, tuple(set(session) - set(had.get("session", []))))
    assert now.get("session", []) == had.get("session", [])
    assert [key for key in now[""] if key in had[""]] == had[""]


@settings(MANY, phases=[phase for phase in Phase if phase is not Phase.shrink])
@given(written_profiles(dotted=True), SESSIONS)
def test_settings_that_are_written_with_dots_are_changed_like_any_others(written, session):
    before, after, _ = save(written, Changes(session))
    expected = {name: {"type": "none"} if value is None else value for name, value in session.items()}
    assert after == msgspec.structs.replace(before, session=msgspec.structs.replace(before.session, **expected))


@MANY
@given(written_profiles(), TEXT)
def test_a_model_that_was_changed_is_changed_and_nothing_else(written, model):
    before, after, text = save(written, Changes(connection={"model": model}))
    assert after == msgspec.structs.replace(before, model=model)
    assert sorted(comments(text)) == sorted(comments(written.text))
    had = order(written.text)
    now = order(text, () if "model" in had[""] else ("model",))
    assert now == had


@MANY
@given(st.data(), written_profiles())
def test_tools_that_were_added_changed_renamed_and_taken_away_are_so_and_nothing_else(data, written):
    changes = data.draw(tool_changes(parse_profile(written.text, "any")))
    before, after, text = save(written, Changes(tools=changes))
    assert after == msgspec.structs.replace(before, tools=with_tools(before.tools, changes))
    touched = {comment for comment, owner in written.owners.items() if owner in changes}
    assert {c for c in comments(written.text) if c not in touched} <= set(comments(text))
    had, now = order(written.text, ("tools",)), order(text, ("tools",))
    assert now == had


@MANY
@given(st.data(), written_profiles())
def test_tools_that_were_changed_but_not_taken_away_cost_no_comment(data, written):
    before = parse_profile(written.text, "any")
    changes = {}
    for tool in before.tools:
        if data.draw(st.booleans()):
            changes[tool.name] = entry(msgspec.to_builtins(tool) | {"description": "new", "timeout_s": 3.5})
    _, after, text = save(written, Changes(tools=changes))
    assert after.tools == with_tools(before.tools, changes)
    assert comments(text) == comments(written.text)


@MANY
@given(st.data(), written_profiles(), SESSIONS, TEXT | st.none())
def test_everything_changed_at_once_is_what_is_read_afterwards(data, written, session, model):
    changes = data.draw(tool_changes(parse_profile(written.text, "any")))
    before, after, _ = save(written, Changes(session, {} if model is None else {"model": model}, changes))
    expected = {name: {"type": "none"} if value is None else value for name, value in session.items()}
    assert after.session == msgspec.structs.replace(before.session, **expected)
    assert after.tools == with_tools(before.tools, changes)
    assert after.model == (before.model if model is None else model)
    assert (after.audio, after.url, after.trusted) == (before.audio, before.url, before.trusted)


@MANY
@given(written_profiles())
def test_an_import_keeps_all_but_the_trust_and_trust_gives_only_that_back(written):
    put("any", written.text)
    file = put("any", written.text).with_name("friend.txt")
    file.write_text(written.text)
    name = library.import_profile(file)
    try:
        plain = msgspec.structs.replace(load_profile("any"), trusted=False)
        assert load_profile(name) == plain
        had = order(written.text, ("trusted",))
        assert order(profile_text(name), ("trusted",)) == had
        library.trust(name)
        assert load_profile(name) == msgspec.structs.replace(plain, trusted=True)
        assert order(profile_text(name), ("trusted",)) == had
        if "trusted" not in tomllib.loads(written.text):
            assert profile_text(name) == written.text
    finally:
        library.delete(name)
