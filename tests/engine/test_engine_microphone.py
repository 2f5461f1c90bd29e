"""What is said into the microphone reaches the server whole and in order; what cannot be sent is counted."""

import asyncio
import threading

from engine.bench import RATE, locatable, plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.audio.mic.capture import FRAME_MS, KEPT_BLOCKS, Capture
from rtvoice_tui.session.commands import MicFrame, SendText
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.transport.outgoing import MAX_FRAMES

BLOCK_BYTES = RATE // 100 * 2
FRAME_BYTES = RATE * FRAME_MS // 1000 * 2


async def test_speech_arrives_whole_and_in_order_while_the_server_sends_two_thousand_events_a_second(tmp_path):
    speech = signal(3)
    noise = {"type": "response.output_text.delta", "response_id": "resp_1", "item_id": "item_a1", "delta": "word "}

    async def script(session: Session) -> None:
        await session.open()
        while len(session.microphone) < len(speech):
            for _ in range(40):
                await session.send(noise)
            await asyncio.sleep(0.02)

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", speech), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: server.sessions and len(server.session.microphone) >= len(speech))
        assert bytes(server.session.microphone[: len(speech)]) == speech
        assert bench.store.audio.dropped == bench.store.audio.overflows == 0
        assert bench.store.events.events > 2_000
        assert not server.offences


async def test_the_speech_itself_is_not_in_the_event_log_but_its_size_is(tmp_path):
    speech = signal(0.2)

    async def script(session: Session) -> None:
        await session.open()
        await session.speak("resp_1", "item_a1", speech)

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", speech), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(lambda: server.sessions and len(server.session.microphone) >= len(speech))
        await bench.until(lambda: bench.phase is Phase.LISTENING and bench.words("AGENT"))
        log = bench.store.events
        appends = [n for n in range(len(log)) if log.row(n).name == "input_audio_buffer.append"]
        deltas = [n for n in range(len(log)) if log.row(n).name == "response.output_audio.delta"]
        assert sum(log.row(n).audio_bytes for n in appends) >= len(speech)
        assert sum(log.row(n).audio_bytes for n in deltas) == len(speech)
        for number in (*appends, *deltas):
            for text in log.texts(number):
                assert "bytes of speech" in text
                assert len(text) < 300


async def test_frames_that_wait_longer_than_the_socket_can_take_are_dropped_oldest_first_and_counted():
    frames = [locatable(FRAME_BYTES // 2, seed) for seed in range(MAX_FRAMES + 100)]

    async def script(session: Session) -> None:
        await session.open()

    async with FakeServer(script) as server, running(plan_for(server)) as bench:
        await bench.until(lambda: bench.phase is Phase.LISTENING)
        for frame in frames:
            bench.worker.post(MicFrame(frame))
        bench.worker.post(SendText("Typed meanwhile."))
        await bench.until(lambda: server.sent("conversation.item.create"))
        arrived = bytes(server.session.microphone)
        assert arrived == b"".join(frames)[-len(arrived) :]
        assert len(arrived) // FRAME_BYTES + bench.store.audio.dropped == len(frames)
        assert bench.store.audio.dropped == 100
        assert not server.offences


async def test_a_muted_microphone_sends_silence_and_its_meter_still_moves(tmp_path):
    speech = signal(1)

    async def script(session: Session) -> None:
        await session.open()

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", speech), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        bench.set_audio(muted=True)
        await bench.until(lambda: server.sessions and len(server.session.microphone) >= 10 * FRAME_BYTES)
        assert not any(server.session.microphone)
        assert bench.store.mic.peak_db > -20
        assert bench.store.audio_settings.muted


async def test_muting_before_the_devices_are_open_holds(tmp_path):
    async def script(session: Session) -> None:
        await session.open()

    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", signal(1)), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server:
        plan = plan_for(server, audio=audio, connect=False)
        async with running(plan) as bench:
            bench.set_audio(muted=True)
            await bench.until(lambda: bench.store.audio.input_name == "in.wav")
            bench.worker.connect()
            await bench.until(lambda: server.sessions and len(server.session.microphone) >= 5 * FRAME_BYTES)
            assert not any(server.session.microphone)


async def test_muting_while_the_devices_are_being_opened_holds(tmp_path, monkeypatch):
    from rtvoice_tui.audio.backends import choosing

    async def script(session: Session) -> None:
        await session.open()

    def slow(*arguments):
        asked.set()
        release.wait(10)
        return opened(*arguments)

    asked, release, opened = threading.Event(), threading.Event(), choosing.file_or_silence
    monkeypatch.setattr(choosing, "file_or_silence", slow)
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", signal(1)), output_file=tmp_path / "out.wav")
    async with FakeServer(script) as server, running(plan_for(server, audio=audio)) as bench:
        await bench.until(asked.is_set)
        bench.set_audio(muted=True)
        release.set()
        await bench.until(lambda: server.sessions and len(server.session.microphone) >= 5 * FRAME_BYTES)
        assert bench.store.audio_settings.muted
        assert not any(server.session.microphone)


def test_blocks_of_any_size_become_whole_frames():
    capture, speech = Capture(RATE), signal(0.5)
    for start in range(0, len(speech), 777):
        capture.offer(speech[start : start + 777])
    frames = [frame for frame, _ in capture.frames()]
    assert {len(frame) for frame in frames} == {FRAME_BYTES}
    assert b"".join(frames) == speech[: len(frames) * FRAME_BYTES]
    assert len(speech) - len(frames) * FRAME_BYTES < FRAME_BYTES


def test_a_stalled_session_loses_the_oldest_sound_and_counts_it():
    capture, speech = Capture(RATE), signal((KEPT_BLOCKS + 50) / 100)
    for start in range(0, len(speech), BLOCK_BYTES):
        capture.offer(speech[start : start + BLOCK_BYTES])
    assert capture.dropped == 50
    assert b"".join(frame for frame, _ in capture.frames()) == speech[50 * BLOCK_BYTES :]


def test_a_muted_frame_is_silence_and_its_loudness_is_still_measured():
    capture = Capture(RATE)
    capture.muted = True
    capture.offer(signal(0.02))
    ((frame, level),) = capture.frames()
    assert frame == bytes(FRAME_BYTES)
    assert level.rms_db > -20


def test_the_session_is_woken_once_until_it_has_come():
    calls = []
    capture = Capture(RATE, lambda: calls.append(threading.get_ident()))
    for _ in range(5):
        capture.offer(bytes(BLOCK_BYTES))
    assert len(calls) == 1
    capture.frames()
    capture.offer(bytes(BLOCK_BYTES))
    assert len(calls) == 2
