"""Devices that refuse the session's rate, and what converting does to the sound."""

import importlib
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from rtvoice_tui.audio import backends
from rtvoice_tui.audio.backends.latency import Setting
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.pcm.resample import Resampler, convert
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.errors import AudioError
from rtvoice_tui.media import DeviceState

OK = SimpleNamespace(input_overflow=False, output_underflow=False)


class PortAudioError(Exception):
    pass


REFUSALS = {"Invalid sample rate": -9997, "Invalid number of channels": -9998, "Device unavailable": -9985}


class FakePortAudio(ModuleType):
    """Stands in for sounddevice: one microphone and one speaker that take a single rate and number of channels."""

    def __init__(
        self,
        accepted_rate: int,
        default_rate: int = 48_000,
        refusal: str = "Invalid sample rate",
        channels: int = 1,
        host_api: str = "Fake",
    ) -> None:
        super().__init__("sounddevice")
        self.PortAudioError = PortAudioError
        self.default = SimpleNamespace(device=(0, 1))
        self.accepted_rate = accepted_rate
        self.default_rate = default_rate
        self.refusal = refusal
        self.channels = channels
        self.host_api = host_api
        self.tried: list[int] = []
        self.settings: list[dict] = []
        self.starts = True
        self.streams: list[SimpleNamespace] = []
        self.RawInputStream = self.RawOutputStream = self._open

    def WasapiSettings(self, **settings):
        return settings

    def query_hostapis(self, index=None):
        apis = [{"name": self.host_api, "default_input_device": 0, "default_output_device": 1}]
        return apis if index is None else apis[index]

    def query_devices(self, device=None, direction=None):
        common = {"hostapi": 0, "default_samplerate": float(self.default_rate)}
        latencies = {"default_low_input_latency": 0.01, "default_low_output_latency": 0.01}
        most = self.channels
        listed = [
            {"name": "mic", "max_input_channels": most, "max_output_channels": 0, **common, **latencies},
            {"name": "speaker", "max_input_channels": 0, "max_output_channels": most, **common, **latencies},
        ]
        return listed if device is None else listed[device]

    def _open(self, samplerate, callback, finished_callback, **settings):
        self.tried.append(samplerate)
        self.settings.append(settings)
        refusal = self.refusal if samplerate != self.accepted_rate else ""
        if settings["channels"] != self.channels:
            refusal = "Invalid number of channels"
        if refusal:
            raise PortAudioError(f"Error opening stream: {refusal}", REFUSALS.get(refusal, -9999))
        latency = 0.02 if settings["latency"] == "low" else settings["latency"]
        stream = SimpleNamespace(callback=callback, latency=latency, blocksize=settings["blocksize"], closed=False)
        stream.start = lambda: self._start()
        stream.close = lambda: setattr(stream, "closed", True)
        self.streams.append(stream)
        return stream

    def _start(self):
        if not self.starts:
            raise PortAudioError("Unanticipated host error", -9999)


def dead(*_):
    """What the library says when its server died."""
    raise PortAudioError("PortAudio not initialized", -10000)


@pytest.fixture
def with_devices(monkeypatch):
    """Loads `portaudio` over a fake PortAudio."""

    def load(fake: FakePortAudio) -> ModuleType:
        monkeypatch.setitem(sys.modules, "sounddevice", fake)
        for name in ("portaudio", "portaudio_opening"):
            monkeypatch.delitem(sys.modules, f"rtvoice_tui.audio.backends.{name}", raising=False)
            monkeypatch.delattr(backends, name, raising=False)
        return importlib.import_module("rtvoice_tui.audio.backends.portaudio")

    yield load
    for name in ("portaudio", "portaudio_opening"):
        sys.modules.pop(f"rtvoice_tui.audio.backends.{name}", None)
        if hasattr(backends, name):
            delattr(backends, name)


