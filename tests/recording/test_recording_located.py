"""Every sound of a recorded session is in its stereo file within 10 ms of where it was.

That of the user on the left, when it was sent; that of the agent on the right, when it was heard. The session is the
app's own with its recorder. Devices and clock are the test's, so that all times are known to the sample.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from engine.bench import signal, until
from locating import Samples, find, find_all, loud
from realtime_server import FakeServer, Session, in_thread, plain
from recording.simulated_devices import BLOCK_S, RATE, Clock, Devices, use
from rtvoice_tui.audio import station
from rtvoice_tui.audio.mic import capture
from rtvoice_tui.audio.playout import playback
from rtvoice_tui.cli.session import Opened, choose, open_session
from rtvoice_tui.controller.planner import Options
from rtvoice_tui.engine import sound, worker
from rtvoice_tui.engine.observers import Observed, Stepped
from rtvoice_tui.recording.format import Track
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.stereo import begins, write_stereo
from rtvoice_tui.session.commands import Interrupt
from rtvoice_tui.session.effects import Flush
from rtvoice_tui.session.facts import Phase
from terminal import COMMAND, Terminal, private_environment
from virtual_audio import FIRST, MICROPHONE, SPEAKER, Recorder, VirtualAudio, wait_until

MOST_APART = RATE // 100
"""10 ms."""

MARK = RATE // 50
FRAME_BYTES = MARK * 2
EVERY = RATE // 10
AROUND = RATE // 2

PROFILE = """
provider = "generic"
url = "{url}"
[session]
turn_detection = {{type = "server_vad"}}
[audio]
echo = "off"
"""


async def listening(session: Session) -> None:
    """The server's script: the test speaks for it."""
    await session.open()


class Talk:
    """A recorded conversation whose time passes as the test says.

    Args:
        opened: the session.
        server: what it talks to.
        devices: what it hears and speaks with.
    """

    def __init__(self, opened: Opened, server: FakeServer, devices: Devices) -> None:
        self.worker, self.store, self.devices, self.server = opened.session, opened.store, devices, server
        self.folder = lambda: opened.recording.folder
        self._answers = 0
        self._flushes = 0
        self._sent = self._received = 0
        self._rest = self._due = 0
        self.connected = True
        self.worker.observers.append(self._observe)
        self.worker.taps.sent.append(self._count_sent)
        self.worker.taps.received.append(self._count_received)

    def _observe(self, observed: Observed, at: float) -> None:
        if isinstance(observed, Stepped):
            self._flushes += sum(isinstance(effect, Flush) for effect in observed.effects)

    def _count_sent(self, pcm: bytes) -> None:
        self._sent += len(pcm)

    def _count_received(self, item_id: str, pcm: bytes) -> None:
        self._received += len(pcm)

    async def passes(self, seconds: float, first_is_late_s: float = 0.0) -> None:
        """Let time pass; each frame of the microphone is sent at its time, or the first ones some time later."""
        late = round(first_is_late_s / BLOCK_S)
        for number in range(round(seconds / BLOCK_S)):
            blocks = self.devices.microphone_blocks
            self.devices.block()
            offered = self.devices.microphone_blocks - blocks
            self._rest += offered
            if number >= late:
                self._due += self._rest // 2 * FRAME_BYTES * self.connected
                self._rest %= 2
                for _ in range(100):
                    if self._sent >= self._due:
                        break
                    await asyncio.sleep(0)
                else:
                    await until(lambda: self._sent >= self._due, "the frames are sent")

    def says(self, seconds: float, seed: int) -> None:
        """The user begins to speak, for so long."""
        self.devices.mouth += signal(seconds, seed)

    async def answers(self, seconds: float, seed: int) -> None:
        """The agent's answer arrives, in one burst."""
        self._answers += 1
        before, pcm = self._received, signal(seconds, seed)
        await self.server.session.speak(f"resp_{self._answers}", f"item_a{self._answers}", pcm)
        await until(lambda: self._received == before + len(pcm), "the answer has arrived")

    async def interrupts(self) -> None:
        """The user interrupts the agent with a key."""
        flushes, truncated = self._flushes, len(self.server.sent("conversation.item.truncate"))
        self.worker.post(Interrupt())
        await until(lambda: self._flushes > flushes, "the speaker is silenced")
        await self.passes(0.1)
        await until(lambda: len(self.server.sent("conversation.item.truncate")) > truncated, "the answer is cut off")

    async def is_interrupted_by_speech(self) -> None:
        """The server hears the user while the agent speaks."""
        flushes, truncated = self._flushes, len(self.server.sent("conversation.item.truncate"))
        self.says(0.3, seed=99)
        await self.server.session.speech_started("item_u9")
        await until(lambda: self._flushes > flushes, "the speaker is silenced")
        await self.passes(0.1)
        await until(lambda: len(self.server.sent("conversation.item.truncate")) > truncated, "the answer is cut off")

    async def mutes(self, **changes: bool) -> None:
        """The user mutes a side, or no longer."""
        settings = msgspec.structs.replace(self.worker.audio_settings, **changes)
        self.worker.set_audio(settings)
        await until(lambda: self.store.audio_settings == settings, "it is muted")

    async def pauses(self, seconds: float) -> None:
        """The connection is ended, and made again later: nothing is sent meanwhile."""
        self.worker.disconnect()
        await until(lambda: self.store.session.phase is Phase.OFFLINE, "it is offline")
        self.connected = False
        await self.passes(seconds)
        self.worker.connect()
        await until(lambda: self.store.session.phase is Phase.LISTENING, "it listens again")
        self.connected = True

    async def vanishes(self, direction: str, seconds: float) -> None:
        """A device is unplugged, and plugged in again later."""
        self.devices.vanish(direction)
        await self.passes(seconds)
        openings = self.devices.openings[direction]
        self.devices.there[direction] = True
        await until(lambda: self.devices.openings[direction] > openings, f"the {direction} is open again")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextlib.asynccontextmanager
