"""What a person is told of a device: its state in one sentence with the remedy, and each trouble once. Pure."""

from dataclasses import dataclass

from rtvoice_tui.audio.supervisor.device_slot import Standing
from rtvoice_tui.store.audio import DeviceState, DeviceView

AGAIN_S = 30.0
"""A trouble that comes and goes is not told again before that."""

PART = {"input": "microphone", "output": "speaker"}


@dataclass(frozen=True)
class Judgement:
    """How a direction does, all in all."""

    state: DeviceState
    sentence: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class News:
    """Something that the person is to be told; ``good``: a trouble is over."""

    sentence: str
    remedy: str = ""
    good: bool = False


def judge(direction: str, standing: Standing, seen: DeviceState | None) -> Judgement:
    """All that is known put together.

    Args:
        direction: ``input`` or ``output``.
        standing: what is open, and why it is not what was wanted.
        seen: what comes from it, as somebody who watches judges.
    """
    name, part = standing.name, PART[direction]
    if standing.state is not DeviceState.OPEN or seen in (None, DeviceState.OPEN):
        return Judgement(standing.state, standing.sentence, standing.remedy)
    if seen is DeviceState.FROZEN:
        return Judgement(
            DeviceState.FROZEN,
            f"the {part} {name} has stopped answering",
            "check its connection; it goes on by itself as soon as it answers, or choose another with d",
        )
    if seen is DeviceState.WRONG:
        return Judgement(
            DeviceState.WRONG,
            f"you talk, and nothing like speech comes from the {part} {name}",
            "choose another one below, or turn its volume up",
        )
    return Judgement(
        DeviceState.SILENT,
        f"the {part} {name} gives nothing but exact silence",
        "it is muted in the system or by a switch of its own; on macOS allow the terminal the microphone",
    )


def show(view: DeviceView, standing: Standing, judgement: Judgement) -> None:
    """Write all of it where the screen reads it."""
    view.name, view.wanted, view.host_api = standing.name, standing.wanted, standing.host_api
    view.rate, view.converted = standing.rate, standing.converted
    view.block_ms, view.latency_ms = standing.block_ms, standing.latency_ms
    view.state, view.sentence, view.remedy = judgement.state, judgement.sentence, judgement.remedy


class Teller:
    """Decides what of one direction is news."""

    def __init__(self, direction: str) -> None:
        self._part = PART[direction]
        self._told_at: dict[str, float] = {}
        self._last = ""
        self._trouble = ""
        self._due: News | None = None

    def news(self, judgement: Judgement, name: str, now: float) -> News | None:
        """What to tell at this look, if anything: what was told before waits, and is told if it still holds then."""
        if judgement.state is DeviceState.WRONG:
            return None  # the session has told that of this turn
        if judgement.sentence != self._trouble:
            before, self._trouble = self._trouble, judgement.sentence
            self._due = self._turned(judgement, name, before)
        due = self._due
        if due is None or now - self._told_at.get(due.sentence, -AGAIN_S) < AGAIN_S:
            return None
        self._due, self._last, self._told_at[due.sentence] = None, due.sentence, now
        return due

    def _turned(self, judgement: Judgement, name: str, before: str) -> News | None:
        if judgement.sentence:
            turned = News(judgement.sentence, judgement.remedy)
        elif before and judgement.state is DeviceState.OPEN:
            turned = News(f"the {self._part} {name} works", good=True)
        else:
            return None
        return turned if turned.sentence != self._last else None
