"""What is done about a device that is lost, on a sound system that does as it is told."""

from types import SimpleNamespace

import pytest

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor import recovery as module
from rtvoice_tui.audio.supervisor.device_slot import DeviceSlot
from rtvoice_tui.audio.supervisor.recovery import Recovery
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import DeviceState
from sound_system import Stream, System


@pytest.fixture
def world(monkeypatch):
    """A session with ``mic`` and ``headset`` open; ``after(seconds)`` lets time pass."""
    system, hotplug = System(), SimpleNamespace(present=None, polled_at=0.0, watched=None)
    hotplug.watch = lambda watching, missing: setattr(hotplug, "watched", (watching, missing))
    monkeypatch.setattr(choosing, "choose_backend", lambda: system)
    monkeypatch.setattr(choosing, "rescan", system.renew)
    slots = [
        DeviceSlot("output", "headset", Playback(24_000), lambda *_: None),
        DeviceSlot("input", "mic", Capture(24_000), lambda *_: None),
    ]
    for slot in slots:
        monkeypatch.setattr(slot, "_drained", lambda playback: True)
    clock = SimpleNamespace(now=100.0)
    recovery = Recovery(slots, hotplug, lambda: clock.now)
    recovery.run_due()
    output, input_ = recovery.sides

    def after(seconds, sees=True):
        end = clock.now + seconds
        while clock.now < end:
            clock.now += 0.05
            if sees:
                if hotplug.present != system.present:
                    hotplug.present = system.present
                    recovery.devices_changed()
                hotplug.polled_at = clock.now
            recovery.run_due()

    return SimpleNamespace(
        system=system, recovery=recovery, output=output, input=input_, after=after, hotplug=hotplug, clock=clock
    )


def test_both_are_open_and_named_devices_are_watched(world):
    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.hotplug.watched == (True, False)


def test_a_lost_device_is_replaced_by_the_default_and_used_again_when_it_is_back(world):
    world.system.there.remove("headset")
    world.recovery.ended(world.output, "the output device headset is gone")
    world.after(0.2)

    status = world.output.slot.status
    assert (status.name, status.state) == ("default", DeviceState.GONE)
    assert status.sentence == f"the output device headset is gone{module.INSTEAD}"

    world.system.there.add("headset")
    world.after(1.0)

    assert world.output.slot.status.state is DeviceState.OPEN
    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.system.renewed == 0


def test_a_stream_that_the_server_moved_is_left_alone_and_comes_back(world):
    world.after(0.2)
    world.system.there.remove("headset")
    world.after(0.2)

    assert world.output.slot.status.state is DeviceState.GONE
    assert sorted(world.system.open) == ["headset", "mic"]

    world.system.there.add("headset")
    world.after(1.0)

    assert world.output.slot.status.state is DeviceState.OPEN
    assert sorted(world.system.open) == ["headset", "mic"]


def test_a_device_that_the_librarys_list_does_not_know_has_it_renewed_and_both_are_opened_again(world):
    world.system.there.remove("headset")
    world.recovery.ended(world.output, "gone")
    world.after(0.2)
    world.system.known.remove("headset")
    world.system.there.add("headset")

    world.after(3.0)

    assert world.output.slot.status.state is DeviceState.OPEN
    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.system.renewed == 1


def test_the_list_is_not_renewed_again_and_again_in_vain(world, monkeypatch):
    world.system.there.remove("headset")
    world.recovery.ended(world.output, "gone")
    world.after(0.2)
    world.system.there.add("headset")
    world.system.known.remove("headset")
    renewals = []
    monkeypatch.setattr(choosing, "rescan", lambda: renewals.append(world.clock.now) or world.system)

    world.after(120.0)

    assert len(renewals) <= 7
    assert sorted(world.system.open) == ["default", "mic"]


def test_a_device_that_another_program_uses_is_tried_again_and_the_list_is_left_as_it_is(world):
    world.system.refused.add("headset")
    world.recovery.ended(world.output, "gone")
    world.after(5.0)
    assert world.system.renewed == 0
    assert world.output.slot.status.name == "default"

    world.system.refused.clear()
    world.after(1.0)

    assert world.output.slot.status.state is DeviceState.OPEN


def test_with_no_other_device_speech_waits_and_nothing_is_tried_more_often_than_needed(world):
    world.system.there.clear()
    tries = []
    make = world.system.Speaker
    world.system.Speaker = lambda name, *more: tries.append(name) or make(name, *more)
    world.recovery.ended(world.output, "the output device headset is gone")
    world.after(60.0, sees=False)

    assert world.output.slot.status.sentence.endswith("and there is no other: speech waits")
    assert len(tries) < 2 * 60 / 0.8 + 20


def test_a_frozen_device_is_left_alone_at_first_and_opened_anew_if_it_stays_so(world):
    opened = world.output.slot.status.openings
    world.output.slot.frozen = True
    world.after(2.5)
    assert world.output.slot.status.openings == opened

    world.after(1.0)

    assert world.output.slot.status.openings == opened + 1


