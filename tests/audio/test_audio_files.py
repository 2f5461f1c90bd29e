"""WAV files in the place of microphone and speaker."""

import gc
import os
import stat
import struct
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rtvoice_tui.audio.backends.wav_checks import check_files, completed
from rtvoice_tui.audio.backends.wav_files import FileMicrophone, FileSpeaker, SilentSpeaker, read_wav
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.capture import Capture
from rtvoice_tui.audio.playout.playback import Playback
from rtvoice_tui.audio.station import AudioStation
from rtvoice_tui.errors import AudioError
from rtvoice_tui.store.store import Store
from virtual_audio import compare, locatable, wait_until, write_wav


def heard_frames(capture: Capture) -> bytes:
    return b"".join(frame for frame, _ in capture.frames())


def read(path) -> tuple[bytes, int, int, int]:
    with wave.open(str(path), "rb") as wav:
        return wav.readframes(wav.getnframes()), wav.getframerate(), wav.getnchannels(), wav.getsampwidth()


# --- the microphone


def test_a_file_is_not_spoken_before_somebody_listens(tmp_path):
    capture = Capture(24_000)
    microphone = FileMicrophone(write_wav(tmp_path / "a.wav", locatable(0.5)), capture)
    pacer = SilentSpeaker(Playback(24_000))  # a clock of the same make runs, so time does pass
    fills = []
    pacer._playback.fill = lambda count: fills.append(count) or b""  # type: ignore[method-assign]

    wait_until(lambda: len(fills) > 10, "a clock would have ticked ten times")

    assert capture.blocks == 0
    pacer.close()
    microphone.close()


def test_a_file_is_spoken_whole_and_once_and_then_there_is_silence(tmp_path):
    signal = locatable(0.31)
    capture = Capture(24_000)
    microphone = FileMicrophone(write_wav(tmp_path / "a.wav", signal), capture)

    microphone.start_deferred()
    wait_until(lambda: capture.blocks >= 60, "the file and some silence were spoken")
    microphone.close()

    heard = heard_frames(capture)
    assert heard[: len(signal)] == signal
    assert not any(heard[len(signal) :])
    assert len(heard) > len(signal) + 4800


def test_beginning_twice_speaks_once(tmp_path):
    signal = locatable(0.2)
    capture = Capture(24_000)
    microphone = FileMicrophone(write_wav(tmp_path / "a.wav", signal), capture)

    microphone.start_deferred()
    microphone.start_deferred()
    wait_until(lambda: capture.blocks >= 30, "the file was spoken")
    microphone.close()

    assert compare(signal, heard_frames(capture)).whole


def test_after_closing_nothing_more_is_spoken_and_no_thread_is_left(tmp_path):
    threads = threading.active_count()
    capture = Capture(24_000)
    microphone = FileMicrophone(write_wav(tmp_path / "a.wav", locatable(5.0)), capture)
    microphone.start_deferred()
    wait_until(lambda: capture.blocks >= 3, "it speaks")

    microphone.close()

    assert threading.active_count() == threads
    assert capture.blocks < 500


def test_closing_before_beginning_is_fine(tmp_path):
    microphone = FileMicrophone(write_wav(tmp_path / "a.wav", locatable(0.1)), Capture(24_000))

    microphone.close()

    assert microphone.name == "a.wav"


def test_an_empty_file_is_silence(tmp_path):
    capture = Capture(24_000)
    microphone = FileMicrophone(write_wav(tmp_path / "a.wav", b""), capture)

    microphone.start_deferred()
    wait_until(lambda: capture.blocks >= 10, "silence is spoken")
    microphone.close()

    assert heard_frames(capture).strip(b"\0") == b""


# --- reading WAV files


def test_a_mono_file_at_the_sessions_rate_is_read_bit_for_bit(tmp_path):
    signal = locatable(0.5)

    assert read_wav(write_wav(tmp_path / "a.wav", signal), 24_000) == signal


