"""Looking for devices, when looking itself breaks down."""

import time
from types import SimpleNamespace

from rtvoice_tui.audio.supervisor import hotplug as module
from rtvoice_tui.audio.supervisor.hotplug import LOOK_S, Hotplug


def test_a_look_that_breaks_down_is_not_repeated_at_once(monkeypatch, caplog):
    presence, slept = Hotplug(lambda: None), []

    def look() -> None:
        raise OSError("no more processes")

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        presence._ended = True

    monkeypatch.setattr(presence, "_poll", look)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))
    presence._wanted.set()
    presence._run()
    assert sum(slept) > 8 * LOOK_S
    assert "no more processes" in caplog.text
