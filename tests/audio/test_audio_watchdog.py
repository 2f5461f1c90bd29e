"""Frozen and muted devices are known by what comes from them, and each trouble is told once."""

import pytest

from rtvoice_tui.audio.mic import capture as capture_module
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor.device_slot import DeviceStatus
from rtvoice_tui.audio.supervisor.status import DeviceNotice, StatusNotices, assess
from rtvoice_tui.audio.supervisor.watchdog import Watchdog
from rtvoice_tui.audio.tryout import MYSELF_S, Tryout, tone
from rtvoice_tui.media import DeviceState
from virtual_audio import locatable

WRONG = DeviceState.WRONG
OPEN, FROZEN, SILENT, GONE = DeviceState.OPEN, DeviceState.FROZEN, DeviceState.SILENT, DeviceState.GONE


@pytest.mark.parametrize(
    ("looks", "state"),
    [
        ([(0.1, 1), (0.2, 2), (0.3, 3)], OPEN),
        ([(0.1, 1), (0.3, 1), (0.5, 1), (0.55, 1)], OPEN),
        ([(0.1, 1), (0.3, 1), (0.5, 1), (0.65, 1)], FROZEN),
        ([(0.1, 1), (5.0, 1)], OPEN),  # nobody has looked for a while: that is no device's fault
        ([(0.5, 0), (1.0, 0), (1.5, 0)], OPEN),  # it has not begun yet
        ([(0.5, 0), (1.0, 0), (2.1, 0)], FROZEN),
        ([(0.1, 1), (0.3, 1), (0.5, 1), (0.9, 1), (1.0, 2)], OPEN),
    ],
)
def test_a_device_that_comes_for_no_block_for_half_a_second_is_frozen(looks, state):
    watch = Watchdog()
    watch.opened(0.0, 0)

    judged = [watch.check(now, blocks) for now, blocks in looks]

    assert judged[-1] is state


@pytest.mark.parametrize(("silent_s", "state"), [(0.0, OPEN), (1.9, OPEN), (2.0, SILENT)])
def test_a_microphone_is_muted_after_two_seconds_of_exact_zeros(silent_s, state):
    watch = Watchdog()
    watch.opened(0.0, 0)

    assert watch.check(0.1, 1, silent_s) is state


def test_muting_proves_nothing_of_a_silent_microphone_and_opening_it_on_silence_says_nothing_new():
    watch, notices, status = Watchdog(), StatusNotices("input"), DeviceStatus("X", state=OPEN, hardware=True)
    watch.opened(0.0, 0)
    muted = None

    def check(now, silent_s):
        return notices.news(assess("input", status, watch.check(now, now, silent_s)), "X", now)

    told = [check(now, silent_s) for now, silent_s in enumerate([0.0, 2.0, muted, 4.0, muted, 6.0, 0.0], 1)]

    sentences = [news and news.sentence for news in told]
    silent, works = "the microphone X gives nothing but exact silence", "the microphone X works"
    assert sentences == [None, silent, None, None, None, None, works]


def test_silence_that_comes_back_is_told_again_as_soon_as_half_a_minute_is_over():
    notices, status = StatusNotices("input"), DeviceStatus("X", state=OPEN, hardware=True)
    seen = {10: SILENT, 14: OPEN, 20: SILENT}
    told, state = {}, OPEN
    for now in range(60):
        state = seen.get(now, state)
        if news := notices.news(assess("input", status, state), "X", now):
            told[now] = news.good

    assert told == {10: False, 14: True, 40: False}


def test_exact_zeros_are_counted_and_the_faintest_noise_ends_them_whatever_the_volume():
    capture = Capture(24_000)
    capture.gain.db = -40.0
    for _ in range(50):
        capture.offer(bytes(960))
    capture.frames()
    assert capture.silent_s == pytest.approx(1.0)

    capture.offer(b"\x01\x00" + bytes(958))
    capture.frames()

    assert capture.silent_s == 0.0


def test_what_a_device_kept_while_it_was_frozen_is_cut_to_a_second_and_counted(monkeypatch):
    now = 100.0
    monkeypatch.setattr(capture_module.time, "perf_counter", lambda: now)
    capture, sound = Capture(24_000), locatable(3.0)
    capture.offer(sound[:480])
    now = 103.0
    for start in range(480, len(sound), 480):
        capture.offer(sound[start : start + 480])
    assert capture.frames() == []  # more of it may come
    now = 103.2

    heard = b"".join(frame for frame, _ in capture.frames())

    assert heard == sound[-len(heard) :]
    assert len(heard) == 48_000
    assert capture.dropped == 200


