"""What is done about a device that is lost, on a sound system that does as it is told."""

from types import SimpleNamespace

import pytest

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.base import AudioError
from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor import recovery
from rtvoice_tui.audio.supervisor.device_slot import Line
from rtvoice_tui.audio.supervisor.recovery import Healer
from rtvoice_tui.store.audio import DeviceState
from sound_system import Stream, System


@pytest.fixture
def world(monkeypatch):
    """A session with ``mic`` and ``headset`` open; ``after(seconds)`` lets time pass."""
    system, presence = System(), SimpleNamespace(present=None, looked_at=0.0, watched=None)
    presence.watch = lambda watching, missing: setattr(presence, "watched", (watching, missing))
    monkeypatch.setattr(choosing, "choose_backend", lambda: system)
    monkeypatch.setattr(choosing, "look_again", system.renew)
    lines = [
        Line("output", "headset", Playback(24_000), lambda *_: None),
        Line("input", "mic", Capture(24_000), lambda *_: None),
    ]
    for line in lines:
        monkeypatch.setattr(line, "_drained", lambda playback: True)
    clock = SimpleNamespace(now=100.0)
    healer = Healer(lines, presence, lambda: clock.now)
    healer.look_after()
    output, input_ = healer.cares

    def after(seconds, sees=True):
        end = clock.now + seconds
        while clock.now < end:
            clock.now += 0.05
            if sees:
                if presence.present != system.present:
                    presence.present = system.present
                    healer.others_found()
                presence.looked_at = clock.now
            healer.look_after()

    return SimpleNamespace(
        system=system, healer=healer, output=output, input=input_, after=after, presence=presence, clock=clock
    )


def test_both_are_open_and_named_devices_are_watched(world):
    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.presence.watched == (True, False)


def test_a_lost_device_is_replaced_by_the_default_and_used_again_when_it_is_back(world):
    world.system.there.remove("headset")
    world.healer.ended(world.output, "the output device headset is gone")
    world.after(0.2)

    standing = world.output.line.standing
    assert (standing.name, standing.state) == ("default", DeviceState.GONE)
    assert standing.sentence == f"the output device headset is gone{recovery.INSTEAD}"

    world.system.there.add("headset")
    world.after(1.0)

    assert world.output.line.standing.state is DeviceState.OPEN
    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.system.renewed == 0


def test_a_stream_that_the_server_moved_is_left_alone_and_comes_back(world):
    world.after(0.2)
    world.system.there.remove("headset")
    world.after(0.2)

    assert world.output.line.standing.state is DeviceState.GONE
    assert sorted(world.system.open) == ["headset", "mic"]

    world.system.there.add("headset")
    world.after(1.0)

    assert world.output.line.standing.state is DeviceState.OPEN
    assert sorted(world.system.open) == ["headset", "mic"]


def test_a_device_that_the_librarys_list_does_not_know_has_it_renewed_and_both_are_opened_again(world):
    world.system.there.remove("headset")
    world.healer.ended(world.output, "gone")
    world.after(0.2)
    world.system.known.remove("headset")
    world.system.there.add("headset")

    world.after(3.0)

    assert world.output.line.standing.state is DeviceState.OPEN
    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.system.renewed == 1


def test_the_list_is_not_renewed_again_and_again_in_vain(world, monkeypatch):
    world.system.there.remove("headset")
    world.healer.ended(world.output, "gone")
    world.after(0.2)
    world.system.there.add("headset")
    world.system.known.remove("headset")
    renewals = []
    monkeypatch.setattr(choosing, "look_again", lambda: renewals.append(world.clock.now) or world.system)

    world.after(120.0)

    assert len(renewals) <= 7
    assert sorted(world.system.open) == ["default", "mic"]


def test_a_device_that_another_program_uses_is_tried_again_and_the_list_is_left_as_it_is(world):
    world.system.refused.add("headset")
    world.healer.ended(world.output, "gone")
    world.after(5.0)
    assert world.system.renewed == 0
    assert world.output.line.standing.name == "default"

    world.system.refused.clear()
    world.after(1.0)

    assert world.output.line.standing.state is DeviceState.OPEN


def test_with_no_other_device_speech_waits_and_nothing_is_tried_more_often_than_needed(world):
    world.system.there.clear()
    tries = []
    make = world.system.Speaker
    world.system.Speaker = lambda name, *more: tries.append(name) or make(name, *more)
    world.healer.ended(world.output, "the output device headset is gone")
    world.after(60.0, sees=False)

    assert world.output.line.standing.sentence.endswith("and there is no other: speech waits")
    assert len(tries) < 2 * 60 / 0.8 + 20


def test_a_frozen_device_is_left_alone_at_first_and_opened_anew_if_it_stays_so(world):
    opened = world.output.line.standing.openings
    world.output.line.frozen = True
    world.after(2.5)
    assert world.output.line.standing.openings == opened

    world.after(1.0)

    assert world.output.line.standing.openings == opened + 1


