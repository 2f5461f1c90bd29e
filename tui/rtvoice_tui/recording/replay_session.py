"""A recording as a session that heads show like a running one: its time goes on, stands still, or jumps.

Nothing is sent, nothing is run, and nothing is written. One thread steps the replay; a jump makes a new store beside
the one that is shown, which the head's thread takes over.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from rtvoice_tui.engine.observers import EventLogObserver, store_observer
from rtvoice_tui.engine.plan import EndpointSource, Plan
from rtvoice_tui.errors import AudioError, RecordingError
from rtvoice_tui.media import DEFAULT_AUDIO_SETTINGS, AudioSettings
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.recording.format import JOURNAL
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.replayed_devices import TICK_S, HeardLevels, level_observer, prepare, prepared_store
from rtvoice_tui.recording.replayed_plan import NOTHING_SENT, plan_of_recording
from rtvoice_tui.recording.replaying import BEGINNING, Place, Replayer
from rtvoice_tui.recording.timeline import Timeline, speech_observer
from rtvoice_tui.session.commands import Command, EditSession
from rtvoice_tui.session.facts import Fact, Notice
from rtvoice_tui.session.facts import Level as Severity
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.store.store import Store
from rtvoice_tui.tools.registry import Toolset

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""How much faster than the session it can be."""

STEP_S = 20.0
"""Seconds that are replayed at a time on the way to a jump's end, which may not be wanted any more."""

FORWARD_S = 2.0
"""A jump forward that is no longer than this goes on from where it is."""


class Sound(Protocol):
    """Plays the sound of a recording."""

    def play(self, position: Callable[[], float], speed: float) -> None:
        """Begin to play at a position, which moves on, in seconds.

        Raises:
            AudioError: it cannot be played.
        """

    def stop(self) -> None:
        """Be silent at once."""

    def mute(self, muted: bool) -> None:
        """Play silence, or sound again."""


