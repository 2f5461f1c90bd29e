"""Device status for the user: the state as one sentence with its remedy, and notices of changes. Pure."""

from dataclasses import dataclass

from rtvoice_tui.audio.supervisor.device_slot import DeviceStatus
from rtvoice_tui.media import DeviceState
from rtvoice_tui.store.audio import DeviceView

AGAIN_S = 30.0
"""The same notice is not repeated within this time."""

PART = {"input": "microphone", "output": "speaker"}


@dataclass(frozen=True)
class Assessment:
    """The overall state of one direction."""

    state: DeviceState
    sentence: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class DeviceNotice:
    """A notice for the user; ``good``: a problem is over."""

    sentence: str
    remedy: str = ""
    good: bool = False


def assess(direction: str, status: DeviceStatus, seen: DeviceState | None) -> Assessment:
    """Combine the device status with what the watchdog observes.

    Args:
        direction: ``input`` or ``output``.
        status: what is open and, if that is not the requested device, why.
        seen: the watchdog's result, or ``WRONG`` if the microphone delivers no speech; None if nothing is watched.
    """
    name, part = status.name, PART[direction]
    if status.state is not DeviceState.OPEN or seen in (None, DeviceState.OPEN):
        return Assessment(status.state, status.sentence, status.remedy)
    if seen is DeviceState.FROZEN:
        return Assessment(
            DeviceState.FROZEN,
            f"the {part} {name} has stopped answering",
            "check its connection; it goes on by itself as soon as it answers, or choose another with d",
        )
    if seen is DeviceState.WRONG:
        return Assessment(
            DeviceState.WRONG,
            f"you talk, and nothing like speech comes from the {part} {name}",
            "choose another one below, or turn its volume up",
        )
    return Assessment(
        DeviceState.SILENT,
        f"the {part} {name} gives nothing but exact silence",
        "it is muted in the system or by a switch of its own; on macOS allow the terminal the microphone",
    )


def show(view: DeviceView, status: DeviceStatus, assessment: Assessment) -> None:
    """Copy status and assessment into the store's `DeviceView`."""
    view.name, view.wanted, view.host_api = status.name, status.wanted, status.host_api
    view.rate, view.converted = status.rate, status.converted
    view.block_ms, view.latency_ms = status.block_ms, status.latency_ms
    view.state, view.sentence, view.remedy = assessment.state, assessment.sentence, assessment.remedy


class StatusNotices:
    """Decides when a change of one direction's state becomes a notice."""

    def __init__(self, direction: str) -> None:
        self._part = PART[direction]
        self._told_at: dict[str, float] = {}
        self._last = ""
        self._trouble = ""
        self._due: DeviceNotice | None = None

    def news(self, assessment: Assessment, name: str, now: float) -> DeviceNotice | None:
        """Return the notice that is due, if any. A repeated one is delayed, and dropped if it no longer holds."""
        if assessment.state is DeviceState.WRONG:
            return None  # the session reports that itself
        if assessment.sentence != self._trouble:
            before, self._trouble = self._trouble, assessment.sentence
            self._due = self._turned(assessment, name, before)
        due = self._due
        if due is None or now - self._told_at.get(due.sentence, -AGAIN_S) < AGAIN_S:
            return None
        self._due, self._last, self._told_at[due.sentence] = None, due.sentence, now
        return due

    def _turned(self, assessment: Assessment, name: str, before: str) -> DeviceNotice | None:
        if assessment.sentence:
            turned = DeviceNotice(assessment.sentence, assessment.remedy)
        elif before and assessment.state is DeviceState.OPEN:
            turned = DeviceNotice(f"the {self._part} {name} works", good=True)
        else:
            return None
        return turned if turned.sentence != self._last else None