@pytest.mark.parametrize(
    ("status", "seen", "state", "words"),
    [
        (DeviceStatus("X", state=OPEN), OPEN, OPEN, ""),
        (DeviceStatus("X", state=OPEN), FROZEN, FROZEN, "the speaker X has stopped answering"),
        (DeviceStatus("X", state=GONE, sentence="Y is gone"), OPEN, GONE, "Y is gone"),
        (DeviceStatus("X", state=GONE, sentence="Y is gone"), FROZEN, GONE, "Y is gone"),
        (DeviceStatus("X.wav", state=OPEN), None, OPEN, ""),
    ],
)
def test_what_is_open_and_what_comes_from_it_make_one_state(status, seen, state, words):
    assessment = assess("output", status, seen)

    assert (assessment.state, assessment.sentence) == (state, words)
    assert bool(assessment.remedy) is (state is FROZEN)


def test_a_trouble_is_told_once_and_its_end_too_and_one_that_flickers_only_every_half_minute():
    notices, frozen, well = StatusNotices("output"), DeviceStatus("X", state=OPEN), DeviceStatus("X", state=OPEN)

    def check(seen, now):
        return notices.news(assess("output", frozen if seen is FROZEN else well, seen), "X", now)

    told = [check(seen, now) for now, seen in enumerate([OPEN, FROZEN, FROZEN, OPEN, OPEN, FROZEN, OPEN])]
    later = [check(FROZEN, 100), check(OPEN, 101)]

    stopped = "the speaker X has stopped answering"
    sentences = [news and news.sentence for news in told + later]
    assert sentences == [None, stopped, None, "the speaker X works", None, None, None, stopped, "the speaker X works"]
    assert [news.good for news in told if news] == [False, True]
    assert isinstance(told[1], DeviceNotice)


def test_the_tone_is_a_second_at_minus_20_db_that_begins_and_ends_softly():
    playback = Playback(24_000)
    tryout = Tryout(playback, 24_000)

    assert tryout.play_tone()
    heard = b"".join(playback.fill(240) for _ in range(120))

    samples = [int.from_bytes(heard[i : i + 2], "little", signed=True) for i in range(0, len(heard), 2)]
    assert max(samples) == pytest.approx(3277, abs=5)
    assert max(abs(s) for s in samples[:24]) < 300
    assert not any(samples[24_000:])
    assert tryout.sounds == ""
    assert len(tone(48_000)) == 96_000
    assert playback.report().played_ms == {}


def test_a_tone_that_is_asked_for_again_begins_anew():
    playback = Playback(24_000)
    tryout = Tryout(playback, 24_000)
    tryout.play_tone()
    playback.fill(12_000)

    assert tryout.play_tone()

    assert playback.fill(24_000) == tone(24_000)
    assert tryout.sounds == ""


def test_nothing_is_tried_while_something_is_said():
    playback = Playback(24_000)
    playback.play("item", locatable(0.5))
    tryout = Tryout(playback, 24_000)

    assert not tryout.play_tone()
    assert not tryout.monitor_microphone(True, 0.0)
    assert tryout.sounds == ""


def test_one_hears_oneself_until_speech_comes_and_for_half_a_minute_at_most():
    playback, voice = Playback(24_000), locatable(0.02)
    tryout = Tryout(playback, 24_000)
    assert tryout.monitor_microphone(True, 0.0)
    tryout.microphone(voice, 0.02)
    assert playback.fill(480) == voice

    speech = locatable(0.2, seed=2)
    playback.play("item", speech)
    playback.end("item")
    tryout.microphone(voice, 0.04)
    assert playback.fill(4800) == speech
    assert tryout.sounds == "microphone"

    tryout.microphone(voice, MYSELF_S + 1)
    assert tryout.sounds == ""
    assert not any(playback.fill(480))


def test_a_microphone_that_is_doubted_is_shown_with_the_remedy_and_not_told_again():
    status = DeviceStatus(name="webcam", state=OPEN, hardware=True)
    notices = StatusNotices("input")

    doubted = assess("input", status, WRONG)

    assert (doubted.state, "webcam" in doubted.sentence, "choose another" in doubted.remedy) == (WRONG, True, True)
    assert notices.news(doubted, "webcam", 1.0) is None
    assert notices.news(assess("input", status, OPEN), "webcam", 2.0) is None
