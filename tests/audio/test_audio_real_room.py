"""Echo on real devices: the speaker is heard by the microphone through a room, and a person talks over the agent."""

import pytest

from rooms import RATE, Room, agent_speech, loudness_db, phrases
from virtual_audio import MICROPHONE, SPEAKER, VirtualAudio
from virtual_room import VirtualRoom

pytestmark = [pytest.mark.device, pytest.mark.speech, pytest.mark.alone]

SPEECH_S, SETTLED_S, PERSON_S = 7.0, 3.0, 5.0


def seconds(pcm: bytes, start: float, end: float) -> bytes:
    return pcm[int(start * RATE) * 2 : int(end * RATE) * 2]


def test_in_a_room_the_agent_does_not_hear_itself_but_hears_the_person_who_talks_over_it(start, tmp_path):
    from rtvoice_tui.local_agent.speech import SpeechProbability
    from rtvoice_tui.local_agent.turns import SpeechStarted, TurnDetector

    (tmp_path / "speech").write_bytes(agent_speech(SPEECH_S))
    (phrase,) = phrases(1, 1.5)
    with VirtualAudio() as audio:
        room = VirtualRoom(audio, Room(80, -10))
        try:
            files = (str(tmp_path / "speech"), str(tmp_path / "heard"))
            program = start(audio.environment, "converse", "portaudio", *files, "on", MICROPHONE, SPEAKER)
            program.until_ready()
            began = len(room.microphone)
            while len(room.microphone) < began + int(PERSON_S * RATE) * 2:
                program.pause()
            room.say(phrase)
            told = program.result()
        finally:
            room.close()

    echo = loudness_db(seconds(bytes(room.microphone[began:]), SETTLED_S, PERSON_S - 0.5))
    heard = (tmp_path / "heard").read_bytes()
    detector, starts = TurnDetector(SpeechProbability()), []
    for at in range(0, len(heard), 960):
        found = detector.process(heard[at : at + 960])
        starts += [at / 2 / RATE for event in found if isinstance(event, SpeechStarted)]
    assert told["drained"]
    assert told["lost"] == []
    assert echo - loudness_db(seconds(heard, SETTLED_S, PERSON_S - 0.5)) >= 20
    assert [at for at in starts if SETTLED_S < at < PERSON_S - 0.2] == []
    assert [at for at in starts if PERSON_S - 0.2 <= at < PERSON_S + 1.7]
    assert told["echo"] == "cancelling"