def test_a_stereo_file_at_44100_hz_becomes_mono_at_the_sessions_rate(tmp_path):
    time = np.arange(44_100) / 44_100
    left = 0.6 * np.sin(2 * np.pi * 440 * time)
    right = 0.2 * np.sin(2 * np.pi * 440 * time)
    stereo = (np.stack([left, right], axis=1) * 32767).astype("<i2").tobytes()

    pcm = read_wav(write_wav(tmp_path / "a.wav", stereo, rate=44_100, channels=2), 24_000)

    samples = np.frombuffer(pcm, "<i2") / 32767
    assert len(samples) == pytest.approx(24_000, abs=50)
    spectrum = np.abs(np.fft.rfft(samples[:24_000], 24_000))
    assert spectrum.argmax() == pytest.approx(440, abs=1)
    assert np.abs(samples[1200:-1200]).max() == pytest.approx(0.4, abs=0.01)


def test_loud_stereo_does_not_wrap_when_mixed(tmp_path):
    loud = np.full((2400, 2), 32767, "<i2").tobytes()

    pcm = read_wav(write_wav(tmp_path / "a.wav", loud, channels=2), 24_000)

    assert set(np.frombuffer(pcm, "<i2")) == {32767}


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_every_usual_rate_keeps_its_length_in_time(tmp_path, rate):
    pcm = read_wav(write_wav(tmp_path / "a.wav", bytes(rate * 2), rate=rate), 24_000)

    assert len(pcm) // 2 == pytest.approx(24_000, abs=50)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no WAV file that can be read"),
        (b"this is a text and not sound at all", "is no WAV file that can be read"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "is no WAV file that can be read"),
    ],
    ids=["empty", "text", "header cut off"],
)
def test_what_is_no_wav_file_is_told_in_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "a.wav"
    path.write_bytes(content)

    with pytest.raises(AudioError) as caught:
        read_wav(path, 24_000)

    assert sentence in caught.value.sentence
    assert str(path) in caught.value.sentence
    assert caught.value.remedy == "convert it to 16-bit PCM WAV"


def test_a_missing_file_is_told_in_a_sentence(tmp_path):
    with pytest.raises(AudioError, match="does not exist") as caught:
        read_wav(tmp_path / "nowhere.wav", 24_000)

    assert "--input-file" in caught.value.remedy


def test_a_folder_is_no_wav_file(tmp_path):
    with pytest.raises(AudioError, match="is no WAV file that can be read"):
        read_wav(tmp_path, 24_000)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"])
@pytest.mark.parametrize("format_", ["WAV", "WAVEX"], ids=["plain", "extensible header"])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_of_any_format_are_read_as_they_sound(tmp_path, subtype, format_, channels):
    path = tmp_path / "a.wav"
    wave_ = np.sin(np.arange(24_000) * 0.05) * 0.5
    soundfile.write(path, np.stack([wave_] * channels, axis=1), 24_000, subtype=subtype, format=format_)
    check_files(path, None)

    pcm = np.frombuffer(read_wav(path, 24_000), "<i2") / 32768

    assert len(pcm) == 24_000
    assert np.abs(pcm - wave_).max() < 0.03


def test_a_float_file_with_samples_that_are_no_numbers_or_too_loud_is_read(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([np.nan, np.inf, -np.inf, 5.0, 0.5], "float32"), 24_000, subtype="FLOAT")

    assert np.frombuffer(read_wav(path, 24_000), "<i2").tolist() == [0, 32767, -32767, 32767, 16383]


@pytest.mark.parametrize("kept", [44, 50, 60, 100])
def test_a_damaged_file_of_another_format_is_told_in_a_sentence(tmp_path, kept):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(1000), 24_000, subtype="PCM_24", format="WAVEX")
    path.write_bytes(path.read_bytes()[:kept].replace(b"fmt ", b"xxxx"))
    with pytest.raises(AudioError) as caught:
        read_wav(path, 24_000)
    assert str(path) in caught.value.sentence
    assert caught.value.remedy == "convert it to 16-bit PCM WAV"


def test_a_new_recording_may_be_read_by_nobody_else_and_an_old_one_keeps_its_rights(tmp_path):
    for name, before in (("new.wav", None), ("old.wav", 0o640)):
        path = tmp_path / name
        if before is not None:
            path.touch(mode=before)
            path.chmod(before)
        FileSpeaker(path, Playback(24_000)).close()
        assert stat.S_IMODE(path.stat().st_mode) == (before or 0o600)


