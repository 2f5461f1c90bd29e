"""The whole way, as a person has it: the installed command in a pty, spoken to through a virtual microphone.

A question is asked and answered aloud several times, and a long story is interrupted by voice. Both are timed on
recordings of the virtual speaker: from the last word to the first sound, beside the pause that ends a turn, and from
the first word of the interruption to silence, beside the time it takes to be sure that somebody speaks.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "tests/support", "tests/end_to_end", "tui")]

from reporting import Row, print_table
from speaking import WEATHER, await_live, in_state, pause, quit_cleanly, spoken_part

from rtvoice_tui.local_agent.speech import Recogniser, Voice
from terminal import COMMAND, Terminal, private_environment
from virtual_audio import Recorder, VirtualAudio

QUESTIONS = 5
SILENCE_MS = 400.0
SURE_MS = 2 * 32.0
AFTER_S = 0.5


def loud_times(recorder: Recorder, pcm: bytes) -> np.ndarray:
    """When each loud block of 10 ms was heard, in seconds of the clock."""
    samples = np.abs(np.frombuffer(pcm[: len(pcm) // 480 * 480], "<i2").astype(np.int32)).reshape(-1, 240).max(axis=1)
    times, counts = zip(*recorder.times, strict=True)
    ends = (np.flatnonzero(samples > 300) + 1) * 240
    return np.asarray(times)[np.minimum(np.searchsorted(counts, ends), len(times) - 1)]


def ask(sound: VirtualAudio, terminal: Terminal, question: bytes) -> tuple[float, bytes]:
    """Milliseconds from the last word to the first sound, and what was heard."""
    recorder = sound.recorder()
    sound.say(question + pause(AFTER_S))
    asked = time.perf_counter() - AFTER_S
    terminal.wait_for(in_state("SPEAKING"))
    terminal.wait_for(in_state("LISTENING"))
    pcm = recorder.stop()
    return float(loud_times(recorder, pcm)[0] - asked) * 1000, pcm


def interrupt(sound: VirtualAudio, terminal: Terminal, story: bytes, stop: bytes) -> float:
    """Milliseconds from the first word of an interruption to silence."""
    recorder = sound.recorder()
    sound.say(story + pause(AFTER_S))
    terminal.wait_for(lambda screen: in_state("SPEAKING")(screen) and "lighthouse" in screen)
    sound.say(pause(2.0))
    begun = time.perf_counter()
    sound.say(stop + pause(1.0))
    begun = time.perf_counter() - 1.0 - len(stop) / 48_000 if time.perf_counter() - begun > 1.0 else begun
    terminal.wait_for("cut: heard")
    terminal.wait_for(in_state("LISTENING"))
    heard = loud_times(recorder, recorder.stop())
    before_the_gap = heard[:-1][np.diff(heard) > 0.3]
    after = before_the_gap[before_the_gap > begun]
    return float((after[0] if len(after) else heard[-1]) - begun) * 1000


def main() -> None:
    voice, recogniser = Voice(), Recogniser()

    def say(text: str) -> bytes:
        return spoken_part(b"".join(voice.say(text, "low")))

    with tempfile.TemporaryDirectory() as folder, VirtualAudio() as sound:
        devices = {name: value for name, value in sound.environment.items() if name.startswith(("PULSE_", "ALSA_"))}
        with Terminal([COMMAND], private_environment(Path(folder)) | devices) as terminal:
            await_live(terminal)
            asked = [ask(sound, terminal, say(WEATHER)) for _ in range(QUESTIONS)]
            silent_ms = interrupt(sound, terminal, say("Report me a long story."), say("Stop please, that is enough."))
            quit_cleanly(terminal)
    understood = sum("weather" in recogniser(spoken_part(pcm)).lower() for _, pcm in asked)
    wait_ms = statistics.median(wait for wait, _ in asked)
    print_table(
        "A spoken conversation, 120x40",
        "the pause that ends a turn; the frames that make speech sure",
        [
            Row("answers that contain the weather", "answers", QUESTIONS, understood, least=QUESTIONS),
            Row("last word to first sound, median", "ms", SILENCE_MS, wait_ms),
            Row("first word of an interruption to silence", "ms", SURE_MS, silent_ms, limit=600),
        ],
    )


if __name__ == "__main__":
    main()
