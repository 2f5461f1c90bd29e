"""What a user is told of a device: its state in one sentence with the remedy, and each trouble once. Pure."""

from dataclasses import dataclass

from rtvoice_tui.audio.supervisor.device_slot import DeviceStatus
from rtvoice_tui.media import DeviceState
from rtvoice_tui.store.audio import DeviceView

AGAIN_S = 30.0
"""A trouble that comes and goes is not told again before that."""

PART = {"input": "microphone", "output": "speaker"}


@dataclass(frozen=True)
class Assessment:
    """How a direction does, all in all."""

    state: DeviceState
    sentence: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class DeviceNotice:
    """Something that the user is to be told; ``good``: a trouble is over."""

    sentence: str
    remedy: str = ""
    good: bool = False


def assess(direction: str, status: DeviceStatus, seen: DeviceState | None) -> Assessment:
    """All that is known put together.

    Args:
        direction: ``input`` or ``output``.
        status: what is open, and why it is not what was wanted.
        seen: what comes from it, as somebody who watches judges.
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
    """Write all of it where the screen reads it."""
    view.name, view.wanted, view.host_api = status.name, status.wanted, status.host_api
    view.rate, view.converted = status.rate, status.converted
    view.block_ms, view.latency_ms = status.block_ms, status.latency_ms
    view.state, view.sentence, view.remedy = assessment.state, assessment.sentence, assessment.remedy


class StatusNotices:
    """Decides what of one direction is news."""

    def __init__(self, direction: str) -> None:
        self._part = PART[direction]
        self._told_at: dict[str, float] = {}
        self._last = ""
        self._trouble = ""
        self._due: DeviceNotice | None = None

    def news(self, assessment: Assessment, name: str, now: float) -> DeviceNotice | None:
        """What to tell at this look, if anything: what was told before waits, and is told if it still holds then."""
        if assessment.state is DeviceState.WRONG:
            return None  # the session has told that of this turn
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