class ReplaySession:
    """A `SessionHandle` of a recording.

    Args:
        recording: the recording.
        store: what is shown; filled by the replay.
        now: returns seconds of a clock that does not stop.

    Raises:
        RecordingError: the recording holds no session.

    Attributes:
        recording: the recording.
        timeline: how long it is, and where its turns are.
        changed: called on the session's thread when there is something to `take`.
        playing: whether time goes on.
        speed: how much faster than the session.
    """

    def __init__(self, recording: Recording, store: Store, now: Callable[[], float] = time.perf_counter) -> None:
        self.recording = recording
        self._now = now
        self._store = store
        self._sound: Sound | None = None
        self._deleted = False
        self._audio = DEFAULT_AUDIO_SETTINGS
        self._plan = plan_of_recording(recording)
        self.timeline = Timeline(recording, prepared_store)
        self.changed: Callable[[], object] = lambda: None
        self.playing = False
        self.speed = 1.0
        self._from, self._since = self.timeline.begins, self._now()
        prepare(store)
        self._current = _Replay(store, self._replayer(store, BEGINNING))
        self._prepared: _Replay | None = None
        self._target: float | None = None
        self._starts = False
        self._lock = threading.RLock()
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._heard = HeardLevels(recording)

    def use_sound(self, sound: Sound) -> None:
        """Play this sound with it, from the next `play` on."""
        self._sound = sound

    # --- time

    @property
    def clock(self) -> float:
        """The time that is shown, in seconds."""
        with self._lock:
            if not self.playing:
                return self._from
            at = self._from + (self._now() - self._since) * self.speed
            return min(at, self.timeline.ends)

    @property
    def shown_at(self) -> float:
        """Up to when the store that is shown is filled, in seconds."""
        with self._lock:
            return self._current.until

    def play(self) -> None:
        """Let time go on; from the beginning if it is at the end."""
        with self._lock:
            if self.timeline.ended and self.clock >= self.timeline.ends - TICK_S:
                self.seek(self.timeline.begins)
            self._since, self.playing, self._starts = self._now(), True, True
        self._wake()

    def pause(self) -> None:
        """Let time stand still."""
        self._stand()
        self._quiet()

    def _stand(self) -> None:
        with self._lock:
            self._from, self.playing = self.clock, False

    def toggle(self) -> None:
        """Play, or pause."""
        self.pause() if self.playing else self.play()

    def use_speed(self, step: int) -> float:
        """Play faster or slower by a step; returns the speed."""
        with self._lock:
            self._from, self._since = self.clock, self._now()
            place = SPEEDS.index(self.speed) + step
            self.speed = SPEEDS[max(0, min(place, len(SPEEDS) - 1))]
            self._starts = self.playing
        self._wake()
        return self.speed

    def seek(self, at: float) -> None:
        """Go to a time in seconds; beyond the ends to the nearest."""
        with self._lock:
            self._target = max(self.timeline.begins, min(at, self.timeline.ends))
            self._from, self._since = self._target, self._now()
            self._starts = self.playing
        self._wake()

    def seek_turn(self, step: int) -> bool:
        """Go to the beginning of the turn before or after; false if there is none."""
        at, turns = self.clock, sorted(self.timeline.turns.values())
        found = [turn for turn in turns if (turn > at + TICK_S if step > 0 else turn < at - 1.0)]
        if not found and step < 0 and at > self.timeline.begins:
            found = [self.timeline.begins]
        if found:
            self.seek(found[0] if step > 0 else found[-1])
        return bool(found)

    def take(self) -> bool:
        """Show what a jump has prepared. To be called on the head's thread; true if there was something."""
        with self._lock:
            prepared, self._prepared = self._prepared, None
            if prepared is None:
                return False
            self._store.become(prepared.store)
            self._current = prepared
        self._wake()
        return True

    # --- running

    async def run(self) -> None:
        """Replay until stopped."""
        self._loop = asyncio.get_running_loop()
        self.timeline.start()
        self._advance(self._from)
        while not self._stopped:
            self._step()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), TICK_S if self.playing else None)
            self._woken.clear()
        self._quiet()
        await asyncio.to_thread(self.timeline.close)

    def _step(self) -> None:
        """Carry out a jump, or go on."""
        self._tell_if_deleted()
        with self._lock:
            target, self._target = self._target, None
        if target is not None:
            self._jump(target)
        elif self.playing and self._prepared is None:
            self._advance(self.clock)
            if self.timeline.ended and self.clock >= self.timeline.ends:
                self._stand()  # what the device still holds is heard to its end
        with self._lock:
            starts, self._starts = self._starts and self.playing, False
        if starts:
            self._play_sound()
            if not self.playing:  # paused while the device was opened
                self._quiet()

    def _tell_if_deleted(self) -> None:
        if not self._deleted and not (self.recording.folder / JOURNAL).exists():
            self._deleted = True
            sentence = "the recording was deleted meanwhile, so no more of it can be shown"
            self.report(Notice(Severity.WARNING, sentence, "q ends the replay"))

    def _jump(self, at: float) -> None:
        with self._lock:
            here = None if self._prepared is not None else self._current.replayer.at
        if here is not None and here <= at <= here + FORWARD_S:
            self._advance(at)
            return
        self.timeline.wait(at, lambda: self._target is None and not self._stopped)
        place, store = self.timeline.restore(at)
        prepare(store)
        replay = _Replay(store, self._replayer(store, place))
        near = replay.replayer.at
        while near < at:
            if self._stopped or self._target is not None:
                store.events.close()
                return  # it is not wanted any more
            near = min(at, near + STEP_S)
            self._fill(replay, near)
        self._fill(replay, at)
        with self._lock:
            self._prepared = replay
        self.changed()

    def _advance(self, at: float) -> None:
        with self._lock:
            current = self._current
        self._fill(current, at)
        if self.playing:
            for moment, level in self._heard.until(at):
                current.store.speaker.update(level, moment)

    def _fill(self, replay: "_Replay", at: float) -> None:
        try:
            replay.replayer.until(at)
        except RecordingError as error:
            replay.store.record(Notice(Severity.ERROR, error.sentence, error.remedy), at)
            replay.replayer.ended = True
        line = self.timeline
        problem = replay.replayer.problem or (line.problem if line.ended and at >= line.ends else "")
        if problem and not replay.told:
            replay.told = True
            replay.store.record(Notice(Severity.WARNING, problem), at)
        replay.until = at

    def _replayer(self, store: Store, place: Place) -> Replayer:
        log = EventLogObserver(store.events, RealtimeWire(), lambda fact: None)
        return Replayer(
            self.recording, [store_observer(store), log, speech_observer(store), level_observer(store)], place=place
        )

    # --- sound

    def _play_sound(self) -> None:
        if self._sound is None:
            return
        try:
            self._sound.play(lambda: self.clock, self.speed)
        except (AudioError, RecordingError) as error:
            self._sound = None
            self.report(Notice(Severity.WARNING, error.sentence, error.remedy))

    def _quiet(self) -> None:
        if self._sound is not None:
            self._sound.stop()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    # --- the rest of a `SessionHandle`

    @property
    def plan(self) -> Plan:
        """The plan of the recorded session."""
        return self._plan

    @property
    def settings(self) -> SessionSettings:
        """The settings of the recorded session at its start."""
        return self._plan.settings

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools of the recorded session at its start."""
        return self._plan.tools

    @property
    def audio_settings(self) -> AudioSettings:
        """Whether the replay is muted."""
        return self._audio

    def set_audio(self, settings: AudioSettings) -> None:
        """Mute the replay, or play its sound again."""
        self._audio = settings
        if self._sound is not None:
            self._sound.mute(settings.agent_muted)

    def stop(self) -> None:
        """Stop; `run` returns."""
        self._stopped = True
        self._wake()

    def report(self, fact: Fact) -> None:
        """Show a notice."""
        self._store.record(fact, self.clock)

    def after_requests(self, done: Callable[[], None]) -> None:
        """Call a function."""
        done()

    def post(self, command: Command) -> None:
        """Nothing is sent."""
        self._refuse()

    def edit(self, command: EditSession, toolset: Toolset, source: EndpointSource | None = None) -> None:
        """Nothing is sent."""
        self._refuse()

    def reopen(self, plan: Plan, history: Sequence[HistoryMessage] = (), connect: bool = True) -> None:
        """Nothing is sent."""
        self._refuse()

    def connect(self) -> None:
        """Nothing is sent."""
        self._refuse()

    def disconnect(self) -> None:
        """Nothing is sent."""
        self._refuse()

    def start_manual_run(self, name: str, arguments: str) -> None:
        """No tool is run."""
        self._refuse()

    def stop_manual_run(self, key: str) -> None:
        """No tool is run."""
        self._refuse()

    def play_test_tone(self) -> None:
        """No device is tried."""
        self._refuse()

    def monitor_microphone(self, on: bool) -> None:
        """No device is tried."""
        self._refuse()

    def release_devices(self, released: Callable[[], None]) -> None:
        """Pause."""
        self.pause()
        released()

    def reclaim_devices(self) -> None:
        """Stay paused."""

    def _refuse(self) -> None:
        self.report(Notice(Severity.INFO, NOTHING_SENT))


# --- what a replay consists of


@dataclass
class _Replay:
    """A replay, the store that it fills, and up to when; whether it was told that it is damaged."""

    store: Store
    replayer: Replayer
    until: float = 0.0
    told: bool = False
