"""What a truncation says was heard is what the device took, to the sample."""

import asyncio

import pytest

from engine.bench import heard, plan_for, running, signal, write_wav
from realtime_server import FakeServer, Session
from rtvoice_tui.audio.choice import AudioChoice
from rtvoice_tui.session.commands import Interrupt


async def answer_at_length(session: Session) -> None:
    await session.open()
    await session.speak("resp_1", "item_a1", signal(20), speed=4)


@pytest.mark.parametrize("pulse", [False, True], ids=["undisturbed", "while the meters are read"])
async def test_the_truncation_names_the_millisecond_up_to_which_the_speaker_played(tmp_path, pulse):
    """The 50 Hz pulse of the meters may come at the very moment at which the device has fallen silent."""
    audio = AudioChoice(input_file=write_wav(tmp_path / "in.wav", b""), output_file=tmp_path / "out.wav")
    async with FakeServer(answer_at_length) as server:
        async with running(plan_for(server, audio=audio)) as bench:
            await bench.until(lambda: bench.store.speaker.peak_db > -60)
            bench.worker.post(Interrupt())
            if pulse:
                station = bench.worker.driver.sound._station
                assert station is not None
                playback = station.playback
                async with asyncio.timeout(10):
                    while playback._cut is None or not playback.flushed:  # noqa: ASYNC110
                        await asyncio.sleep(0)
                bench.worker.driver.sound._report_playback(station)
            await bench.until(lambda: server.sent("conversation.item.truncate"))
            (truncate,) = server.sent("conversation.item.truncate")
            assert not server.offences
        samples = len(heard(tmp_path / "out.wav")) // 2
        possible = {samples // 24, (samples + 1) // 24}  # the last sample of the fade is silence
        assert truncate["audio_end_ms"] in possible
