"""A profile whose every text is hostile, opened in the cockpit: every pane, its tools' forms, and the questions."""

import json
import re
from typing import NamedTuple

import pytest
from hostile import COCKPIT, Author, profile_toml, strange
from hostile_profiles import profile, put
from hostile_visits import Visits
from speaking import TITLES, go

from realtime_server import Event, Session, in_thread, plain
from rtvoice_tui.profiles.runs import KINDS
from terminal import COMMAND, Terminal, private_environment

pytestmark = pytest.mark.xdist_group("hostile profile")

TOLD = {
    "5 Agent": ["session.voice", "http tool.name"],
    "4 Tools": ["command argument", "command run.argv[]"],
    "6 Log": ["python tool.name"],
    "tool": ["python tool.name", "python tool.description", "python run.target"],
    "forms": ["command tool.description"],
    "profiles": ["model"],
    "trust": ["command tool.name", "command run.argv[]", "http run.url"],
}


OFFERED = ("command", "mock")
"""Kinds whose tool has a name that a server accepts: the others are not offered."""


class Opened(Visits):
    """A walk that also goes through what only profiles fill."""

    def call(self) -> None:
        """A call asks: the row above the composer says what it would run."""
        self.terminal.wait_for("would run")
        self.look("4 Tools")

    def tools(self) -> None:
        """The form of every tool, from the last row of the table upwards."""
        go(self.terminal, "5", "5 Agent")
        self.terminal.press(*["down"] * 60).wait_for("enter adds a tool")
        for _ in KINDS:
            self.terminal.press("up").wait_gone("enter adds a tool")
            self.terminal.press("enter").wait_for("F7 apply")
            self.look("tool")
            self.terminal.press("escape")
            self.terminal.wait_for(lambda screen: "F7 apply" not in screen or "esc once more" in screen)
            if "esc once more" in self.terminal.text:
                self.terminal.press("escape").wait_gone("F7 apply")

    def questions(self) -> None:
        """The key of the open profile, trust in the other one, and what is said when that is opened."""
        go(self.terminal, "1", TITLES[0])
        self.terminal.press("p").wait_for("edit the file")
        self.look("profiles")
        self.terminal.press("k").wait_for("Key of bench")
        self.look("key")
        self.terminal.press("escape").wait_gone("Key of bench")
        self.terminal.press("down", "T").wait_for("Trust friend?")
        for _ in range(3):
            self.look("trust")
            self.step("pagedown")
        self.terminal.press("escape").wait_gone("Trust friend?")
        self.terminal.press("enter").wait_for("Open 'friend'")
        self.look("open")
        self.terminal.press("o").wait_for("○ OFFLINE")
        self.terminal.wait_for(lambda screen: re.search(r"OFFLINE +friend ", screen), "the other profile is open")
        self.look("opened")


async def _calls(session: Session) -> None:
    """Call every function of the profile."""
    (update,) = [event for event in session.received if event["type"] == "session.update"]
    named = [tool for tool in update["session"]["tools"] if tool.get("name")]
    for number, offered in enumerate(named):
        response = {"id": f"resp_{number}", "status": "in_progress", "output": []}
        item = {"id": f"item_{number}", "type": "function_call", "call_id": f"call_{number}", "name": offered["name"]}
        place = {"response_id": response["id"], "item_id": item["id"], "call_id": item["call_id"], "output_index": 0}
        await session.say("response.created", response=response)
        await session.say("response.output_item.added", response_id=response["id"], output_index=0, item=item)
        await session.say(
            "response.function_call_arguments.done", **place, name=offered["name"], arguments=_fitting(offered)
        )
        await session.say("response.done", response={**response, "status": "completed", "output": [item]})


class Seen(NamedTuple):
    """A walk that is over, and the authors of both profiles."""

    visits: Opened
    author: Author
    friend: Author


def _fitting(tool: Event) -> str:
    """Arguments that fit the schema."""
    return json.dumps({name: value["enum"][0] for name, value in tool["parameters"]["properties"].items()})


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """One walk for all tests."""
    environment = private_environment(tmp_path_factory.mktemp("hostile"))
    author, friend = Author(without="\ud800"), Author(without="\ud800", first=500)
    with in_thread(plain(_calls)) as server:
        bench = profile(author, url=server.url)
        for tool in bench["tools"]:
            if tool["run"]["kind"] in OFFERED:
                tool["name"] = tool["run"]["kind"]
        put(environment, "bench", profile_toml(bench))
        put(environment, "friend", profile_toml(profile(friend, url="ws://127.0.0.1:9/", trusted=False)))
        key = {bench["api_key_env"]: "k"}
        with Terminal([COMMAND, "--profile", "bench", "--no-audio"], environment | key) as terminal:
            visits = Opened(terminal)
            visits.walk(visits.call, visits.panes, visits.dialogs, visits.tools, visits.forms, visits.questions)
    return Seen(visits, author, friend)


def test_no_text_of_a_profile_is_obeyed_by_the_terminal(opened: Seen) -> None:
    assert opened.author.obeyed(opened.visits.raw) + opened.friend.obeyed(opened.visits.raw) == []


def test_with_a_hostile_profile_the_cockpit_writes_nothing_but_its_own_escape_codes(opened: Seen) -> None:
    assert strange(opened.visits.raw, COCKPIT) == []


@pytest.mark.parametrize(("place", "fields"), TOLD.items(), ids=TOLD)
def test_the_words_of_hostile_profiles_are_shown(opened: Seen, place: str, fields: list[str]) -> None:
    opened.visits.has_shown(place, opened.friend if place == "trust" else opened.author, fields)


def test_to_open_a_hostile_profile_is_not_to_edit_it(opened: Seen) -> None:
    if opened.visits.lost is not None:
        raise opened.visits.lost
    assert re.search(r"OFFLINE +friend ", opened.visits.seen["opened"]), "no star for what is typed and not sent"