async def talking(devices: Devices, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Talk]:
    """A conversation that is recorded; complete when this ends."""
    for kind in ("CONFIG", "STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(folder / kind.lower()))
    use(devices, (worker, sound, station, capture, playback), monkeypatch)
    async with FakeServer(listening, dialect="plain") as server:
        profile = folder / "config" / "rtvoice-tui" / "profiles" / "mine.toml"
        profile.parent.mkdir(parents=True)
        profile.write_text(PROFILE.format(url=server.url))
        opened = open_session(choose(Options(profile="mine", record=str(folder / "recordings"))))
        talk = Talk(opened, server, devices)
        running = asyncio.create_task(opened.session.run())
        try:
            await until(lambda: opened.store.session.phase is Phase.LISTENING, f"it listens: {opened.store.notices}")
            yield talk
        finally:
            opened.session.stop()
            await running
            opened.store.events.close()


class Located:
    """A recording's stereo file, compared with what was sent and heard.

    Args:
        folder: the recording.
        devices: their ear.
    """

    def __init__(self, folder: Path, devices: Devices) -> None:
        self.recording = Recording(folder)
        write_stereo(self.recording, folder / "both.flac")
        both, rate = soundfile.read(folder / "both.flac", dtype="int16")
        assert rate == RATE
        self.left, self.right = both[:, 0], both[:, 1]
        self.ear = devices.ear(begins(self.recording) + 100.0)

    def sent(self) -> Iterator[tuple[int, Samples]]:
        """Frames that are loud, and when each began to be sent, as a sample's number."""
        for line in self.recording.wire():
            if line.speech is not None and line.speech.track is Track.SENT:
                frame = np.frombuffer(self.recording.speech(line.speech), "<i2")
                if loud(frame, len(frame), len(frame)):
                    yield round((line.at - begins(self.recording)) * RATE) - len(frame), frame

    def assert_left_is_where_it_was_sent(self, at_least_s: float) -> None:
        """Each loud frame is within 10 ms of its time on the wire."""
        frames = list(self.sent())
        assert len(frames) * MARK >= at_least_s * RATE
        for at, frame in frames[::3]:
            assert_near(at, frame, self.left, "sent")

    def assert_right_is_where_it_was_heard(self, at_least_s: float) -> None:
        """Each loud stretch that was heard is in the file at its time, and none that was not heard."""
        assert len(loud(self.ear, MARK, MARK)) * MARK >= at_least_s * RATE
        for at in loud(self.ear, MARK, EVERY):
            assert_near(at, self.ear[at : at + MARK], self.right, "heard")
        for at in loud(self.right, MARK, EVERY):
            assert_near(at, self.right[at : at + MARK], self.ear, "in the file")


def assert_in_one_piece(whole: Samples, channel: Samples) -> None:
    """A sound is in a channel without a gap."""
    assert whole.astype("<i2").tobytes() in channel.astype("<i2").tobytes()


def assert_near(at: int, part: Samples, channel: Samples, what: str) -> None:
    """A stretch is in a channel within 10 ms of a place."""
    found = find(part, channel, at - AROUND, at + len(part) + AROUND)
    assert found is not None, f"what was {what} at {at / RATE:.3f} s is nowhere near"
    assert abs(found.at - at) <= MOST_APART, f"what was {what} at {at / RATE:.3f} s is at {found.at / RATE:.3f} s"


@pytest.mark.parametrize("latency_ms", [30.0, 100.0])
async def test_both_sides_are_found_through_pauses_mutes_and_barge_ins(clock, tmp_path, monkeypatch, latency_ms):
    devices = Devices(clock, latency_ms)
    async with talking(devices, tmp_path, monkeypatch) as talk:
        await talk.passes(0.3)
        talk.says(0.8, seed=1)
        await talk.passes(1.0)
        await talk.answers(2.0, seed=2)
        await talk.passes(0.7)
        await talk.interrupts()

        talk.says(0.9, seed=3)
        await talk.passes(0.3)
        await talk.mutes(muted=True)
        await talk.passes(0.3)
        await talk.mutes(muted=False)
        await talk.passes(0.7)

        await talk.answers(1.2, seed=4)
        await talk.passes(0.4)
        await talk.mutes(agent_muted=True)
        await talk.passes(0.3)
        await talk.mutes(agent_muted=False)
        await talk.passes(1.0)

        await talk.pauses(0.5)
        talk.says(0.4, seed=5)
        await talk.passes(0.5)
        await talk.answers(2.0, seed=6)
        await talk.passes(0.5)
        await talk.is_interrupted_by_speech()
        await talk.passes(0.5)
        folder = talk.folder()
    located = Located(folder, devices)
    located.assert_left_is_where_it_was_sent(0.8 + 0.6 + 0.4 - 0.1)
    located.assert_right_is_where_it_was_heard(0.5 + 0.9 + 0.3)


async def test_a_speaker_that_vanishes_and_comes_back_is_heard_where_it_was_and_so_is_the_microphone(
    clock, tmp_path, monkeypatch
):
    devices = Devices(clock)
    async with talking(devices, tmp_path, monkeypatch) as talk:
        await talk.answers(2.5, seed=1)
        await talk.passes(0.8)
        await talk.vanishes("output", 0.6)
        talk.says(2.0, seed=2)
        await talk.passes(0.6)
        await talk.vanishes("input", 0.35)
        await talk.passes(1.6)
        await talk.answers(0.5, seed=3)
        await talk.passes(1.0)
        folder = talk.folder()
    located = Located(folder, devices)
    located.assert_left_is_where_it_was_sent(1.8)
    located.assert_right_is_where_it_was_heard(2.8)


async def test_a_speaker_that_asks_late_or_stands_still_for_a_moment_or_is_too_slow_is_found_where_it_was_heard(
    clock, tmp_path, monkeypatch
):
    devices = Devices(clock, late_ms=15.0, drift=0.004)
    async with talking(devices, tmp_path, monkeypatch) as talk:
        await talk.answers(6.0, seed=1)
        for _ in range(3):
            await talk.passes(1.4)
            devices.stall("output", 0.04)
        await talk.passes(2.5)
        folder = talk.folder()
    Located(folder, devices).assert_right_is_where_it_was_heard(5.9)


async def test_a_microphone_that_stands_still_for_a_moment_is_found_where_it_was_sent(clock, tmp_path, monkeypatch):
    devices = Devices(clock)
    async with talking(devices, tmp_path, monkeypatch) as talk:
        talk.says(6.0, seed=1)
        for _ in range(3):
            await talk.passes(1.4)
            devices.stall("input", 0.04)
        await talk.passes(2.0)
        folder = talk.folder()
    Located(folder, devices).assert_left_is_where_it_was_sent(5.9)


async def test_one_frame_that_is_sent_late_does_not_shift_those_behind_it(clock, tmp_path, monkeypatch):
    devices = Devices(clock)
    async with talking(devices, tmp_path, monkeypatch) as talk:
        talk.says(2.0, seed=1)
        await talk.passes(2.2, first_is_late_s=0.04)
        folder = talk.folder()
    located = Located(folder, devices)
    late, *frames = located.sent()
    assert len(frames) > 90
    assert frames[0][0] - late[0] < MARK // 2, "the second frame was sent as soon as the first"
    for at, frame in frames[2::3]:
        assert_near(at, frame, located.left, "sent")
    assert_in_one_piece(np.concatenate([frame for _, frame in (late, *frames)]), located.left)


# --- real devices

SPOKEN_S = 4.0
SPOKEN, CUT, SAID = signal(SPOKEN_S, seed=1), signal(3.0, seed=2), signal(0.5, seed=3)


def _hears(ear: Recorder, pcm: bytes, seconds: float) -> None:
    """Wait until a sound was heard up to a place."""
    place = round(seconds * RATE)
    part = np.frombuffer(pcm, "<i2")[place - MARK : place]
    wait_until(
        lambda: find(part, np.frombuffer(ear.pcm[-2 * RATE * 2 :], "<i2")) is not None,
        f"{seconds} s of it are heard",
        30.0,
    )


def apart(pcm: bytes, channel: Samples, heard: Samples, when: range) -> list[int]:
    """How many samples later than in what was heard each stretch of a sound is in a channel, in order.

    Args:
        pcm: the sound.
        channel: a channel of the stereo file.
        heard: what was really heard.
        when: samples of what was heard that count.
    """
    whole = np.frombuffer(pcm, "<i2")
    parts = [whole[place : place + MARK] for place in range(0, len(whole) - MARK, EVERY)]
    pairs = [(find_all(part, heard), find_all(part, channel)) for part in parts]
    once = [(ears[0].at, found[0].at) for ears, found in pairs if len(ears) == len(found) == 1]
    return [found - ear for ear, found in once if ear in when]


async def long_and_cut_off(session: Session) -> None:
    """A long answer, and one that the user talks over once a piece of it was heard."""
    await session.ready(RATE * 2)  # what a device tells of its delay is exact only after a while
    await session.speak("resp_1", "item_a1", SPOKEN)
    await session.expect("conversation.item.create")
    await session.speak("resp_2", "item_a2", CUT)
    await session.expect("conversation.item.create")
    await session.speech_started("item_u1")
    await session.expect("conversation.item.truncate")


@pytest.mark.device
def test_on_devices_the_agent_is_as_the_ear_heard_it_while_the_speaker_vanished_and_came_back(
    tmp_path,
):
    with VirtualAudio(pluggable=True) as audio, in_thread(plain(long_and_cut_off)) as server:
        environment = private_environment(tmp_path) | {
            name: value for name, value in audio.environment.items() if name.startswith(("PULSE_", "ALSA_"))
        }
        profile = tmp_path / "config" / "rtvoice-tui" / "profiles" / "mine.toml"
        profile.parent.mkdir(parents=True)
        profile.write_text(PROFILE.format(url=server.url))
        audio.go_first()
        ear = audio.recorder()
        command = ["nice", "-n", str(FIRST), COMMAND, "--plain", "--profile", "mine"]
        command += ["--output-device", SPEAKER, "--input-device", MICROPHONE, "--record", tmp_path / "recordings"]
        with Terminal(command, environment) as terminal:
            _hears(ear, SPOKEN, 0.6)
            unplugged = len(ear.pcm) // 2
            audio.unplug("speaker")
            terminal.wait_for("is gone")
            audio.say(SAID)
            audio.replug("speaker")
            terminal.wait_for(f"the speaker {SPEAKER} works")
            returned = len(ear.pcm) // 2
            _hears(ear, SPOKEN, SPOKEN_S - 0.1)
            terminal.type("Go on.\r")
            _hears(ear, CUT, 0.4)
            terminal.type("Stop.\r")
            wait_until(lambda: server.sent("conversation.item.truncate"), "the answer is cut off")
            assert terminal.quit("ctrl+d") == 0
        heard = np.frombuffer(ear.stop(), "<i2")
    (folder,) = (tmp_path / "recordings").iterdir()
    write_stereo(Recording(folder), tmp_path / "both.flac")
    left, right = soundfile.read(tmp_path / "both.flac", dtype="int16")[0].T
    # while the sound server has moved the stream elsewhere, what it tells of its delay is not exact
    before = apart(SPOKEN, right, heard, range(unplugged - MARK))
    after = apart(SPOKEN, right, heard, range(returned, len(heard)))
    later = apart(CUT, right, heard, range(returned, len(heard)))
    assert len(before) >= 3
    assert len(later) >= 3
    assert abs(np.median(before) - np.median(later)) <= MOST_APART, (before, after, later)
    assert not after or abs(np.median(after) - np.median(later)) <= MOST_APART, (before, after, later)
    said = apart(SAID, left, np.frombuffer(SAID, "<i2"), range(len(SAID)))
    assert len(said) >= 3
    assert abs(said[0] - np.median(said)) <= MOST_APART
    assert abs(said[-1] - np.median(said)) <= MOST_APART