@pytest.mark.parametrize("rate", [24_000, 44_100])
def test_a_file_that_ends_in_the_middle_of_a_sample_is_read_up_to_there(tmp_path, rate):
    path = write_wav(tmp_path / "a.wav", locatable(0.5), rate=rate)
    path.write_bytes(path.read_bytes()[:-101])

    pcm = read_wav(path, 24_000)

    assert len(pcm) % 2 == 0
    assert len(pcm) // 2 == pytest.approx((12_000 - 51) * 24_000 / rate, abs=50)


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 0xFFFF_FFFF])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_header_with_an_impossible_rate_is_told_in_a_sentence(tmp_path, rate, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(2400), 24_000, subtype=subtype)
    content = bytearray(path.read_bytes())
    content[24:28] = struct.pack("<I", rate)
    path.write_bytes(content)

    for refuse in (lambda: read_wav(path, 24_000), lambda: check_files(path, None)):
        with pytest.raises(AudioError, match=str(path)):
            refuse()


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("ending", [".raw", ".pcm", ".mp3", ""])
def test_a_file_is_read_by_its_content_and_not_by_its_name(tmp_path, subtype, ending):
    path = tmp_path / f"speech{ending}"
    soundfile.write(path, np.full(240, 0.5), 24_000, subtype=subtype, format="WAV")
    check_files(path, None)
    assert len(read_wav(path, 24_000)) == 480


@pytest.mark.parametrize(("format_", "endian"), [("RF64", "FILE"), ("WAV", "BIG")], ids=["RF64", "RIFX"])
@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_large_files_and_those_in_the_other_order_of_bytes_are_read(tmp_path, format_, endian, subtype):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(240, 0.5), 24_000, subtype=subtype, format=format_, endian=endian)
    check_files(path, None)
    assert np.frombuffer(read_wav(path, 24_000), "<i2")[100] == pytest.approx(16_384, abs=2)


# --- the speaker


def test_what_is_played_is_written_exactly_and_once(tmp_path):
    signal = locatable(0.5)
    playback = Playback(24_000)
    speaker = FileSpeaker(tmp_path / "out.wav", playback)

    playback.play("item", signal)
    playback.end("item")
    wait_until(lambda: playback.report().drained, "it was played")
    speaker.close()

    pcm, rate, channels, width = read(tmp_path / "out.wav")
    heard = compare(signal, pcm)
    assert heard.whole, heard
    assert heard.pauses == 0
    assert (rate, channels, width) == (24_000, 1, 2)


def test_silence_between_answers_is_written_too(tmp_path):
    playback = Playback(24_000)
    speaker = FileSpeaker(tmp_path / "out.wav", playback)
    first, second = locatable(0.2, seed=3), locatable(0.2, seed=4)
    ticks = []
    fill = playback.fill
    playback.fill = lambda count: ticks.append(count) or fill(count)  # type: ignore[method-assign]

    for item, signal in (("one", first), ("two", second)):
        playback.play(item, signal)
        playback.end(item)
        wait_until(lambda: playback.report().drained, "it was played")
        silent_from = len(ticks)
        wait_until(lambda silent_from=silent_from: len(ticks) > silent_from + 5, "there was some silence")
    speaker.close()

    pcm, *_ = read(tmp_path / "out.wav")
    heard = compare(first + second, pcm)
    assert heard.whole
    assert heard.pauses >= 5 * 240


def test_an_interrupted_answer_ends_in_the_file_where_it_ended_for_the_user(tmp_path):
    signal = locatable(3.0)
    playback = Playback(24_000)
    speaker = FileSpeaker(tmp_path / "out.wav", playback)
    playback.play("item", signal)
    wait_until(lambda: playback.report().played_ms.get("item", 0) > 200, "it speaks")

    playback.flush(fade_ms=0)
    wait_until(lambda: playback.flushed, "the flush was carried out")
    played_ms = playback.report().played_ms["item"]
    speaker.close()

    pcm, *_ = read(tmp_path / "out.wav")
    heard = np.count_nonzero(np.frombuffer(pcm, "<i2"))
    assert heard * 1000 / 24_000 == pytest.approx(played_ms)
    assert 200 < played_ms < 3000


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(tmp_path):
    with pytest.raises(AudioError, match="cannot be written") as caught:
        FileSpeaker(tmp_path / "no" / "such" / "folder.wav", Playback(24_000))

    assert "--output-file" in caught.value.remedy
    del caught
    gc.collect()  # what the half-made speaker leaves behind must not complain when it is thrown away


def test_closing_the_speaker_leaves_no_thread_and_no_open_file(tmp_path):
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))

    for round_ in range(5):
        FileSpeaker(tmp_path / f"{round_}.wav", Playback(24_000)).close()

    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == descriptors