def test_a_device_that_freezes_long_after_it_was_woken_is_left_alone_at_first_too(world):
    slot = world.output.slot
    slot.frozen = True
    world.after(3.5)
    assert not slot.frozen
    world.after(60.0)
    opened, slot.frozen = slot.status.openings, True
    world.after(2.5)
    assert slot.status.openings == opened

    world.after(1.0)

    assert slot.status.openings == opened + 1


def test_a_device_that_cannot_be_woken_is_opened_anew_ever_more_rarely(world):
    slot, opened = world.output.slot, world.output.slot.status.openings
    for _ in range(60):
        slot.frozen = True
        world.after(1.0)

    assert slot.status.openings - opened == len(module.FROZEN_S)


def test_a_frozen_device_that_is_no_longer_there_is_lost(world):
    world.after(0.2)
    world.system.there = {"mic", "default"}
    world.output.slot.frozen = True

    world.after(0.5)

    assert world.output.slot.status.name == "default"
    assert "headset is gone" in world.output.slot.status.sentence


def test_a_speaker_that_cannot_be_opened_again_with_other_buffers_is_tried_until_it_can(world):
    world.system.refused.add("headset")
    with pytest.raises(AudioError):
        world.output.slot.change(world.system, Setting(20, "low"))
    world.after(1.0)
    assert "headset" not in world.system.open

    world.system.refused.clear()
    world.after(1.0)

    assert sorted(world.system.open) == ["headset", "mic"]
    assert world.output.slot.status.state is DeviceState.OPEN


def test_a_list_that_cannot_be_renewed_costs_the_other_direction_nothing_for_long(world, monkeypatch):
    world.system.there -= {"mic", "default"}
    world.recovery.ended(world.input, "gone")
    world.after(0.2)
    world.system.known.discard("mic")
    world.system.there.add("mic")
    failures = [AudioError("this machine has no sound device")]

    def rescan():
        if failures:
            raise failures.pop()
        return world.system.renew()

    monkeypatch.setattr(choosing, "rescan", rescan)
    world.after(10.0)

    assert not failures
    assert sorted(world.system.open) == ["headset", "mic"]


@pytest.fixture
def replaced(world):
    """The default stands in for ``headset``, which is back and used by another program."""
    world.system.there.remove("headset")
    world.recovery.ended(world.output, "the output device headset is gone")
    world.after(0.3)
    world.system.there.add("headset")
    world.system.refused.add("headset")
    return world


def test_what_stands_in_plays_on_undisturbed_until_the_wanted_device_is_free(replaced):
    opened, sentence = replaced.output.slot.status.openings, replaced.output.slot.status.sentence
    replaced.after(5.0)

    status = replaced.output.slot.status
    assert (status.openings, status.name, status.sentence) == (opened, "default", sentence)
    assert status.state is DeviceState.GONE

    replaced.system.refused.clear()
    replaced.after(1.0)

    assert replaced.output.slot.status.name == "headset"
    assert replaced.output.slot.status.state is DeviceState.OPEN


@pytest.mark.parametrize("change", ["another device is refused", "larger buffers"])
def test_what_stands_in_still_does_when_it_was_closed_for_a_moment(replaced, change):
    slot, sentence = replaced.output.slot, replaced.output.slot.status.sentence
    if change == "larger buffers":
        slot.change(replaced.system, Setting(20, "low"))
    else:
        with pytest.raises(AudioError):
            slot.switch_to(replaced.system, "headset")

    assert (slot.status.name, slot.status.sentence) == ("default", sentence)
    assert replaced.output.missing


def test_silence_takes_the_speech_again_when_the_first_device_cannot_be_started(world, monkeypatch):
    def cannot_start(self):
        raise AudioError("it cannot be started", "", DeviceState.GONE)

    begun: list[str] = []
    slot = DeviceSlot("output", "", Playback(24_000), lambda *_: None, lambda: Silence(begun))
    slot.use_silence()
    monkeypatch.setattr(Stream, "start", cannot_start)
    for change in (slot.open, slot.switch_to):
        with pytest.raises(AudioError):
            change(world.system, "headset")
        assert begun == ["silent"]
        assert slot.stream.name == slot.status.name == "silent"


class Silence:
    """Takes speech as long as it is in ``begun``."""

    name = "silent"

    def __init__(self, begun):
        self.begun = begun
        begun.append(self.name)

    def close(self):
        self.begun.remove(self.name)


def test_an_error_of_one_direction_that_nobody_foresaw_does_not_keep_the_other_one_waiting(world, monkeypatch):
    world.recovery.ended(world.output, "gone")
    world.recovery.ended(world.input, "gone")
    monkeypatch.setattr(world.system, "Speaker", lambda *_: {}["something else"])
    with pytest.raises(KeyError):
        world.recovery.run_due()

    assert world.system.open == ["mic"]
