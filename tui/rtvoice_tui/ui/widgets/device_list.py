"""List of one direction's devices, with the system's default first."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from textual.binding import Binding, BindingType

from rtvoice_tui.store.audio import AudioStatus, DeviceView
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.widgets.device_lines import Side, kilohertz
from rtvoice_tui.ui.widgets.lines import Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView

if TYPE_CHECKING:
    from rtvoice_tui.audio.backends.base import DeviceInfo

_FACTS = 46
"""Cells reserved for everything except the name."""


class DeviceList(PlainView):
    """One line per device; the first line is the system's default.

    Args:
        side: the direction.
        audio: status of the open devices.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "screen.gate", "The microphone's gate", show=False),  # `home` still goes to the first line
    ]

    def __init__(self, side: Side, audio: AudioStatus) -> None:
        super().__init__([], id=f"{side.direction}s")
        self.side = side
        self._audio = audio
        self._devices: list[DeviceInfo] = []
        self._known = False
        self.cursor = 0

    def listed(self, devices: Sequence["DeviceInfo"]) -> None:
        """Show these devices, of which only those of the direction are used; the cursor stays on its device."""
        name = self.chosen
        own = [d for d in devices if (d.inputs if self.side.direction == "input" else d.outputs)]
        self._devices = own
        names = ["", *(device.name for device in own)]
        if not self._known:
            name, self._known = self._view.name if self._view.wanted else "", True
        self.cursor = names.index(name) if name in names else min(self.cursor or 0, len(names) - 1)
        self.sync()

    @property
    def _view(self) -> DeviceView:
        return self.side.view(self._audio)

    @property
    def chosen(self) -> str:
        """Name of the device under the cursor; empty for the system's default."""
        return self.name_of(self.cursor or 0)

    def name_of(self, line: int) -> str:
        """Name of the device in a line; empty for the system's default."""
        return self._devices[line - 1].name if line else ""

    def refresh_from_model(self) -> bool:
        """Lay out again."""
        lines = [self._default(), *(self._line(device) for device in self._devices)]
        changed = lines != self._lines
        self._lines = lines
        return changed

    def _default(self) -> list[Piece]:
        view = self._view
        if view.wanted:
            return [("  System default", "plain")]
        # if the sound system has no name for its default, no other line can be marked as in use
        real = view.host_api and not view.absent  # not a file, and not silence in place of a speaker
        in_use = bool(self._known and real) and not any(self._is_open(device) for device in self._devices)
        return [("● " if in_use else "  ", "live"), ("System default", "title"),
                ("   in use" if in_use else "   wanted", "live" if in_use else "dim")]  # fmt: skip

    def _is_open(self, device: "DeviceInfo") -> bool:
        view = self._view
        return bool(view.name) and device.name == view.name and view.host_api in ("", device.host_api)

    def _line(self, device: "DeviceInfo") -> list[Piece]:
        own_input = self.side.direction == "input"
        view, name = self._view, one_line(device.name, 200)
        in_use = self._is_open(device)
        wanted = not in_use and bool(view.wanted) and view.wanted.lower() in device.name.lower()
        is_default = device.default_input if own_input else device.default_output
        marks = [word for word, holds in (("in use", in_use), ("wanted", wanted), ("default", is_default)) if holds]
        latency_ms = device.input_latency_ms if own_input else device.output_latency_ms
        latency = f"{latency_ms:.0f} ms" if latency_ms else ""  # miniaudio does not know it
        room = max(12, self.text_width - _FACTS)
        if cell_len(name) > room:
            name = f"{set_cell_size(name, room - 1)}…"
        api = device.host_api.removeprefix("Windows ")
        facts = f" {one_line(api, 10):<10} {kilohertz(device.rate):>8} {latency:>7}  "
        return [("● " if in_use else "  ", "live"), (set_cell_size(name, room), "title" if in_use else "plain"),
                (facts, "dim"), (" ".join(marks), "live" if in_use else "dim")]  # fmt: skip
