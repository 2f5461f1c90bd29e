"""Taking the agent's voice out of the microphone, in synthetic rooms: what is left, and what of the person stays."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from rooms import BLOCK, RATE, Room, agent_speech, loudness_db, person_speech
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.echo_cancellers import Aec3, EnergyGate, HalfDuplex, make_canceller
from rtvoice_tui.audio.mic.echo_control import EchoControl
from rtvoice_tui.audio.mic.echo_mode import echo_mode
from rtvoice_tui.audio.mic.vad import LocalVad
from rtvoice_tui.audio.pcm.resample import convert
from rtvoice_tui.audio.station import AudioStation
from rtvoice_tui.audio.supervisor.device_slot import DeviceStatus
from rtvoice_tui.media import FLOOR_DB, DeviceState
from rtvoice_tui.store.store import Store

FRAME = 2 * BLOCK
SECONDS = 8
PERSON_AT_S = 6


def noise(seconds: float, level: float = 9000.0, seed: int = 1) -> np.ndarray:
    """Bursts like syllables: a signal that needs no speech package."""
    count = int(seconds * RATE)
    envelope = np.clip(np.sin(2 * np.pi * 3 * np.arange(count) / RATE), 0, 1)
    return (np.random.default_rng(seed).standard_normal(count) * level * envelope).astype(np.int16)


def talk(control: EchoControl, far: np.ndarray, room: Room, person: np.ndarray | None = None, at_s: float = 0.0):
    """The agent's ``far`` heard through a room, the person beside it: the microphone before and after."""
    before, after = bytearray(), bytearray()
    start = int(at_s * RATE)
    for at in range(0, len(far) - FRAME + 1, FRAME):
        played = far[at : at + FRAME]
        heard = room(played) + np.random.default_rng(at).standard_normal(FRAME) * 33
        if person is not None and start <= at < start + len(person) - FRAME:
            heard = heard + person[at - start : at - start + FRAME]
        frame = heard.clip(-32768, 32767).astype("<i2").tobytes()
        for block in (played[:BLOCK], played[BLOCK:]):
            control.played(block.tobytes())
        before += frame
        after += control.clean(frame)
    return bytes(before), bytes(after)


def part(pcm: bytes, start_s: float, end_s: float) -> bytes:
    return pcm[int(start_s * RATE) * 2 : int(end_s * RATE) * 2]


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2")


@pytest.mark.parametrize(("delay_ms", "level_db"), [(20, -10), (80, 0), (300, -10)])
def test_echo_of_hard_noise_is_down_in_every_room_after_a_second_and_the_number_shown_is_the_true_one(
    delay_ms, level_db
):
    control = EchoControl(Aec3(RATE), RATE, RATE)

    before, after = talk(control, noise(4), Room(delay_ms, level_db))

    reduction = loudness_db(part(before, 1, 4)) - loudness_db(part(after, 1, 4))
    assert reduction >= 18
    assert control.word == "cancelling"
    assert abs(control.reduction_db - reduction) < 4
    assert control.slips == 0


@pytest.mark.speech
def test_a_person_who_talks_over_the_agent_is_still_heard_and_the_agent_alone_is_not():
    from rtvoice_tui.local_agent.speech import SpeechProbability
    from rtvoice_tui.local_agent.turns import SpeechStarted, TurnDetector

    person = samples(person_speech(SECONDS - PERSON_AT_S))
    control = EchoControl(Aec3(RATE), RATE, RATE)
    before, after = talk(control, samples(agent_speech(SECONDS)), Room(80, -10), person, PERSON_AT_S)

    def starts(pcm: bytes) -> list[float]:
        detector, found = TurnDetector(SpeechProbability()), []
        for at in range(0, len(pcm), FRAME * 2):
            found += [
                at / 2 / RATE
                for event in detector.process(pcm[at : at + FRAME * 2])
                if isinstance(event, SpeechStarted)
            ]
        return found

    assert [at for at in starts(before) if at < PERSON_AT_S], "without cancelling the agent hears itself"
    (found,) = [at for at in starts(after) if at > 3]
    assert PERSON_AT_S < found < PERSON_AT_S + 1


def test_noise_suppression_takes_steady_noise_away_too():
    hiss = np.random.default_rng(5).standard_normal(4 * RATE) * 300
    left = {}
    for wanted in (False, True):
        control = EchoControl(Aec3(RATE, noise_suppression=wanted), RATE, RATE)
        frames = [hiss[at : at + FRAME].astype("<i2").tobytes() for at in range(0, len(hiss), FRAME)]
        left[wanted] = loudness_db(part(b"".join(control.clean(frame) for frame in frames), 2, 4))

    assert left[True] < left[False] - 4


def test_the_gate_lets_a_louder_person_through_and_silences_the_echo():
    control = EchoControl(EnergyGate(), RATE, RATE)
    person = noise(1, level=12_000, seed=3)

    before, after = talk(control, noise(SECONDS), Room(80, -14), person, PERSON_AT_S)

    quiet = samples(part(after, 3, PERSON_AT_S))
    assert np.mean(quiet == 0) > 0.8
    assert loudness_db(part(after, PERSON_AT_S, 7)) > loudness_db(part(before, PERSON_AT_S, 7)) - 3
    assert control.word == "gate"


