"""A whole spoken conversation with WAV files as microphone and speaker: no PortAudio, no sound server, no network."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from speaking import (
    WEATHER,
    assert_weather_of_berlin,
    composer,
    flowing,
    go,
    in_state,
    newest_call,
    pause,
    quiet_file,
    quit_cleanly,
    state_word,
    wav_pcm,
    write_message,
)

from terminal import COMMAND, Terminal, descendants, wait_gone
from virtual_audio import write_wav

pytestmark = pytest.mark.speech


def test_a_spoken_question_is_heard_calls_the_tool_and_is_answered_aloud(
    tmp_path: Path, environment: dict[str, str], say: Callable[[str], bytes], hear: Callable[[bytes], str]
) -> None:
    question = write_wav(tmp_path / "question.wav", say(WEATHER) + pause(1))
    answer = tmp_path / "answer.wav"
    with Terminal([COMMAND, "--input-file", question, "--output-file", answer], environment) as terminal:
        terminal.wait_for(lambda screen: any("▌" in row and "weather in Berlin" in row for row in screen.split("\n")))
        terminal.wait_for(
            lambda screen: newest_call(screen)[:2] == ["get_weather", "ok"], "the tools pane shows the call as ok"
        )
        terminal.wait_for(in_state("SPEAKING"))
        screen = terminal.wait_for(in_state("LISTENING"), "the answer has been spoken")
        assert re.search(r"city +Berlin", screen)
        assert "degrees" in screen
        assert "you waited" in screen
        assert "portaudio" not in Path(f"/proc/{terminal.process.pid}/maps").read_text()
        agent = [process for process in descendants(terminal.process.pid) if "local_agent" in process.command]
        assert len(agent) == 1
        assert terminal.quit("q") == 0
        wait_gone(agent)
    assert_weather_of_berlin(hear(wav_pcm(answer)))


def test_a_word_spoken_over_a_long_answer_interrupts_it(
    tmp_path: Path, environment: dict[str, str], say: Callable[[str], bytes]
) -> None:
    spoken = say("Tell me a long story.") + pause(7) + say("Stop.") + pause(1)
    question, answer = write_wav(tmp_path / "question.wav", spoken), tmp_path / "answer.wav"
    with Terminal([COMMAND, "--input-file", question, "--output-file", answer], environment) as terminal:
        terminal.wait_for("Once upon a time")
        screen = terminal.wait_for("cut: heard")
        assert state_word(screen) != "SPEAKING"
        terminal.wait_for(lambda screen: " s ✓" in flowing(screen), "the server has truncated it")
        terminal.wait_for("All right.")
        quit_cleanly(terminal)


@pytest.mark.parametrize("key", ["f3"])
def test_a_key_interrupts_a_long_answer(tmp_path: Path, environment: dict[str, str], key: str) -> None:
    quiet, answer = quiet_file(tmp_path), tmp_path / "answer.wav"
    with Terminal([COMMAND, "--input-file", quiet, "--output-file", answer], environment) as terminal:
        terminal.wait_for(in_state("LISTENING", "READY"))
        write_message(terminal, "tell me a long story")
        terminal.press("enter")
        if key == "f3":
            terminal.wait_for(lambda screen: "story" not in composer(screen), "the message is sent")
            terminal.type("half a message")
        else:
            go(terminal, "escape", "1 Transcript")
        terminal.wait_for(lambda screen: in_state("SPEAKING")(screen) and "lighthouse" in screen, "the story is told")
        terminal.press(key)
        screen = terminal.wait_for("cut: heard")
        assert state_word(screen) != "SPEAKING"
        terminal.wait_for(lambda screen: " s ✓" in flowing(screen), "the server has truncated it")
        terminal.wait_for(in_state("LISTENING"))
        if key == "f3":
            assert "half a message" in terminal.text
            terminal.press("f10").wait_for("typed and not sent")
        quit_cleanly(terminal, "f10")