def test_a_device_that_freezes_long_after_it_was_woken_is_left_alone_at_first_too(world):
    line = world.output.line
    line.frozen = True
    world.after(3.5)
    assert not line.frozen
    world.after(60.0)
    opened, line.frozen = line.standing.openings, True
    world.after(2.5)
    assert line.standing.openings == opened

    world.after(1.0)

    assert line.standing.openings == opened + 1


def test_a_device_that_cannot_be_woken_is_opened_anew_ever_more_rarely(world):
    line, opened = world.output.line, world.output.line.standing.openings
    for _ in range(60):
        line.frozen = True
        world.after(1.0)

    assert line.standing.openings - opened == len(recovery.FROZEN_S)


def test_a_frozen_device_that_is_no_longer_there_is_lost(world):
    world.after(0.2)
    world.system.there = {"mic", "default"}
    world.output.line.frozen = True

    world.after(0.5)

    assert world.output.line.standing.name == "default"
    assert "headset is gone" in world.output.line.standing.sentence


def test_a_speaker_that_cannot_be_opened_again_with_other_buffers_is_tried_until_it_can(world):
    world.system.refused.add("headset")
    with pytest.raises(AudioError):
        world.output.line.change(world.system, Setting(20, "low"))
    world.after(1.0)
    assert "headset" not in world.system.open

    world.system.refused.clear()
    world.after(1.0)

    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.output.line.standing.state is DeviceState.OPEN


def test_a_list_that_cannot_be_renewed_costs_the_other_direction_nothing_for_long(world, monkeypatch):
    world.system.there -= {"mic", "default"}
    world.healer.ended(world.input, "gone")
    world.after(0.2)
    world.system.known.discard("mic")
    world.system.there.add("mic")
    failures = [AudioError("this machine has no sound device")]

    def look_again():
        if failures:
            raise failures.pop()
        return world.system.renew()

    monkeypatch.setattr(choosing, "look_again", look_again)
    world.after(10.0)

    assert not failures
    assert sorted(world.system.open) == ["headset", "mic"]


@pytest.fixture
def replaced(world):
    """The default stands in for ``headset``, which is back and used by another program."""
    world.system.there.remove("headset")
    world.healer.ended(world.output, "the output device headset is gone")
    world.after(0.3)
    world.system.there.add("headset")
    world.system.refused.add("headset")
    return world


def test_what_stands_in_plays_on_undisturbed_until_the_wanted_device_is_free(replaced):
    opened, sentence = replaced.output.line.standing.openings, replaced.output.line.standing.sentence
    replaced.after(5.0)

    standing = replaced.output.line.standing
    assert (standing.openings, standing.name, standing.sentence) == (opened, "default", sentence)
    assert standing.state is DeviceState.GONE

    replaced.system.refused.clear()
    replaced.after(1.0)

    assert replaced.output.line.standing.name == "headset"
    assert replaced.output.line.standing.state is DeviceState.OPEN


@pytest.mark.parametrize("change", ["another device is refused", "larger buffers"])
def test_what_stands_in_still_does_when_it_was_closed_for_a_moment(replaced, change):
    line, sentence = replaced.output.line, replaced.output.line.standing.sentence
    if change == "larger buffers":
        line.change(replaced.system, Setting(20, "low"))
    else:
        with pytest.raises(AudioError):
            line.exchange(replaced.system, "headset")

    assert (line.standing.name, line.standing.sentence) == ("default", sentence)
    assert replaced.output.missing


def test_silence_takes_the_speech_again_when_the_first_device_cannot_be_started(world, monkeypatch):
    def cannot_start(self):
        raise AudioError("it cannot be started", "", DeviceState.GONE)

    begun: list[str] = []
    line = Line("output", "", Playback(24_000), lambda *_: None, lambda: Silence(begun))
    line.put_off()
    monkeypatch.setattr(Stream, "start", cannot_start)
    for change in (line.open, line.exchange):
        with pytest.raises(AudioError):
            change(world.system, "headset")
        assert begun == ["silent"]
        assert line.stream.name == line.standing.name == "silent"


class Silence:
    """Takes speech as long as it is in ``begun``."""

    name = "silent"

    def __init__(self, begun):
        self.begun = begun
        begun.append(self.name)

    def close(self):
        self.begun.remove(self.name)


def test_an_error_of_one_direction_that_nobody_foresaw_does_not_keep_the_other_one_waiting(world, monkeypatch):
    world.healer.ended(world.output, "gone")
    world.healer.ended(world.input, "gone")
    monkeypatch.setattr(world.system, "Speaker", lambda *_: {}["something else"])
    with pytest.raises(KeyError):
        world.healer.look_after()

    assert world.system.open == ["mic"]
