"""``${VARIABLES}`` of headers and authorizations become keys at the last moment, and the keys are known by then."""

import copy
import traceback

import keyring
import pytest
from keyring.backend import KeyringBackend

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.secrets import SERVICE, fill, with_authorizations
from rtvoice_tui.protocol.settings import ToolSpec

KEY = "geheim-0815"


class Store(KeyringBackend):
    """A key store that holds what a test puts there, or does not work."""

    priority = 5

    def __init__(self, error: type[Exception] | None = None, **kept: str) -> None:
        super().__init__()
        self._error, self._kept = error, kept

    def get_password(self, service: str, username: str) -> str | None:
        if self._error:
            raise self._error(f"{username}: {KEY}")
        assert service == SERVICE
        return self._kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


@pytest.fixture(autouse=True)
def empty():
    """The key store that was set before is set again afterwards."""
    was = keyring.get_keyring()
    keyring.set_keyring(Store())
    yield
    keyring.set_keyring(was)


@pytest.mark.parametrize(
    ("text", "environ", "filled", "found"),
    [
        ("Bearer ${A}", {"A": KEY}, f"Bearer {KEY}", [KEY]),
        ("${A}${B}", {"A": "1", "B": "2"}, "12", ["1", "2"]),
        ("${A} ${A}", {"A": "1"}, "1 1", ["1", "1"]),
        ("${A}", {"A": f" {KEY}\n"}, KEY, [KEY]),
        ("${A}", {"A": "${B}", "B": "expanded"}, "${B}", ["${B}"]),
        ("${A}", {"A": r"\1\g<0>"}, r"\1\g<0>", [r"\1\g<0>"]),
        ("${A}}", {"A": "${B", "B": "expanded"}, "${B}", ["${B"]),
        ("plain", {"plain": "expanded"}, "plain", []),
        ("", {}, "", []),
        ("$A {A} ${} $${", {"A": "expanded", "": "expanded"}, "$A {A} ${} $${", []),
        ("${1} ${A-x} ${A.b}", {"A": "expanded", "1": "expanded"}, "${1} ${A-x} ${A.b}", []),
    ],
)
def test_a_text_is_filled_once_and_what_is_in_it_is_known(text, environ, filled, found):
    assert fill(text, environ) == (filled, found)


@pytest.mark.parametrize("set_to", [None, "", "  \n"])
def test_what_the_environment_has_not_comes_from_the_key_store(set_to):
    keyring.set_keyring(Store(TOKEN=f" {KEY} "))
    environ = {} if set_to is None else {"TOKEN": set_to}
    assert fill("Bearer ${TOKEN}", environ) == (f"Bearer {KEY}", [KEY])


def test_the_environment_comes_first():
    keyring.set_keyring(Store(TOKEN="of the store"))
    assert fill("${TOKEN}", {"TOKEN": KEY}) == (KEY, [KEY])


@pytest.mark.parametrize("store", [Store(), Store(OSError), Store(ValueError), Store(TOKEN="  ")])
def test_what_is_nowhere_is_told_by_its_name(store):
    keyring.set_keyring(store)
    with pytest.raises(ProfileError) as caught:
        fill("${THERE} ${TOKEN}", {"THERE": KEY})
    assert caught.value.sentence == "TOKEN is not set"
    assert caught.value.remedy == "set TOKEN in the environment, or take it out"
    assert KEY not in "".join(traceback.format_exception(caught.value))


URL = "https://notes.example/mcp"


def server(authorization, **more):
    return {"type": "mcp", "server_label": "s", "server_url": URL, "authorization": authorization, **more}


def filled_in(session, environ, *declared):
    """The session, its tokens and the problems; by default the profile declares all servers of the session."""
    tools = declared or [tool for tool in session.get("tools") or [] if tool.get("type") == "mcp"]
    names = ("server_url", "authorization")
    specs = [ToolSpec(name="s", hosted=True, server={n: tool[n] for n in names if n in tool}) for tool in tools]
    return with_authorizations(session, specs, environ)


def test_each_token_takes_the_place_of_its_name():
    session = {"model": "m", "tools": [server("${A}"), {"type": "function", "name": "f"}, server("Bearer ${B}")]}
    before = copy.deepcopy(session)
    filled, keys, problems = filled_in(session, {"A": "1", "B": KEY})
    assert filled == {"model": "m", "tools": [server("1"), {"type": "function", "name": "f"}, server(f"Bearer {KEY}")]}
    assert keys == ["1", KEY]
    assert problems == []
    assert session == before


@pytest.mark.parametrize(
    "session",
    [
        {},
        {"tools": None},
        {"tools": []},
        {"tools": [{"type": "function", "name": "f", "authorization": "${A}"}]},
        {"tools": [{"type": "mcp", "server_label": "s"}]},
        {"tools": [server("")]},
        {"tools": [server("a literal token")]},
        {"tools": [server("${MISSING}")]},
        {"tools": [server("${A} ${MISSING}")]},
        {"instructions": "${A}"},
    ],
)
def test_where_there_is_nothing_to_fill_in_nothing_is_made(session):
    assert filled_in(session, {"A": KEY}) == (None, [], [])


def test_a_token_that_is_not_there_leaves_its_name_and_the_others_are_filled():
    filled, keys, _ = filled_in({"tools": [server("${MISSING}"), server("${A}")]}, {"A": KEY})
    assert filled == {"tools": [server("${MISSING}"), server(KEY)]}
    assert keys == [KEY]


def test_a_function_of_the_same_name_gives_nothing_away():
    tool = {"type": "function", "name": "f", "authorization": "${A}", "description": "${A}"}
    other = server("${A}", server_url="https://x/${A}")
    filled, _, _ = filled_in({"tools": [tool, other]}, {"A": KEY})
    assert filled["tools"] == [tool, server(KEY, server_url="https://x/${A}")]


@pytest.mark.parametrize(
    "declared",
    [server("${A}", server_url="https://other.example/mcp"), server("${B}"), {"type": "mcp"}],
    ids=["another address", "another variable", "no token"],
)
def test_a_server_that_the_profile_does_not_declare_as_a_tool_gets_no_token(declared):
    assert filled_in({"tools": [server("${A}")]}, {"A": KEY, "B": KEY}, declared) == (None, [], [])


@pytest.mark.parametrize(
    ("tool", "word"),
    [
        (server("${A}", server_url="http://notes.example/mcp"), "unencrypted"),
        (server("Bearer ${XAI_API_KEY}"), "not a host of xAI"),
    ],
    ids=["unencrypted", "another provider's key"],
)
def test_a_token_that_may_not_go_to_its_server_stays_here_and_is_told(tool, word):
    filled, keys, (problem,) = filled_in({"tools": [tool]}, {"A": KEY, "XAI_API_KEY": KEY})
    assert (filled, keys) == (None, [])
    assert word in problem
    assert KEY not in problem


@pytest.mark.parametrize("tools", [5, True, "x", {"a": 1}, ["x", 5, None, []]])
def test_tools_of_another_form_stay_as_they_are(tools):
    assert with_authorizations({"tools": tools}, [], {}) == (None, [], [])


def test_what_is_no_tool_stays_beside_those_that_get_a_token():
    spec = ToolSpec(name="s", hosted=True, server={"server_url": URL, "authorization": "${A}"})
    filled, keys, _ = with_authorizations({"tools": ["x", server("${A}"), 5]}, [spec], {"A": KEY})
    assert filled == {"tools": ["x", server(KEY), 5]}
    assert keys == [KEY]
