"""The line mode of the installed command: with a pipe, in a terminal, with questions, interruptions and ends."""

import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ends import remote, silent, write_profile

from realtime_server import FakeServer, Session, in_thread, plain
from terminal import COMMAND, Terminal
from virtual_audio import wait_until

LIMIT_S = 40
ASKING = """
provider = "generic"
url = "URL"
[[tools]]
name = "book_table"
description = "Book a table."
parameters = {type = "object", properties = {people = {type = "integer"}}, required = ["people"]}
run = {kind = "command", argv = ["echo", "reserved for {people}"]}
policy = "ask"
"""


def piped(
    environment: dict[str, str], typed: str, *options: str | Path, command: Sequence[str | Path] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the line mode over a text on its standard input."""
    return subprocess.run(
        [*(command or [COMMAND, "--no-audio"]), "--plain", *options],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )


def in_order(text: str, *patterns: str) -> bool:
    """Whether lines that begin with these patterns follow one another."""
    return re.search("(?ms)^" + ".*?^".join(patterns), text) is not None


def test_a_pipe_asks_and_ends_when_the_answer_is_complete(environment: dict[str, str]) -> None:
    done = piped(environment, "What is the weather in Berlin?\n/last\n/quit\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert in_order(
        done.stdout,
        r"\d\d:\d\d session live with local agent",
        r"you: What is the weather in Berlin\?$",
        r"tool get_weather\(city=Berlin\)$",
        r"tool get_weather ok \d+ ms: ",
        "agent: .*degrees",
        "agent: .*degrees",
        r"\d\d:\d\d disconnected",
    ), done.stdout
    assert "\x1b" not in done.stdout


def test_the_end_of_a_pipe_waits_for_the_answer_too_and_several_messages_are_answered_one_by_one(
    environment: dict[str, str],
) -> None:
    done = piped(environment, "what is two plus two\nwhat is three plus three")
    assert done.returncode == 0
    assert in_order(done.stdout, "you: .*two", "agent: .*4", "you: .*three", "agent: .*6"), done.stdout


def test_a_session_that_cannot_be_opened_is_a_sentence_with_its_remedy_and_exit_code_1(
    environment: dict[str, str],
) -> None:
    command = [COMMAND, "--no-audio", "--provider", "generic", "--url", "ws://127.0.0.1:1/"]
    done = piped(environment, "hello\n", command=command)
    assert done.returncode == 1
    assert re.search(r"error: 127\.0\.0\.1:1 cannot be reached.*type /connect", done.stdout), done.stdout
    assert "not sent, because there is no session: hello" in done.stdout
    assert piped(environment, "", command=command).returncode == 1


def test_without_a_terminal_the_cockpit_names_the_line_mode(environment: dict[str, str]) -> None:
    done = subprocess.run([COMMAND], env=environment, input="", capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 3
    assert "--plain" in done.stderr


def test_in_a_terminal_commands_act_at_once_and_nothing_moves_the_cursor(environment: dict[str, str]) -> None:
    with Terminal([COMMAND, "--plain", "--no-audio"], environment, columns=200) as terminal:
        terminal.type("hello\n").wait_for("agent: Hello. I am the built-in agent")
        terminal.type("\n/statsu\n").wait_for("there is no command /statsu: /status is the nearest")
        terminal.type("/voice deep\n").wait_for("note: voice: acknowledged and saved in local.toml")
        terminal.press("ctrl+c").wait_for("ctrl+C once more ends")
        terminal.type("/status\n").wait_for("voice deep").count("disconnected")
        assert "connection lost" not in terminal.text, "ctrl+C has not reached the local agent"
        terminal.type("/quit\n")
        assert terminal.wait_end() == 0
        assert "\x1b" not in terminal.written


def test_what_the_server_refuses_is_said_once_and_never_as_saved(environment: dict[str, str]) -> None:
    done = piped(environment, "/voice nope\n/voice\n/voice deep\n/status\n")
    assert done.stdout.count("There is no voice 'nope'") == 1, done.stdout
    assert in_order(
        done.stdout,
        "warning: voice: the server refused it, and it is not saved: There is no voice 'nope'",
        "voice: heart",
        "note: voice: acknowledged and saved in local.toml",
        ".*voice deep",
    ), done.stdout
    assert done.stdout.count("saved in") == 1


def test_ctrl_d_ends_as_well_and_ctrl_c_twice_too(environment: dict[str, str]) -> None:
    with in_thread(plain(silent)) as server:
        for keys, code in ((["ctrl+d"], 0), (["ctrl+c", "ctrl+c"], 130)):
            with Terminal(remote(server, "--plain", "--no-audio"), environment) as terminal:
                terminal.wait_for("session live")
                for number, key in enumerate(keys):
                    terminal.press(key)
                    if number + 1 < len(keys):
                        terminal.wait_for("once more ends")
                assert terminal.wait_end() == code
                assert "Traceback" not in terminal.text
        assert all(session.close_code for session in server.sessions)


async def answers(session: Session) -> None:
    """Every message is answered by a call that asks, and its output by words that are interrupted."""
    for number in (1, 2):
        await session.expect("response.create")
        await session.call(f"resp_{number}", [(f"c{number}", "book_table", '{"people": 4}')])
        await session.expect("response.create")
        await session.text(f"done {number}", "So be ", "it.")
    await session.expect("response.create")
    await session.speak("resp_long", "item_long", bytes(24_000 * 2 * 20), speed=4.0, words="Once upon a time " * 9)


def test_a_call_asks_is_refused_or_let_run_and_an_answer_is_interrupted(
    environment: dict[str, str], tmp_path: Path
) -> None:
    with in_thread(FakeServer(_opened, dialect="plain")) as server:
        write_profile(environment, "work", ASKING.replace("URL", server.url))
        command = [COMMAND, "--plain", "--profile", "work", "--output-file", tmp_path / "heard.wav"]
        with Terminal(command, environment, columns=200) as terminal:
            terminal.type("for four\n").wait_for(
                "question: may the agent call book_table(people=4)? It would run echo 'reserved for 4'."
            )
            terminal.type("/no too expensive\n").wait_for("tool book_table denied")
            terminal.wait_for("agent: So be it.")
            terminal.type("once more\n").wait_for(lambda screen: screen.count("question: ") == 2)
            terminal.type("/yes\n").wait_for(lambda screen: re.search(r"tool book_table ok \d+ ms: .*for 4", screen))
            terminal.wait_for(lambda screen: screen.count("agent: So be it.") == 2)
            terminal.type("a story\n").wait_for("you: a story")
            terminal.wait_for(lambda _: server.session.active == "resp_long", "the agent answers")
            _wait_until_it_is_heard(terminal, tmp_path / "heard.wav")
            terminal.press("ctrl+c").wait_for(lambda screen: re.search(r"agent \(cut, heard \d\.\d of ", screen))
            terminal.wait_for(lambda _: server.sent("conversation.item.truncate"), "the server knows what was heard")
            terminal.type("/quit\n")
            assert terminal.wait_end() == 0
        outputs = [event for event in server.received if event["type"] == "conversation.item.create"]
        assert "too expensive" in str(outputs)


async def _opened(session: Session) -> None:
    await session.open()
    await answers(session)


def _wait_until_it_is_heard(terminal: Terminal, file: Path) -> None:
    """Half a second more of what is played is written."""
    before = file.stat().st_size
    terminal.wait_for(lambda _: file.stat().st_size > before + 24_000, "the answer is heard")


def test_a_question_that_nobody_is_left_to_answer_is_refused(environment: dict[str, str]) -> None:
    with in_thread(FakeServer(_opened, dialect="plain")) as server:
        write_profile(environment, "work", ASKING.replace("URL", server.url))
        done = piped(environment, "for four\n", "--profile", "work")
    assert done.returncode == 0
    assert in_order(
        done.stdout, "question: ", "note: nobody is there to answer", "tool book_table denied", "agent: So be"
    )


def test_lines_of_a_pipe_wait_for_the_answer_behind_a_question(environment: dict[str, str]) -> None:
    with in_thread(FakeServer(_opened, dialect="plain")) as server:
        write_profile(environment, "work", ASKING.replace("URL", server.url))
        done = piped(environment, "for four\n/status\n/last\n/yes\n", "--profile", "work")
    assert done.returncode == 0
    assert in_order(
        done.stdout,
        "question: ",
        "a question waits",
        "tool book_table ok",
        "agent: So be",
        "agent: So be",
    ), done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_ends_it_cleanly(environment: dict[str, str], number: signal.Signals) -> None:
    with in_thread(plain(silent)) as server:
        command = remote(server, "--plain", "--no-audio")
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert "session live" in process.stdout.readline()
            process.send_signal(number)
            assert process.wait(LIMIT_S) == 128 + number
            assert process.stderr.read() == ""
        assert [session.close_code for session in server.sessions] == [1000]


def test_a_suspended_session_goes_on_when_the_shell_does(environment: dict[str, str]) -> None:
    with in_thread(plain(_echo)) as server:
        command = remote(server, "--plain", "--no-audio")
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert "session live" in process.stdout.readline()
            process.send_signal(signal.SIGTSTP)
            stat = Path(f"/proc/{process.pid}/stat")
            wait_until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "it stands still")
            process.send_signal(signal.SIGCONT)
            told, _ = process.communicate("hello\n", LIMIT_S)
            assert process.returncode == 0
        assert in_order(told, "you: hello", "agent: Heard."), told


async def _echo(session: Session) -> None:
    await session.expect("response.create")
    await session.text("heard", "Heard.")


def test_what_another_program_changes_in_the_profile_is_offered_and_sent_on_demand(environment: dict[str, str]) -> None:
    path = write_profile(environment, "mine", 'provider = "local"\n[session]\nvoice = "heart"\n')
    with Terminal([COMMAND, "--plain", "--no-audio", "--profile", "mine"], environment, columns=150) as terminal:
        terminal.wait_for("session live")
        path.write_text(path.read_text().replace("heart", "deep"))
        terminal.wait_for("note: mine.toml was changed elsewhere: voice. /apply sends it")
        terminal.type("/apply\n").wait_for("note: voice: acknowledged and saved in mine.toml")
        terminal.type("/quit\n")
        assert terminal.wait_end() == 0


def test_a_reader_that_goes_away_ends_it(environment: dict[str, str]) -> None:
    program = f"{COMMAND} --plain --no-audio | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"yes 'what time is it' | {program}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert "session live" in done.stdout
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_the_line_mode_loads_no_screen(environment: dict[str, str]) -> None:
    program = (
        "import sys\nfrom rtvoice_tui.cli.main import main\n"
        "try:\n    main(['--plain', '--no-audio', '--no-connect'])\nexcept SystemExit as end:\n    print(end.code)\n"
        "print(sorted({'textual', 'rich', 'rtvoice_tui.ui'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, input="", capture_output=True, text=True, timeout=LIMIT_S
    )
    assert done.stdout.split() == ["0", "[]"]
