"""Conversations through real PortAudio streams, on a virtual microphone and a virtual speaker."""

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from speaking import (
    WEATHER,
    assert_weather_of_berlin,
    await_live,
    in_state,
    newest_call,
    pause,
    quit_cleanly,
    spoken_part,
    state_word,
)

from rtvoice_tui.audio.backends.wav_files import read_wav
from rtvoice_tui.profiles.store import profile_text
from terminal import COMMAND, Terminal
from virtual_audio import RATE, VirtualAudio

pytestmark = [pytest.mark.device, pytest.mark.speech]


SAID_BY_A_HUMAN = {"ever", "tried", "failed", "matter", "try", "again", "fail", "better"}


def test_a_question_into_the_microphone_is_answered_from_the_speaker_and_a_word_over_a_story_silences_it(
    sound: VirtualAudio, on_devices: dict[str, str], say: Callable[[str], bytes], hear: Callable[[bytes], str]
) -> None:
    with Terminal([COMMAND], on_devices) as terminal:
        await_live(terminal)
        assert "portaudio" in Path(f"/proc/{terminal.process.pid}/maps").read_text()
        answer = sound.recorder()
        sound.say(say(WEATHER) + pause(0.5))
        terminal.wait_for(lambda screen: any("▌" in row and "weather in Berlin" in row for row in screen.split("\n")))
        terminal.wait_for(lambda screen: newest_call(screen)[:2] == ["get_weather", "ok"], "the call is ok")
        terminal.wait_for(in_state("SPEAKING"))
        screen = terminal.wait_for(in_state("LISTENING"), "the answer has been spoken")
        assert re.search(r"city +Berlin", screen)
        assert_weather_of_berlin(hear(answer.stop()))

        story = sound.recorder()
        sound.say(say("Tell me a long story.") + pause(0.5))
        terminal.wait_for(lambda screen: in_state("SPEAKING")(screen) and "lighthouse" in screen, "the story is told")
        sound.say(pause(1.5) + say("Stop.") + pause(0.5))
        terminal.wait_for("cut: heard")
        screen = terminal.wait_for("All right.")
        assert re.search(r"cut: heard \d+\.\d of \d+\.\d s ✓", screen)
        terminal.wait_for(lambda screen: state_word(screen) == "LISTENING", "it listens again")
        assert _spoken_seconds(story.stop()) < 15, "the story of a minute went on after it was interrupted"
        quit_cleanly(terminal)


def test_what_a_human_says_comes_up_in_the_transcript(sound: VirtualAudio, on_devices: dict[str, str]) -> None:
    found = find_spec("moonshine_voice")
    assert found is not None
    assert found.origin is not None
    human = read_wav(Path(found.origin).with_name("assets") / "beckett.wav", RATE)
    assert len(human) < 12 * RATE * 2
    profile = Path(on_devices["XDG_CONFIG_HOME"]) / "rtvoice-tui" / "profiles" / "mine.toml"
    profile.parent.mkdir(parents=True)
    # he talks over the agent, as with a headset
    profile.write_text(profile_text("local") + '\n[audio]\necho = "off"\n')
    with Terminal([COMMAND, "--profile", "mine"], on_devices) as terminal:
        await_live(terminal)
        sound.say(human)
        seen: set[str] = set()
        terminal.press("g")  # the first words stay in sight
        terminal.wait_for(lambda screen: seen.update(_words_of_the_user(screen)) or {"ever", "failed"} <= seen)
        terminal.press("G")
        terminal.wait_for(
            lambda screen: seen.update(_words_of_the_user(screen)) or len(SAID_BY_A_HUMAN & seen) >= 6,
            "most of the words came up",
        )
        quit_cleanly(terminal)


def _spoken_seconds(pcm: bytes) -> float:
    """How long a recording is loud, in blocks of 20 ms."""
    samples = np.frombuffer(spoken_part(pcm), "<i2").astype(np.int32)
    blocks = samples[: len(samples) // 480 * 480].reshape(-1, 480)
    return float((np.abs(blocks).max(axis=1) > 300).sum() * 0.02)


def _words_of_the_user(screen: str) -> set[str]:
    """All words in the transcript's YOU entries."""
    words: list[str] = []
    speaking = False
    for row in screen.splitlines():
        left = row.split("││")[0]
        if match := re.search(r"▌ (YOU|AGENT) +\d:\d\d", left):
            speaking = match.group(1) == "YOU"
        if speaking and left.startswith("│"):
            words += re.findall(r"[a-z]+", left.lower())
    return set(words)