def test_half_duplex_hears_nothing_while_the_agent_talks_and_everything_afterwards():
    control = EchoControl(HalfDuplex(), RATE, RATE)
    far = np.concatenate([noise(2, 6000), np.zeros(2 * RATE, np.int16)])
    person = noise(4, 2000, seed=3)

    before, after = talk(control, far, Room(80, -10), person)

    assert not any(part(after, 0.3, 1.8))
    assert control.open, "the agent has fallen silent"
    assert part(after, 2.5, 3.9) == part(before, 2.5, 3.9)


def test_while_nobody_talks_the_microphone_passes_every_way_but_off_says_so():
    assert make_canceller("off", RATE, False) == (None, "")
    for mode, name in (("on", "aec"), ("half-duplex", "half-duplex")):
        canceller, warning = make_canceller(mode, RATE, False)
        assert (canceller.name, warning) == (name, "")


def test_without_the_library_the_gate_stands_in_and_says_what_that_means(monkeypatch):
    monkeypatch.setitem(sys.modules, "pywebrtc_audio", None)

    canceller, warning = make_canceller("on", RATE, False)

    assert canceller.name == "gate"
    assert warning.startswith("pywebrtc-audio is missing")


def test_a_rate_that_cannot_be_cancelled_at_gets_the_gate():
    canceller, warning = make_canceller("on", 22_050, False)

    assert canceller.name == "gate"
    assert "22050 Hz" in warning


