"""Devices that are unplugged, freeze, are muted, die and come back while both sides talk, and changing them live.

The long runs are in ``benchmarks/devices.py``.
"""

import contextlib
import time

import pytest

from talking import Talking, is_, lost_runs
from virtual_audio import MICROPHONE, SPEAKER, VirtualAudio, compare, locatable, wait_until

pytestmark = pytest.mark.device

BACKENDS = ["portaudio", "miniaudio"]
DROPPED = 240
"""What a server that is short of processor time drops of a stream that it moves, in samples."""

FEW_MS = 120 * 24
"""So many samples may be heard twice."""


@pytest.fixture
def room():
    with VirtualAudio(pluggable=True) as audio:
        yield audio


def sounds(recorder, samples=2400):
    start = len(recorder.pcm)
    wait_until(lambda: any(recorder.pcm[start:]) and len(recorder.pcm) - start > samples * 2, "speech is heard")


@pytest.mark.alone
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_unplugged_speaker_is_told_replaced_and_used_again_and_all_is_heard(room, tmp_path, backend):
    signal, recorder = locatable(4.0), room.recorder()
    with Talking(room, tmp_path, signal, backend) as talk:
        talk.until(lambda state: is_("output", "open", SPEAKER)(state) and state["seen"][0], "the speaker is watched")
        sounds(recorder)

        room.unplug("speaker")
        talk.until(is_("output", "gone"), "the loss is told")
        sounds(recorder)
        since = len(talk.states)
        room.replug("speaker")
        talk.until(is_("output", "open", SPEAKER), "it is used again", since=since)
        talk.until(lambda state: state["drained"], "all was said")
        told = talk.end()["told"]

    heard = compare(signal, recorder.stop())
    assert heard.lost <= DROPPED, heard
    assert heard.changed == 0, heard
    assert heard.repeated < FEW_MS
    words = [words for words, _ in told if SPEAKER in words and "stopped answering" not in words]
    assert words[0].startswith(f"the output device {SPEAKER} is gone")
    assert words[-1] == f"the speaker {SPEAKER} works"


@pytest.mark.alone
def test_when_the_server_dies_speech_waits_is_told_and_goes_on_with_the_next_server(tmp_path):
    signal = locatable(3.0)
    with contextlib.ExitStack() as stack:
        audio = stack.enter_context(VirtualAudio())
        before = audio.recorder()
        talk = stack.enter_context(Talking(audio, tmp_path, signal))
        sounds(before)

        audio.kill()
        died = time.monotonic()
        assert talk.until(is_("output", "gone", ""), "the loss of the speaker is told") - died < 5
        talk.until(is_("input", "gone", ""), "the loss of the microphone is told")
        waiting = talk.states[-1]["buffered_ms"]
        since = len(talk.states)
        audio.restart()
        after = audio.recorder()
        for direction, name in (("input", MICROPHONE), ("output", SPEAKER)):
            talk.until(is_(direction, "open", name), f"the {direction} is back", since=since)
        talk.until(lambda state: state["drained"], "all was said")
        told = dict(talk.end()["told"])

    assert waiting > 500
    lost = lost_runs(signal, before.stop() + after.stop())
    # the recorder of the next server may begin later than the speech, and that of the first died with it
    assert sum(count for _, count in lost) < 24_000 * 0.5, lost
    assert len(lost) <= 1
    assert any(f"the output device {SPEAKER} is gone and there is no other: speech waits" in words for words in told)


def test_an_interruption_works_while_there_is_no_speaker(tmp_path):
    with VirtualAudio() as audio, Talking(audio, tmp_path, locatable(3.0)) as talk:
        talk.until(is_("output", "open", SPEAKER), "the speaker is open")
        audio.kill()
        talk.until(is_("output", "gone", ""), "the loss is told")

        talk.do("flush")

        wait_until(lambda: "flushed" in talk.told, "the flush is done")
        assert talk.told["buffered_ms"] == 0
        talk.end()


