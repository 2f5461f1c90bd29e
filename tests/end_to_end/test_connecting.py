"""When there is no key or no server: one sentence with the remedy, the app stays up, and `c` tries again."""

import re
from pathlib import Path

from ends import remote, silent, write_profile
from speaking import await_live, quit_cleanly

from realtime_server import Session, in_thread, plain
from terminal import COMMAND, Terminal


def test_without_a_key_a_sentence_names_the_variable_and_c_tries_again(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--profile", "yandex", "--no-audio"], environment) as terminal:
        screen = terminal.wait_for("YANDEX_CLOUD_API_KEY")
        assert _notice(screen).startswith("✗ Yandex AI Studio needs a key")
        _try_again(terminal, "needs a key")
        quit_cleanly(terminal)


def test_a_host_that_does_not_answer_is_a_sentence_and_c_tries_again(environment: dict[str, str]) -> None:
    command = [COMMAND, "--provider", "generic", "--url", "ws://127.0.0.1:1/", "--no-audio"]
    with Terminal(command, environment) as terminal:
        screen = terminal.wait_for("127.0.0.1:1 cannot be reached")
        assert "press c" in _notice(screen)
        _try_again(terminal, "cannot be reached")
        quit_cleanly(terminal)


def test_a_closed_session_can_be_opened_again(environment: dict[str, str]) -> None:
    greeted: list[Session] = []

    async def close_the_first(session: Session) -> None:
        greeted.append(session)
        if len(greeted) == 1:
            await session.close(1011, "out of [bold]luck[/bold]")

    with in_thread(plain(close_the_first)) as server:
        command = [COMMAND, "--provider", "generic", "--url", server.url, "--no-audio"]
        with Terminal(command, environment) as terminal:
            terminal.wait_for("the server failed (1011: out of [bold]luck[/bold])")
            terminal.wait_for("○ OFFLINE")
            terminal.press("c").wait_for("● LIVE")
            terminal.press("c").wait_for("○ OFFLINE")
            terminal.press("c").wait_for("● LIVE")
            quit_cleanly(terminal)
    assert len(greeted) == 3


def test_another_provider_begins_from_the_built_in_agent_and_not_from_the_last_profile(
    environment: dict[str, str],
) -> None:
    write_profile(environment, "mine", 'provider = "local"\n[session]\ninstructions = "Only for mine."\n')
    state = Path(environment["XDG_STATE_HOME"]) / "rtvoice-tui" / "state.toml"
    state.parent.mkdir(parents=True)
    state.write_text('profile = "mine"\n')
    with in_thread(plain(silent)) as server:
        with Terminal([COMMAND, "--no-audio", "--no-connect"], environment) as terminal:
            terminal.wait_for("OFFLINE   mine")
            quit_cleanly(terminal)
        with Terminal(remote(server, "--no-audio"), environment) as terminal:
            await_live(terminal)
            quit_cleanly(terminal)
        (session,) = server.sessions
        assert [event for event in session.received if event["type"] == "session.update"]
        assert "Only for mine." not in str(session.received)


def _notice(screen: str) -> str:
    """The row above the composer."""
    return screen.splitlines()[-3].strip()


def _try_again(terminal: Terminal, words: str) -> None:
    """Every `c` leaves one more sentence in the log."""
    terminal.press("6").wait_for(lambda screen: len(re.findall(words, _log(screen))) == 1, "the log has the sentence")
    for attempts in (2, 3):
        terminal.press("c")
        terminal.wait_for(
            lambda screen, n=attempts: len(re.findall(words, _log(screen))) == n, f"the log has {attempts} sentences"
        )
        assert "OFFLINE" in terminal.lines[0]


def _log(screen: str) -> str:
    """The log's pane."""
    return screen.partition("6 Log")[2].partition("╰")[0]