@pytest.mark.parametrize("rates", [(16_000, 24_000), (24_000, 48_000)], ids=str)
def test_the_reference_is_brought_to_the_microphones_rate(rates):
    near_rate, far_rate = rates
    control = EchoControl(Aec3(near_rate), near_rate, far_rate)
    count = near_rate // 50
    far = samples(convert(noise(6).tobytes(), RATE, near_rate)).astype(float)
    played = convert(noise(6).tobytes(), RATE, far_rate)
    before, after = bytearray(), bytearray()
    delayed = np.concatenate([np.zeros(near_rate // 20), far * 0.3])
    for number in range(6 * 50 - 1):
        size = far_rate // 50 * 2
        control.played(played[number * size : (number + 1) * size])
        frame = delayed[number * count : (number + 1) * count].astype("<i2").tobytes()
        before += frame
        after += control.clean(frame)

    late = len(before) // 6 * 4
    assert loudness_db(bytes(before[late:])) - loudness_db(bytes(after[late:])) >= 20


def test_before_the_agent_has_spoken_nothing_is_claimed():
    control = EchoControl(Aec3(RATE), RATE, RATE)

    talk(control, np.zeros(RATE, np.int16), Room())

    assert (control.word, control.reduction_db) == ("converging", None)
    assert not control.trustworthy


@pytest.mark.parametrize("level_db", [-200, -66], ids=["digital silence", "room noise"])
def test_with_a_headset_the_person_is_heard_unchanged_over_the_agent(level_db):
    control = EchoControl(Aec3(RATE), RATE, RATE)
    silent = np.random.default_rng(9).standard_normal(7 * RATE) * 32768 * 10 ** (level_db / 20)
    far, person, before, after = noise(7), noise(1, seed=3), bytearray(), bytearray()
    for at in range(0, len(far) - FRAME, FRAME):
        control.played(far[at : at + FRAME].tobytes())
        heard = silent[at : at + FRAME].copy()
        if 5 * RATE <= at < 6 * RATE - FRAME:
            heard += person[at - 5 * RATE : at - 5 * RATE + FRAME]
        before += (frame := heard.astype("<i2").tobytes())
        after += control.clean(frame)

    assert part(after, 5, 6) == part(before, 5, 6)
    assert control.word == "no echo"
    assert control.trustworthy


def test_echo_that_begins_later_is_noticed_and_taken_away():
    control = EchoControl(Aec3(RATE), RATE, RATE)
    talk(control, noise(5), Room(level_db=-90))
    assert control.word == "no echo"

    before, after = talk(control, noise(8), Room(60, -10))  # somebody turned the loudspeaker up

    assert loudness_db(part(before, 5, 8)) - loudness_db(part(after, 5, 8)) >= 15
    assert control.word == "cancelling"


class Recording:
    """Keeps what it is given."""

    name = "aec"
    open = True

    def __init__(self) -> None:
        self.far: list[int] = []

    def process(self, near, far):
        self.far.append(int(far[0]))
        return near


def numbered(block: int) -> bytes:
    return np.full(BLOCK, 1000 + block, "<i2").tobytes()


def test_every_frame_of_reference_meets_one_of_the_microphone_in_order():
    seen = Recording()
    control = EchoControl(seen, RATE, RATE)
    for block in range(100):
        control.played(numbered(block))
        if block % 2:
            control.clean(bytes(FRAME * 2))

    assert seen.far == [1000 + block for block in range(100)]


def test_a_speaker_whose_clock_is_faster_has_single_frames_left_out_before_the_reference_is_later_than_its_echo():
    seen = Recording()
    control = EchoControl(seen, RATE, RATE)
    most = 0
    for block in range(10_000):
        control.played(numbered(block % 1000))
        if block % 2 and block % 500 != 499:  # the microphone's clock is four in a thousand slower
            control.clean(bytes(FRAME * 2))
            most = max(most, control.waiting)

    assert most <= 7
    assert 30 <= control.slips <= 40
    assert len(seen.far) == 9960


def test_a_microphone_whose_clock_is_faster_gets_silence_for_the_frames_that_are_missing():
    seen = Recording()
    control = EchoControl(seen, RATE, RATE)
    for block in range(2000):
        control.played(numbered(block % 1000))
        if block % 2:
            control.clean(bytes(FRAME * 2))
        if block % 500 == 499:
            control.clean(bytes(FRAME * 2))

    assert len(seen.far) == 2008
    assert seen.far.count(0) == control.slips
    assert 2 <= control.slips <= 8


def test_a_speaker_that_stalls_leaves_silence_as_reference_and_the_backlog_is_skipped():
    seen = Recording()
    control = EchoControl(seen, RATE, RATE)
    control.played(numbered(0))
    for _ in range(10):
        control.clean(bytes(FRAME * 2))
    for block in range(60):
        control.played(numbered(block))
    control.clean(bytes(FRAME * 2))

    assert seen.far[:20] == [1000] + [0] * 19
    assert seen.far[20:] == [1000 + 58, 1000 + 59]
    assert control.slips


@pytest.mark.parametrize(
    ("wanted", "microphone", "speaker", "mode"),
    [
        ("auto", "USB microphone", "Built-in speakers", "on"),
        ("auto", "Jabra Headset", "Jabra Headset", "off"),
        ("auto", "Built-in microphone", "WH-1000XM4 Headphones", "off"),
        ("auto", "AirPods", "Built-in speakers", "on"),
        ("on", "Jabra Headset", "Jabra Headset", "on"),
        ("half-duplex", "microphone", "speaker", "half-duplex"),
        ("off", "microphone", "speaker", "off"),
        ("on", "", "speaker", "off"),
        ("auto", "microphone", "silent", "off"),
    ],
)
def test_what_is_done_about_echo_follows_the_wish_and_the_devices(wanted, microphone, speaker, mode):
    assert echo_mode(wanted, microphone, speaker) == mode


@pytest.fixture
def seen():
    """How a station's devices stand by direction, and ``seen.look()``, after which its canceller is returned."""
    station = AudioStation(AudioChoice(echo="half-duplex"), RATE, RATE, Store(), lambda: None, lambda *_: None)
    devices = {
        name: DeviceStatus(name, rate=RATE, openings=1, hardware=True, state=DeviceState.OPEN)
        for name in ("input", "output")
    }
    station.supervisor = SimpleNamespace(status=lambda direction: devices[direction], set_frozen=lambda *_: None)

    def look():
        station.update_status(0.0)
        return station.playback.taps or None

    return SimpleNamespace(devices=devices, look=look, station=station)


def test_what_was_learnt_of_the_echo_outlives_the_same_device_being_opened_again(seen):
    before, speaker = seen.look(), seen.devices["output"]
    assert before is not None
    seen.devices["output"] = replace(speaker, name="", hardware=False)
    assert seen.look() == before
    seen.devices["output"] = replace(speaker, openings=2)
    assert seen.look() == before


def test_another_device_has_another_echo(seen):
    before = seen.look()
    seen.devices["output"] = replace(seen.devices["output"], name="other", openings=2)
    assert seen.look() != before


def test_echo_is_taken_out_as_soon_as_both_devices_are_there(seen):
    speaker = seen.devices["output"]
    seen.devices["output"] = DeviceStatus("silent", openings=0)
    assert seen.look() is None
    seen.devices["output"] = speaker
    assert seen.look() is not None


def test_the_local_ear_believes_sixty_milliseconds_and_waits_for_a_pause():
    ear = LocalVad()
    changes = []
    for frame, level in enumerate([-30] * 2 + [FLOOR_DB] * 3 + [-30] * 5 + [FLOOR_DB] * 5 + [-30] + [FLOOR_DB] * 12):
        if ear.process(level, 20):
            changes.append((frame, ear.speaking))

    assert changes == [(7, True), (25, False)]


@pytest.mark.parametrize("canceller", [EnergyGate, HalfDuplex])
def test_a_microphone_that_is_shut_against_echo_says_so(canceller):
    control = EchoControl(canceller(), RATE, RATE)
    opened = set()
    for at, heard in enumerate(noise(2, 6000).reshape(-1, FRAME)):
        control.played(heard.tobytes())
        cleaned = control.clean((heard * 0.3).astype("<i2").tobytes())
        if at > 25 and any(heard):
            opened.add((control.open, any(cleaned)))

    assert (False, False) in opened
    assert (False, True) not in opened
