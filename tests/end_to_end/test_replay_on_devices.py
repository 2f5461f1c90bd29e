"""A recording that is replayed by the installed command is heard from the speaker, in step with its journal."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from locating import Samples, find, loud
from recording.talk import Talk, recorded_talk
from rtvoice_tui.recording.format import Track
from rtvoice_tui.recording.reader import Recording
from terminal import COMMAND, Terminal
from virtual_audio import RATE, SPEAKER, Recorder, VirtualAudio, wait_until

pytestmark = pytest.mark.device

MARK, EVERY = RATE // 50, RATE // 10
MOST_APART = RATE // 100
"""10 ms."""

SOON_S = 0.5
"""A key acts and a device falls silent within this time, also on a machine that has much to do."""

LATE_S = 3.0
"""Time goes on while the device is opened: what is heard first is no later than this behind where it began."""

MOST_MISSING = 5
"""So many tenths of a second may be missing: at the beginning, and where a busy machine left a gap."""


def conversation(folder: Path, answer_s: float) -> Recording:
    """A recording of a question and its answer, and of another one whose answer takes so long."""
    talk = Talk().opened().after(0.2).asks("What is the weather in Berlin?", 0.5)
    talk.answers("Eleven degrees and cloudy.", 0.6).after(-0.4)
    return recorded_talk(folder / "talk", talk.asks("And tomorrow?", 0.4).answers("Sunny and windy.", answer_s))


class Journal:
    """The sound of a recording as its journal has it, without its stereo file.

    Args:
        recording: the recording.

    Attributes:
        sound: both sides as one, in samples from the time 0 on.
    """

    def __init__(self, recording: Recording) -> None:
        self.sound: Samples = np.zeros(round((recording.ends + 1.0) * RATE), np.int16)
        answer, ends = "", 0
        for line in recording.wire():
            if line.speech is None:
                continue
            pcm, at = np.frombuffer(recording.speech(line.speech), "<i2"), round(line.at * RATE)
            if line.speech.track is Track.SENT:  # a frame was recorded just before it was sent
                self._put(at - len(pcm), pcm)
                continue
            item = json.loads(bytes(line.event))["item_id"]
            start = at if item != answer else ends  # the answer is heard in one piece
            self._put(start, pcm)
            answer, ends = item, start + len(pcm)

    def _put(self, at: int, pcm: Samples) -> None:
        self.sound[at : at + len(pcm)] = pcm

    def time_of(self, heard: Samples) -> float:
        """The time, in seconds, of the first stretch of what was heard; -1 if it is silence, or of nothing known."""
        first = next(iter(loud(heard, MARK, 16)), None)
        found = find(heard[first : first + MARK], self.sound) if first is not None else None
        return found.at / RATE if found is not None else -1.0

    def late(self, heard: Samples) -> dict[float, int]:
        """For each tenth of a second that sounds: by how many samples later it was heard, where it was."""
        found = {}
        for at in loud(self.sound, MARK, EVERY):
            place = find(self.sound[at : at + MARK], heard)
            if place is not None:
                found[at / RATE] = place.at - at
        return found


def listen(ear: Recorder, seconds: float) -> Samples:
    """What the ear hears from now on, for so long."""
    first = len(ear.pcm) // 2
    last = first + round(seconds * RATE)
    wait_until(lambda: len(ear.pcm) // 2 >= last, "the ear has listened")
    return np.frombuffer(ear.pcm, "<i2")[first:last]


def next_sound(ear: Recorder) -> Samples:
    """What the ear hears from the next sound on, for a moment."""
    first = len(ear.pcm)
    wait_until(lambda: any(ear.pcm[first : -RATE // 5]), "something is heard")
    return np.frombuffer(ear.pcm, "<i2")[first // 2 :]


def latest_sound(ear: Recorder) -> Samples:
    """The last tenth of a second that the ear has heard."""
    return np.frombuffer(ear.pcm, "<i2")[-RATE // 10 :]


def shown_time(screen: str) -> float:
    """The time of the recording that the time line shows; -1 before there is one."""
    found = re.search(r"[▸‖] (\d+):(\d\d\.\d)", screen)
    return int(found[1]) * 60 + float(found[2]) if found else -1.0


def go_to(terminal: Terminal, place: str) -> None:
    """Type a time to jump to."""
    terminal.press(":").wait_for("Go to")
    terminal.type(f"{place}\r").wait_gone("Go to")


def test_all_of_a_recording_is_heard_as_far_apart_as_it_is_in_the_journal(
    sound: VirtualAudio, on_devices: dict[str, str], tmp_path: Path
) -> None:
    recording = conversation(tmp_path, answer_s=2.2)
    journal, ear = Journal(recording), sound.recorder()
    with Terminal([COMMAND, "replay", recording.folder, "--output-device", SPEAKER], on_devices) as terminal:
        terminal.wait_for("▸")
        terminal.wait_for(lambda screen: "‖" in screen and shown_time(screen) > 4.0, "it is at its end")
        listen(ear, SOON_S)  # what the device still holds
        assert terminal.quit() == 0
    late = journal.late(np.frombuffer(ear.stop(), "<i2"))
    missing = sorted({at / RATE for at in loud(journal.sound, MARK, EVERY)} - set(late))
    assert len(missing) <= MOST_MISSING, f"not heard: {missing}"
    assert max(late.values()) - min(late.values()) <= MOST_APART, str(late)


def test_a_pause_is_silent_and_after_a_jump_the_place_is_heard_that_was_jumped_to(
    sound: VirtualAudio, on_devices: dict[str, str], tmp_path: Path
) -> None:
    recording = conversation(tmp_path, answer_s=14.0)
    journal, ear = Journal(recording), sound.recorder()
    with Terminal([COMMAND, "replay", recording.folder, "--output-device", SPEAKER], on_devices) as terminal:
        next_sound(ear)
        paused = shown_time(terminal.press("space").wait_for("‖"))
        listen(ear, SOON_S)
        assert not listen(ear, 0.5).any(), "a pause is heard"
        terminal.press("space")
        assert paused - 0.1 <= journal.time_of(next_sound(ear)) <= paused + LATE_S

        go_to(terminal, "0:12")
        there = "the place is heard that was jumped to"
        wait_until(lambda: 12.0 <= journal.time_of(latest_sound(ear)) <= 12.0 + LATE_S, there)

        terminal.press("space").wait_for("‖")
        go_to(terminal, "6.5")
        terminal.wait_for("‖ 0:06.5")
        listen(ear, SOON_S)
        assert not listen(ear, 0.3).any(), "a jump in a pause is heard"
        terminal.press("space")
        assert 6.5 <= journal.time_of(next_sound(ear)) <= 6.5 + LATE_S
        assert terminal.quit() == 0


def test_a_sound_server_that_does_not_answer_holds_nothing_up(
    sound: VirtualAudio, on_devices: dict[str, str], tmp_path: Path
) -> None:
    recording = conversation(tmp_path, answer_s=14.0)
    with Terminal([COMMAND, "replay", recording.folder, "--output-device", SPEAKER], on_devices) as terminal:
        next_sound(sound.recorder())
        sound.hang(True)
        try:
            terminal.press("space").wait_for("‖")
            terminal.press("space").wait_for("▸ 0:")
            terminal.press("?").wait_for("change keys")
            terminal.press("escape").wait_gone("change keys")
            assert terminal.quit() == 0
        finally:
            sound.hang(False)