@pytest.mark.alone
def test_a_hanging_server_is_told_and_afterwards_all_is_heard_and_old_sound_is_not_sent(room, tmp_path):
    signal, recorder = locatable(3.0), room.recorder()
    with Talking(room, tmp_path, signal) as talk:
        talk.until(is_("output", "open", SPEAKER), "the speaker is open")
        sounds(recorder)

        room.hang(True)
        for direction in ("input", "output"):
            talk.until(is_(direction, "frozen"), f"the frozen {direction} is told")
        time.sleep(1.5)
        since = len(talk.states)
        room.hang(False)
        talk.until(is_("output", "open", SPEAKER), "the speaker goes on", since=since)
        talk.until(lambda state: state["drained"], "all was said")
        talk.end()

    heard = compare(signal, recorder.stop())
    assert (heard.lost, heard.changed) == (0, 0), heard
    assert talk.states[-1]["dropped"] > 0


def test_a_muted_microphone_is_told_with_the_remedy_and_well_when_it_is_heard(room, tmp_path):
    with Talking(room, tmp_path) as talk:
        talk.until(is_("input", "open", MICROPHONE), "the microphone is open")
        room.mute_microphone(True)
        talk.until(is_("input", "silent"), "the silence is told")
        state = talk.states[-1]["input"]
        room.mute_microphone(False)
        since = len(talk.states)
        room.say(locatable(0.3))
        talk.until(is_("input", "open"), "it is heard", since=since)
        talk.end()

    assert state[2] == f"the microphone {MICROPHONE} gives nothing but exact silence"
    assert "muted in the system or by a switch" in state[3]


@pytest.mark.alone
def test_the_speaker_is_changed_live_and_its_buffers_too_and_no_sample_is_lost_or_heard_twice(room, tmp_path):
    signal, recorder = locatable(3.0), room.recorder()
    with Talking(room, tmp_path, signal) as talk:
        for command, device in (
            ("use output spare_speaker", "spare_speaker"),
            (f"use output {SPEAKER}", SPEAKER),
            ("setting 20 low", SPEAKER),
        ):
            sounds(recorder)
            since = len(talk.states)
            talk.do(command)
            talk.until(
                lambda state, device=device, command=command: (
                    state["output"][:2] == ["open", device] and (state["output"][4] == 20) is ("20" in command)
                ),
                command,
                since=since,
            )
        talk.do("use output gramophone")
        talk.until(lambda state: state["drained"], "all was said")
        told = talk.end()["told"]

    heard = compare(signal, recorder.stop())
    assert heard.whole, heard
    assert talk.states[-1]["output"][:2] == ["open", SPEAKER]
    assert f"no output device is called 'gramophone': {SPEAKER} stays in use" in dict(told)


def test_the_microphone_is_changed_live(room, tmp_path):
    with Talking(room, tmp_path) as talk:
        talk.until(is_("input", "open", MICROPHONE), "the microphone is open")
        talk.do("use input pulse")
        talk.until(is_("input", "open", "pulse"), "the other one is open")
        room.say(locatable(0.5))
        wait_until(lambda: any(talk.heard), "the other one is heard")
        talk.end()


def test_a_device_that_is_only_there_later_is_used_then(tmp_path):
    with VirtualAudio() as audio:
        environment = audio.environment
        audio.kill()
        with Talking(audio, tmp_path, locatable(2.0), environment=environment) as talk:
            talk.until(is_("output", "none", "silent"), "there is none")
            since = len(talk.states)
            audio.restart()
            for direction in ("input", "output"):
                talk.until(is_(direction, "open"), f"the {direction} is found", since=since)
            talk.end()


def test_trying_the_devices_is_heard_and_ends(room, tmp_path):
    recorder = room.recorder()
    with Talking(room, tmp_path) as talk:
        talk.until(is_("output", "open", SPEAKER), "the speaker is open")
        talk.do("tone")
        talk.until(lambda state: state["trying"] == "tone", "the tone sounds")
        talk.until(lambda state: not state["trying"], "the tone ends", since=len(talk.states))
        assert any(recorder.pcm)
        tone_ended = len(recorder.pcm)
        talk.do("myself on")
        talk.until(lambda state: state["trying"] == "microphone", "one hears oneself")
        signal = locatable(0.3)
        room.say(signal)
        wait_until(lambda: compare(signal, recorder.pcm[tone_ended:]).lost < 2400, "the voice is heard")
        talk.do("myself off")
        talk.until(lambda state: not state["trying"], "it ends", since=len(talk.states) - 1)
        talk.end()