# --- chosen together


@pytest.fixture
def opened():
    """Opens a session's sound: ``opened(choice)`` tells what the store says then."""
    stations = []

    def begin(choice):
        store = Store()
        stations.append(AudioStation(choice, 24_000, 24_000, store, lambda: None, lambda sentence, remedy: None))
        stations[-1].open()
        stations[-1].update_status(0.0)
        return store.audio

    yield begin
    for station in stations:
        station.close()


def test_files_take_the_place_of_both_devices(tmp_path, opened):
    choice = AudioChoice(
        input_file=write_wav(tmp_path / "in.wav", locatable(0.1)), output_file=tmp_path / "out.wav", silent=True
    )

    health = opened(choice)

    assert (health.input_name, health.output_name, health.problem) == ("in.wav", "out.wav", "")


def test_a_bad_input_file_leaves_a_silent_session_and_the_reason(tmp_path, opened):
    health = opened(AudioChoice(input_file=tmp_path / "nowhere.wav", silent=True))

    assert health.problem == f"{tmp_path / 'nowhere.wav'} does not exist"
    assert health.remedy
    assert (health.input_name, health.output_name) == ("", "silent")


def test_a_silent_session_has_no_microphone_and_no_complaint(opened):
    health = opened(AudioChoice(silent=True))

    assert (health.input_name, health.output_name, health.problem) == ("", "silent", "")


@pytest.mark.parametrize("chunk", [b"LIST" + struct.pack("<I", 5000) + b"x" * 20, b"fmt " + struct.pack("<I", 528)])
def test_parts_that_do_not_fit_together_are_told_in_a_sentence(tmp_path, chunk):
    head = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 24_000, 48_000, 2, 16)
    body = b"WAVE" + (head + chunk if chunk.startswith(b"LIST") else chunk + head[8:])
    path = tmp_path / "a.wav"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    for refuse in (lambda: read_wav(path, 24_000), lambda: check_files(path, None)):
        with pytest.raises(AudioError):
            refuse()


@pytest.mark.parametrize("which", [0, 1])
def test_a_path_that_cannot_be_one_is_told_in_a_sentence(which):
    with pytest.raises(AudioError):
        check_files(*[Path("a\0b.wav") if index == which else None for index in range(2)])


SIZES = {"left at zero": (0, 0), "the most": (0xFFFFFFFF, 0xFFFFFFFF), "of the header alone": (36, 0)}


@pytest.mark.parametrize(("whole", "sound"), SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_recording_whose_sizes_were_left_open_is_read_whole(tmp_path, subtype, whole, sound):
    path = tmp_path / "a.wav"
    wave_ = np.sin(np.arange(24_000) * 0.05) * 0.5
    soundfile.write(path, wave_, 24_000, subtype=subtype)
    data = bytearray(path.read_bytes())
    at = data.index(b"data") + 4
    data[4:8], data[at : at + 4] = whole.to_bytes(4, "little"), sound.to_bytes(4, "little")
    path.write_bytes(bytes(data))
    check_files(path, None)
    assert len(read_wav(path, 24_000)) == 48_000


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_recording_is_read_from_a_pipe(tmp_path, subtype):
    source, pipe = tmp_path / "a.wav", tmp_path / "pipe.wav"
    soundfile.write(source, np.zeros(2400), 24_000, subtype=subtype)
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(source.read_bytes()), daemon=True)
    writer.start()
    check_files(pipe, None)
    assert len(read_wav(pipe, 24_000)) == 4800
    writer.join(10)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no device that never ends")
def test_a_device_that_never_ends_is_no_wav_file():
    with pytest.raises(AudioError, match="is no WAV file"):
        read_wav(Path("/dev/zero"), 24_000)


@pytest.mark.parametrize("frames", [0, 2400])
def test_what_follows_the_sound_is_not_played(tmp_path, frames):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(frames), 24_000, subtype="PCM_16")
    path.write_bytes(path.read_bytes() + b"LIST" + (100).to_bytes(4, "little") + b"x" * 100)
    assert len(read_wav(path, 24_000)) == 2 * frames


def test_a_file_whose_sizes_fit_is_not_copied(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(2400), 24_000, subtype="PCM_16")
    content = (tmp_path / "a.wav").read_bytes()
    assert completed(content) is content
