"""Speech models take seconds of processor time: they are loaded where somebody speaks or listens, and nowhere else."""

from agent_support import Direct, Speech, until

MESSAGE = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is two times two?"}]}


async def test_a_session_in_text_loads_no_speech():
    speech = Speech()
    direct = Direct(speech)
    await direct.configure({"output_modalities": ["text"]})
    await direct.accepted("conversation.item.create", item=MESSAGE)
    await direct.accepted("response.create")
    await until(lambda: direct.of_type("response.done"), "it is answered")
    await direct.connection.close()
    assert not speech.loaded


async def test_a_session_that_is_spoken_loads_speech_before_a_word_is_said():
    speech = Speech()
    await Direct(speech).configure({"output_modalities": ["audio"]})
    assert speech.loaded


async def test_sound_loads_speech_in_a_session_in_text_too():
    speech = Speech()
    direct = Direct(speech)
    await direct.configure({"output_modalities": ["text"]})
    await direct.append(bytes(960))
    assert speech.loaded
