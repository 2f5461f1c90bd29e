"""Speech for tests: made by the agent's own voice, understood by its own recogniser."""

import re
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np

from terminal import Terminal, descendants, wait_gone
from virtual_audio import RATE, write_wav

WEATHER = "What is the weather in Berlin?"
TITLES = ("1 Transcript", "2 Events", "3 Timing", "4 Tools", "5 Agent", "6 Log")
STATES = "OFFLINE CONNECTING CONFIGURING REFUSED READY LISTENING HEARING TALK THINKING TOOL SPEAKING".split()


def pause(seconds: float) -> bytes:
    """Silence."""
    return bytes(int(seconds * RATE) * 2)


def quiet_file(folder: Path) -> Path:
    """A microphone that hears nothing."""
    return write_wav(folder / "quiet.wav", pause(0.1))


def spoken_part(pcm: bytes) -> bytes:
    """A recording without the silence around what was said."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 300)
    return samples[loud[0] : loud[-1] + RATE // 5].tobytes() if len(loud) else b""


def wav_pcm(path: Path) -> bytes:
    """The samples of a WAV file that the app wrote."""
    with wave.open(str(path)) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (RATE, 1, 2)
        return wav.readframes(wav.getnframes())


def assert_weather_of_berlin(words: str) -> None:
    """What was recognised is the demo report, give or take a misheard word."""
    found = set(re.findall(r"[a-z]+", words.lower()))
    assert {"berlin", "weather", "degrees", "jacket"} & found >= {"weather", "degrees"}, words


def state_word(screen: str) -> str:
    """The one word that says what goes on: it stands at the end of the meters' row."""
    meters = screen.splitlines()[1] if "\n" in screen else ""
    found = re.findall(
        r"\b(OFFLINE|CONNECTING|CONFIGURING|REFUSED|READY|LISTENING|HEARING|TALK|THINKING|TOOL|SPEAKING)\b", meters
    )
    return found[-1] if found else ""


def in_state(*words: str) -> Callable[[str], bool]:
    """Whether the state word is one of these."""
    return lambda screen: state_word(screen) in words


def await_live(terminal: Terminal) -> None:
    """Wait until the session is configured."""
    terminal.wait_for(in_state("READY", "LISTENING"), "the session is live")


def newest_call(screen: str) -> list[str]:
    """Name, state and duration of the newest call in the tools pane."""
    return next((row.partition("› ")[2].split()[1:] for row in screen.splitlines() if re.search(r"› +\d+ ", row)), [])


def composer(screen: str) -> str:
    """What stands in the composer: the row above the keys."""
    return screen.splitlines()[-2].strip()


def write_message(terminal: Terminal, text: str) -> None:
    """Go to the composer and type, as a user does who looks at the screen."""
    row = len(terminal.lines) - 2
    terminal.press("t").wait_for(lambda _: terminal.cursor[1] == row, "the composer has the cursor")
    terminal.type(text).wait_for(lambda screen: text in composer(screen), f"'{text}' stands in the composer")


def go(terminal: Terminal, key: str, title: str) -> str:
    """Press a key and wait until the pane with this title has the focus: its title is bold, and no other."""
    terminal.press(key)
    return terminal.wait_for(lambda _: [name for name in TITLES if terminal.bold(name)] == [title], f"focus on {title}")


def flowing(screen: str) -> str:
    """The left pane's text as it reads, without borders and line breaks."""
    rows = (row.split("││")[0].strip("│") for row in screen.splitlines())
    return " ".join(" ".join(rows).split())


def quit_cleanly(terminal: Terminal, key: str = "q") -> None:
    """Quit: exit code 0, and nothing is left behind."""
    started = descendants(terminal.process.pid)
    assert terminal.quit(key) == 0
    wait_gone(started)
