"""A server whose every text is hostile, in every place of the cockpit: what reaches the terminal, byte by byte."""

from pathlib import Path
from typing import NamedTuple

import pytest
from hostile import COCKPIT, Author, strange
from hostile_server import LAST, script
from hostile_visits import Visits

from realtime_server import in_thread, plain
from rtvoice_tui.protocol.realtime.server_events import BETA_NAMES, EVENT_CLASSES
from terminal import COMMAND, Terminal, private_environment

pytestmark = pytest.mark.xdist_group("hostile server")

SIZES = {"120x40": (120, 40), "80x24": (80, 24)}
TOLD = {
    "1 Transcript": ["transcript", "response.output_text", "call name", "mcp name"],
    "2 Events": ["error.code", "call name"],
    "3 Timing": ["rate_limits.updated: name"],
    "4 Tools": ["call name", "mcp name", "mcp failed", "mcp output", "asking name", "server_label"],
    "5 Agent": ["session.updated: session.voice", "session.updated: session.turn_detection"],
    "6 Log": ["error.message"],
}
"""Places, and the fields whose words are to be seen there."""


class Session(NamedTuple):
    """A session that is over, who wrote its texts, and what of them a terminal would have obeyed."""

    visits: Visits
    author: Author
    obeyed: list[str]


@pytest.fixture(scope="module", params=SIZES.values(), ids=SIZES)
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """One walk through everything for all tests."""
    environment = private_environment(tmp_path_factory.mktemp("hostile"))
    author = Author()
    columns, rows = request.param
    with in_thread(plain(script(author))) as server:
        command: list[str | Path] = [COMMAND, "--provider", "generic", "--url", server.url, "--no-audio"]
        with Terminal(command, environment, columns, rows) as terminal:
            terminal.wait_for(LAST)
            visits = Visits(terminal)
            visits.walk(visits.panes, *([] if visits.small else [visits.dialogs]))
    return Session(visits, author, author.obeyed(visits.raw))


def test_no_text_of_a_server_is_obeyed_by_the_terminal(session: Session) -> None:
    assert session.obeyed == []


def test_every_place_was_looked_at(session: Session) -> None:
    assert session.visits.lost is None
    assert session.visits.seen.keys() >= {*TOLD, "an event", "history"}


def test_the_cockpit_writes_nothing_but_its_own_escape_codes(session: Session) -> None:
    assert strange(session.visits.raw, COCKPIT) == []


@pytest.mark.parametrize("name", [*EVENT_CLASSES, *BETA_NAMES])
def test_no_text_of_this_event_is_obeyed(session: Session, name: str) -> None:
    assert [told for told in session.obeyed if told.startswith((f"{name}.", f"{name}:"))] == []


@pytest.mark.parametrize("session", [SIZES["120x40"]], indirect=True, ids=["120x40"])
@pytest.mark.parametrize(("place", "fields"), TOLD.items(), ids=TOLD)
def test_the_words_of_hostile_texts_are_shown(session: Session, place: str, fields: list[str]) -> None:
    session.visits.has_shown(place, session.author, fields)
