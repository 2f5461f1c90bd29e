"""The thread that keeps a session's microphone and speaker: everything that opens, closes or lists devices runs on it.

Sound libraries bear no two such calls at a time, and a sound server that hangs keeps this thread waiting and nobody
else.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from rtvoice_tui.audio.backends import choosing
from rtvoice_tui.audio.backends.base import AudioError
from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.audio.backends.listing import list_elsewhere
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.supervisor.device_slot import Line, Standing
from rtvoice_tui.audio.supervisor.hotplug import Presence
from rtvoice_tui.audio.supervisor.recovery import Care, Healer
from rtvoice_tui.store.audio import DeviceState

OPENING_S = 5.0
"""A session goes on without devices that take longer; they join it later."""

CLOSING_S = 2.0
"""A device that takes longer to be given back is abandoned."""

AGAIN_S = 1.0
"""When to look again after something failed that nobody foresaw."""

log = logging.getLogger(__name__)

_one_at_a_time = threading.Lock()
"""A keeper that hangs may still be there when the next one begins."""


class Keeper:
    """Both devices of a session. Everything may be called from any thread.

    Args:
        choice: what was asked for.
        capture: where the microphone's blocks go.
        playback: where the speaker's samples come from.
        tell: called from any thread with a sentence and its remedy: why something that was asked for is not done.
    """

    def __init__(
        self, choice: AudioChoice, capture: Capture, playback: Playback, tell: Callable[[str, str], None]
    ) -> None:
        self._choice = choice
        self._tell = tell
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._opened = threading.Event()
        self._awake = threading.Event()
        self._awake.set()
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="audio-keeper", daemon=True)
        self._output = Line("output", choice.output_device, playback, self._ended, lambda: _silence(playback))
        self._input = Line("input", choice.input_device, capture, self._ended)
        self._presence = Presence(lambda: self._jobs.put(self._healer.others_found))
        self._healer = Healer((self._output, self._input), self._presence)

    def open(self) -> None:
        """Open both, or see to it that they are opened later. Takes a while."""
        self._thread.start()
        self._opened.wait(OPENING_S)

    def close(self) -> None:
        """Give both back. A device that hangs is not waited for."""
        self._jobs.put(None)
        self._awake.set()
        self._thread.join(CLOSING_S)
        if self._thread.is_alive():
            self._healer.abandon()

    def standing(self, direction: str) -> Standing:
        """How a direction stands."""
        return self._line(direction).standing

    def begin(self) -> None:
        """Somebody listens from now on: a file that speaks begins."""
        begin = getattr(self._input.stream, "begin", None)
        if begin is not None:
            begin()

    def rest(self, resting: Callable[[], None]) -> None:
        """Give both devices back until `wake`; what was not heard yet is heard then.

        Args:
            resting: called on the keeper's thread when they are closed.
        """
        self._awake.clear()
        self._jobs.put(lambda: self._sleep(resting))

    def wake(self) -> None:
        """Open again what `rest` closed."""
        self._awake.set()

    def use(self, direction: str, name: str) -> None:
        """Change to another device; an empty name is the system's default."""
        self._jobs.put(lambda: self._use(self._line(direction), name))

    def use_setting(self, setting: Setting) -> None:
        """Open the speaker again with other buffers."""
        self._jobs.put(lambda: self._change(self._output, setting))

    def set_frozen(self, direction: str, frozen: bool, openings: int) -> None:
        """No block comes from a device any more, or they come again; ``openings`` is that of its `Standing`."""
        self._jobs.put(lambda: self._set_frozen(self._line(direction), frozen, openings))

    def _line(self, direction: str) -> Line:
        return self._input if direction == "input" else self._output

    # --- the thread

    def _run(self) -> None:
        self._carefully(self._open_both)
        self._opened.set()
        while True:
            due = self._carefully(self._healer.look_after)
            try:
                job = self._jobs.get(timeout=None if due is None else max(0.01, due - time.monotonic()))
            except queue.Empty:
                continue
            if job is None:
                break
            self._carefully(job)
        self._presence.close()
        for line in (self._input, self._output):
            self._carefully(line.close)

    def _carefully(self, work: Callable[[], float | None]) -> float | None:
        """What ``work`` returns, which is when to look again; soon, if it fails."""
        with _one_at_a_time:
            try:
                return work()
            except Exception as error:
                if repr(error) != self._problem:  # once is enough: it may come every second
                    self._problem = repr(error)
                    log.exception("a sound device cannot be looked after")
                return time.monotonic() + AGAIN_S

    def _open_both(self) -> None:
        self._presence.watch(watching=bool(self._choice.input_device or self._choice.output_device), missing=False)
        for care in self._healer.cares:
            line = care.line
            try:
                chosen = choosing.without_hardware(self._choice, line.part, self._tell)
            except AudioError as error:
                care.needs_device = False
                line.fail(error.state, error.sentence, error.remedy)
                chosen = None
            if chosen is not None:
                line.use_file(chosen)
            if self._choice.silent or chosen is not None:
                care.needs_device = False
        self._healer.look_after()
        if self._output.stream is None:
            self._output.put_off()

    def _ended(self, mark: object, sentence: str) -> None:
        self._jobs.put(lambda: self._has_ended(mark, sentence))

    def _has_ended(self, mark: object, sentence: str) -> None:
        for care in self._healer.cares:
            if care.line.mark is mark:
                self._healer.ended(care, sentence)

    # --- what is asked for

    def _sleep(self, resting: Callable[[], None]) -> None:
        in_use = [(care, care.line.using) for care in self._healer.cares if care.line.hardware]
        for care, _ in in_use:
            care.line.drop()
        resting()
        self._awake.wait()
        for care, name in in_use:
            self._healer.reopen(care, name)

    def _use(self, line: Line, name: str) -> None:
        care = self._healer.of(line)
        try:
            try:
                line.exchange(self._healer.backend(), name)
            except AudioError as error:
                if error.state is DeviceState.REFUSED or not _listed(line.direction, name):
                    raise
                self._use_new(care, name)
        except AudioError as error:
            stays = f": {line.standing.name} stays in use" if line.standing.name else ""
            self._tell(f"{error.sentence}{stays}", error.remedy)
            return
        line.want(name)
        care.needs_device = True
        self._healer.healed(care)

    def _use_new(self, care: Care, name: str) -> None:
        """Use a device that PortAudio has not seen yet."""
        before = care.line.using if care.line.hardware else None
        if before is not None:
            care.line.release()
        try:
            self._healer.renew()
            care.line.open(self._healer.backend(), name)
        except AudioError:
            if before is not None:
                self._healer.reopen(care, before)
            raise

    def _set_frozen(self, line: Line, frozen: bool, openings: int) -> None:
        if line.hardware and line.standing.openings == openings:  # it may have been opened anew in the meantime
            line.frozen = frozen
            if not frozen:
                self._healer.thawed(self._healer.of(line))

    def _change(self, line: Line, setting: Setting) -> None:
        if not line.hardware or line.frozen or line.moved:
            return
        try:
            line.change(self._healer.backend(), setting)
        except AudioError as error:
            self._tell(error.sentence, error.remedy)


def _silence(playback: Playback) -> Any:
    from rtvoice_tui.audio.backends.wav_files import SilentSpeaker

    return SilentSpeaker(playback)


def _listed(direction: str, name: str) -> bool:
    try:
        return any(device.has(direction) and name.lower() in device.name.lower() for device in list_elsewhere())
    except AudioError:
        return False
