"""The thread that keeps a session's devices goes on whatever happens to them."""

import threading

import pytest

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor import thread
from rtvoice_tui.audio.supervisor.device_slot import DeviceSlot
from rtvoice_tui.audio.supervisor.hotplug import DeviceNames
from rtvoice_tui.audio.supervisor.thread import AudioSupervisor
from rtvoice_tui.errors import AudioError
from sound_system import System
from virtual_audio import wait_until


@pytest.fixture
def keeping(monkeypatch):
    """Begins a supervisor with a system's default devices: ``keeping(system)``."""
    supervisors = []

    class Seen:
        """They are always there."""

        present, polled_at = DeviceNames(frozenset({"default"}), frozenset({"default"})), float("inf")

        def __init__(self, changed):
            self.watch = lambda watching, missing: None
            self.close = lambda: None

    def begin(system):
        monkeypatch.setattr(choosing, "choose_backend", lambda: system)
        monkeypatch.setattr(choosing, "rescan", system.renew)
        monkeypatch.setattr(thread, "Hotplug", Seen)
        monkeypatch.setattr(DeviceSlot, "_drained", lambda slot, playback: True)
        supervisors.append(AudioSupervisor(AudioChoice(), Capture(24_000), Playback(24_000), lambda *_: None))
        supervisors[-1].open()
        return supervisors[-1]

    yield begin
    for each in supervisors:
        each.close()


def done(kept):
    """Wait until a supervisor has done what it was asked for."""
    reached = threading.Event()
    kept._jobs.put(reached.set)
    assert reached.wait(10)


def test_an_error_that_nobody_foresaw_does_not_end_the_care(keeping, monkeypatch):
    monkeypatch.setattr(thread, "AGAIN_S", 0.05)
    system = System()
    kept, make, failures = keeping(system), system.Speaker, [RuntimeError("something else")] * 3

    def failing(*arguments):
        if failures:
            raise failures.pop()
        return make(*arguments)

    system.Speaker = failing
    kept._ended(kept._output.mark, "the output device default is gone")

    wait_until(lambda: not failures and kept.status("output").hardware, "the speaker is open again")


def test_a_device_is_not_frozen_because_the_one_before_it_was(keeping):
    kept = keeping(System())
    seen = kept.status("output").openings
    kept.use_setting(Setting(20, "low"))
    kept.set_frozen("output", True, seen)
    done(kept)
    assert not kept._output.frozen

    kept.set_frozen("output", True, seen + 1)
    done(kept)
    assert kept._output.frozen


def test_a_new_device_for_which_the_list_cannot_be_renewed_leaves_the_old_ones_in_use(keeping, monkeypatch):
    system, failures = System(), [AudioError("this machine has no sound device")]
    kept = keeping(system)

    def rescan():
        if failures:
            raise failures.pop()
        return system.renew()

    monkeypatch.setattr(choosing, "rescan", rescan)
    monkeypatch.setattr(thread, "_listed", lambda direction, name: True)
    kept.use("output", "new")
    done(kept)

    wait_until(lambda: system.open == ["default"] * 2, "both are open again")
    assert not failures


def test_silence_goes_on_taking_the_speech_when_the_first_device_cannot_be_used(keeping, monkeypatch):
    system = System()
    system.there.clear()
    kept = keeping(system)
    monkeypatch.setattr(thread, "_listed", lambda direction, name: True)
    kept.use("output", "new")
    done(kept)

    assert kept.status("output").name == "silent"
    before = kept._output.part.last_request_at
    wait_until(lambda: kept._output.part.last_request_at > before, "it comes for samples")
