"""A sound system that does as it is told, for tests of what is done about its devices."""

from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.audio.supervisor.hotplug import DeviceNames
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import DeviceState


class Stream:
    host_api, rate, latency_ms = "Fake", 24_000, 20.0

    def __init__(self, system, name, part):
        self.system, self.part = system, part
        self.name = name or "default"
        self.setting = Setting()

    def start(self):
        self.system.open.append(self.name)

    def close(self):
        self.system.open.remove(self.name)


class System:
    """Devices there are, and those of them that the library's own list can open."""

    def __init__(self):
        self.there = {"mic", "headset", "default"}
        self.refused: set[str] = set()
        self.known = set(self.there)
        self.open: list[str] = []
        self.renewed = 0
        self.Microphone = self.Speaker = self._open

    def _open(self, name, part, lost, block_ms, latency):
        if (name or "default") in self.refused:
            raise AudioError(f"{name} is used by another program", "", DeviceState.REFUSED)
        if (name or "default") not in self.there & self.known:
            raise AudioError(f"no device is called '{name}'", "", DeviceState.GONE)
        return Stream(self, name, part)

    def renew(self):
        assert not self.open, "a list must not be renewed while streams are open"
        self.renewed += 1
        self.known = set(self.there)
        return self

    @property
    def present(self):
        return DeviceNames(frozenset(self.there - {"default"}), frozenset(self.there - {"default"}))