def tone(hz: float, rate: int, seconds: float = 1.0, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


def pcm16(samples: np.ndarray) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def floats(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2") / 32767


def signal_to_noise_db(samples: np.ndarray, hz: float, rate: int) -> float:
    """How far the best-fitting tone of this pitch stands above all the rest."""
    times = 2 * np.pi * hz * np.arange(len(samples)) / rate
    basis = np.stack([np.sin(times), np.cos(times)], axis=1)
    fitted = basis @ np.linalg.lstsq(basis, samples, rcond=None)[0]
    return float(10 * np.log10((fitted @ fitted) / ((samples - fitted) @ (samples - fitted))))


def in_blocks(convert_block, pcm: bytes, size: int) -> bytes:
    return b"".join(convert_block(pcm[start : start + size]) for start in range(0, len(pcm), size))


def test_a_speaker_that_refuses_24_khz_gets_its_own_rate_and_hears_the_same_tone(with_devices):
    fake = FakePortAudio(accepted_rate=48_000)
    playback = Playback(24_000)
    playback.play("item", pcm16(tone(1000, 24_000)))
    playback.end("item")

    speaker = with_devices(fake).Speaker("", playback, lambda sentence: None)

    assert fake.tried == [24_000, 48_000]
    assert speaker.rate == 48_000
    (stream,) = fake.streams
    assert stream.blocksize == 480
    heard = bytearray()
    for _ in range(90):
        block = bytearray(960)
        stream.callback(memoryview(block), 480, None, OK)
        heard += block
    steady = floats(bytes(heard))[4800:38_400]
    assert signal_to_noise_db(steady, 1000, 48_000) > 70
    assert np.abs(steady).max() == pytest.approx(0.5, abs=0.01)
    assert playback.underruns == 0


DRY = SimpleNamespace(input_overflow=False, output_underflow=True)
CONVERTED = pytest.mark.parametrize("rate", [48_000, 44_100])
BLOCKS_MS = pytest.mark.parametrize("block_ms", [10, 20, 40])


class Converted:
    """A speaker at a rate of its own that plays speech whose samples tell when they come: 1 s that rises."""

    def __init__(self, with_devices, rate: int, block_ms: int, seconds: float = 1.0, latency: float = 0.1) -> None:
        fake = FakePortAudio(accepted_rate=rate, default_rate=rate)
        self.playback, self.rate = Playback(24_000), rate
        self.playback.play("item", pcm16(np.linspace(0.02, 0.02 + seconds / 2, int(24_000 * seconds), endpoint=False)))
        self.playback.end("item")
        speaker = with_devices(fake).Speaker(
            "", self.playback, lambda sentence: None, block_ms=block_ms, latency=latency
        )
        self.playback.latency_ms = speaker.latency_ms
        (self._stream,) = fake.streams

    def block(self, status=OK) -> np.ndarray:
        """What it gets, each sample as the ms of the speech at which it stands; below 0 for silence."""
        block = bytearray(self._stream.blocksize * 2)
        self._stream.callback(memoryview(block), self._stream.blocksize, None, status)
        return (floats(bytes(block)) - 0.02) * 2000


@BLOCKS_MS
@CONVERTED
def test_a_block_that_a_dry_device_of_another_rate_threw_away_is_handed_out_again(with_devices, rate, block_ms):
    speaker = Converted(with_devices, rate, block_ms)
    for _ in range(5):
        before = speaker.block()[-1]
    speaker.block()  # nobody hears this one
    after = speaker.block(DRY)

    settled = after[rate * 2 // 1000 :]  # the converter begins anew
    assert before - 3 < settled[0] - 2 <= before + 0.1, "nothing is lost, and little comes twice"
    assert np.all(np.diff(settled) > -0.2)
    assert speaker.block()[0] == pytest.approx(after[-1], abs=0.2)


@BLOCKS_MS
@CONVERTED
def test_a_block_that_a_device_of_another_rate_had_time_to_play_is_not_handed_out_again(
    with_devices, monkeypatch, rate, block_ms
):
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    speaker = Converted(with_devices, rate, block_ms)
    for _ in range(5):
        before = speaker.block()[-1]
        now[0] += block_ms / 1000
    now[0] += 0.001

    assert speaker.block(DRY)[0] == pytest.approx(before, abs=0.2)


@CONVERTED
def test_the_end_of_an_answer_that_waited_to_be_handed_out_is_not_lost_with_a_dry_device(with_devices, rate):
    speaker = Converted(with_devices, rate, 10, seconds=0.05)
    heard = [speaker.block() for _ in range(4)]
    thrown_away = speaker.block()
    assert thrown_away.max() > 45, "it begins with the last of the speech"
    heard.append(speaker.block(DRY))

    assert max(block.max() for block in heard) > 49


def test_a_dead_device_of_another_rate_that_ran_dry_before_gives_back_what_it_held_before_that_too(
    with_devices, monkeypatch
):
    now = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    speaker = Converted(with_devices, 48_000, 10)
    for _ in range(21):
        speaker.block()
        now[0] += 0.01
    speaker.block()
    now[0] += 0.001
    speaker.block(DRY)
    now[0] += 0.01

    assert 120 <= speaker.playback.requeue_unplayed() / 24 <= 150


def test_a_microphone_that_refuses_24_khz_is_converted_to_what_the_session_speaks(with_devices):
    fake = FakePortAudio(accepted_rate=44_100, default_rate=44_100)
    capture = Capture(24_000)

    microphone = with_devices(fake).Microphone("", capture, lambda sentence: None)

    assert fake.tried == [24_000, 44_100]
    assert microphone.rate == 44_100
    said = pcm16(tone(440, 44_100))
    for start in range(0, len(said), 882):
        fake.streams[0].callback(said[start : start + 882], 441, None, OK)
    frames = [frame for frame, _ in capture.frames()]
    assert {len(frame) for frame in frames} == {960}
    assert 0.97 <= len(frames) * 0.02 <= 1.0
    assert signal_to_noise_db(floats(b"".join(frames))[2400:], 440, 24_000) > 70


def test_the_usual_rates_are_tried_where_the_devices_own_is_refused_too(with_devices):
    fake = FakePortAudio(accepted_rate=44_100, default_rate=96_000)

    with_devices(fake).Speaker("", Playback(24_000), lambda sentence: None)

    assert fake.tried == [24_000, 96_000, 48_000, 44_100]


def test_a_device_that_takes_no_rate_at_all_is_an_error_with_a_remedy(with_devices):
    fake = FakePortAudio(accepted_rate=0)

    with pytest.raises(AudioError) as caught:
        with_devices(fake).Microphone("", Capture(24_000), lambda sentence: None)

    assert caught.value.sentence.startswith("the input device mic cannot be opened: ")
    assert "Invalid sample rate" in caught.value.sentence
    assert caught.value.remedy == "choose another one (d)"


def test_other_rates_are_not_tried_when_the_device_fails_for_another_reason(with_devices):
    fake = FakePortAudio(accepted_rate=0, refusal="Unanticipated host error")

    with pytest.raises(AudioError, match="Unanticipated host error"):
        with_devices(fake).Speaker("", Playback(24_000), lambda sentence: None)

    assert fake.tried == [24_000]


@pytest.mark.parametrize(
    ("refusal", "state", "words"),
    [
        ("Device unavailable", DeviceState.REFUSED, "used by another program"),
        ("Device or resource busy", DeviceState.REFUSED, "used by another program"),
        ("Permission denied", DeviceState.DENIED, "may not be used by this program"),
        ("Access is denied. [WASAPI error 0x80070005]", DeviceState.DENIED, "may not be used by this program"),
        ("Invalid sample rate", DeviceState.REFUSED, "cannot be opened"),
        ("Unanticipated host error", DeviceState.GONE, "cannot be opened"),
    ],
)
def test_why_a_device_cannot_be_opened_is_told_apart(with_devices, refusal, state, words):
    with pytest.raises(AudioError) as caught:
        with_devices(FakePortAudio(0, refusal=refusal)).Microphone("", Capture(24_000), lambda sentence: None)

    assert caught.value.state is state
    assert words in caught.value.sentence
    assert caught.value.remedy


@pytest.mark.parametrize("channels", [2, 6])
def test_a_device_that_takes_no_mono_is_opened_with_its_channels_and_mixed(with_devices, channels):
    fake = FakePortAudio(accepted_rate=24_000, channels=channels)
    portaudio = with_devices(fake)
    capture, playback = Capture(24_000), Playback(24_000)
    portaudio.Microphone("", capture, lambda sentence: None)
    portaudio.Speaker("", playback, lambda sentence: None)
    playback.play("item", pcm16(np.full(480, 0.25)))
    playback.end("item")
    left_only = np.zeros((480, channels))
    left_only[:, 0] = 0.5
    block = bytearray(240 * 2 * channels)

    fake.streams[0].callback(pcm16(left_only), 480, None, OK)
    fake.streams[1].callback(memoryview(block), 240, None, OK)

    ((frame, _),) = capture.frames()
    assert floats(frame) == pytest.approx(0.5 / channels, abs=1e-3)
    assert len(block) == 240 * 2 * channels
    assert floats(bytes(block)) == pytest.approx(0.25, abs=1e-3)


def test_on_windows_the_system_converts_for_wasapi(with_devices):
    fake = FakePortAudio(accepted_rate=24_000, host_api="Windows WASAPI")

    with_devices(fake).Speaker("", Playback(24_000), lambda sentence: None)

    assert fake.settings[0]["extra_settings"] == {"auto_convert": True}


@pytest.mark.parametrize("kind", ["Microphone", "Speaker"])
def test_a_device_that_opens_but_does_not_start_is_an_error_and_is_given_back(with_devices, kind):
    fake = FakePortAudio(accepted_rate=24_000)
    fake.starts = False
    portaudio = with_devices(fake)
    other_end = Capture(24_000) if kind == "Microphone" else Playback(24_000)

    with pytest.raises(AudioError, match="cannot be opened"):
        getattr(portaudio, kind)("", other_end, lambda sentence: None).start()

    assert [stream.closed for stream in fake.streams] == [True]


def test_overflows_and_underruns_of_the_device_are_counted(with_devices):
    fake = FakePortAudio(accepted_rate=24_000)
    portaudio = with_devices(fake)
    capture, playback = Capture(24_000), Playback(24_000)
    portaudio.Microphone("", capture, lambda sentence: None)
    portaudio.Speaker("", playback, lambda sentence: None)
    late = SimpleNamespace(input_overflow=True, output_underflow=True)

    fake.streams[0].callback(bytes(480), 240, None, late)
    fake.streams[1].callback(memoryview(bytearray(480)), 240, None, late)

    assert (capture.overflows, playback.underruns) == (1, 1)


@pytest.mark.parametrize(("latency", "emptied"), [("low", False), (0.04, False), (0.1, True)])
def test_a_speaker_is_opened_as_asked_and_emptied_where_it_holds_much(with_devices, latency, emptied):
    fake, playback = FakePortAudio(accepted_rate=24_000), Playback(24_000)

    speaker = with_devices(fake).Speaker("", playback, lambda sentence: None, block_ms=20, latency=latency)
    speaker.start()

    assert fake.streams[0].blocksize == 480
    assert speaker.setting == Setting(20, latency)
    assert (playback.silencer is not None) is emptied
    speaker.close()
    assert playback.silencer is None


def test_a_speaker_that_was_replaced_leaves_the_next_ones_silencer_alone(with_devices):
    portaudio, playback = with_devices(FakePortAudio(accepted_rate=24_000)), Playback(24_000)
    first = portaudio.Speaker("", playback, lambda sentence: None, latency=0.1)
    first.start()
    portaudio.Speaker("", playback, lambda sentence: None, latency=0.1).start()

    first.close()

    assert playback.silencer is not None


@pytest.mark.parametrize("block", [480, 960, 96, 4410])
@pytest.mark.parametrize("hz", [200, 1000, 6000])
def test_going_to_48_khz_and_back_keeps_level_and_clarity(hz, block):
    up, down = Resampler(24_000, 48_000), Resampler(48_000, 24_000)

    there = in_blocks(up, pcm16(tone(hz, 24_000)), block)
    back = floats(in_blocks(down, there, block))

    steady = back[1200:-1200]
    assert signal_to_noise_db(steady, hz, 24_000) > 65
    assert np.sqrt(np.mean(steady**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


def test_converting_back_and_forth_delays_by_a_few_milliseconds_at_most():
    up, down = Resampler(24_000, 48_000), Resampler(48_000, 24_000)

    back = in_blocks(down, in_blocks(up, pcm16(tone(1000, 24_000)), 480), 960)

    assert 0 <= 24_000 - len(back) // 2 <= 24_000 * 0.005


def test_what_a_lower_rate_cannot_hold_is_removed_and_not_folded_back():
    down = Resampler(48_000, 24_000)

    left = floats(in_blocks(down, pcm16(tone(15_000, 48_000)), 960))

    assert np.abs(left[1200:]).max() < 0.001


def test_the_same_rate_passes_samples_through_untouched():
    same = Resampler(24_000, 24_000)

    assert same(b"\x01\x02\x03\x04") == b"\x01\x02\x03\x04"


def test_full_scale_is_not_wrapped_around():
    up = Resampler(24_000, 48_000)
    square = np.where(np.arange(24_000) // 12 % 2, 1.0, -1.0)

    loud = np.frombuffer(in_blocks(up, pcm16(square), 480), "<i2").astype(int)

    assert np.abs(np.diff(loud)).max() < 65_000  # a wrapped sample would jump from one end to the other within one step
    assert loud.max() == 32767
    assert loud.min() == -32768


def test_a_whole_recording_is_converted_to_the_same_length_of_time():
    converted = floats(convert(pcm16(tone(1000, 44_100, 2.0)), 44_100, 24_000))

    assert len(converted) == pytest.approx(48_000, abs=50)
    assert signal_to_noise_db(converted[1200:-1200], 1000, 24_000) > 70


@pytest.mark.parametrize("name", ["", "speaker"])
@pytest.mark.parametrize("question", ["query_devices", "query_hostapis"])
def test_a_library_that_cannot_tell_its_devices_is_an_error_that_is_mended_later(with_devices, question, name):
    fake = FakePortAudio(accepted_rate=24_000)
    backend = with_devices(fake)
    setattr(fake, question, dead)
    for ask in (backend.list_devices, lambda: backend.Speaker(name, Playback(24_000), lambda told: None)):
        with pytest.raises(AudioError, match="cannot list its devices") as caught:
            ask()
        assert (caught.value.state, bool(caught.value.remedy)) == (DeviceState.GONE, True)


def test_a_library_that_did_not_begin_again_does_at_the_next_look(with_devices):
    fake, begun = FakePortAudio(accepted_rate=24_000), []
    backend = with_devices(fake)
    fake._terminate, fake._initialize = lambda: None, dead
    with pytest.raises(AudioError):
        backend.rescan()
    fake._terminate, fake._initialize = dead, lambda: begun.append(True)
    backend.rescan()
    assert begun
