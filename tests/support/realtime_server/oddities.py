"""What servers were met to do besides the documented: each a script's step, so that tests keep meeting it."""

import base64

from realtime_server.session import Session
from realtime_server.types import Event


async def error_then_close(session: Session, message: str, code: int = 1000, reason: str = "") -> None:
    """Say why in an error, then close with a code that says nothing."""
    await session.say("error", error={"type": "invalid_request_error", "message": message})
    await session.close(code, reason)


async def error_of_shape(session: Session, **fields: object) -> None:
    """An error event with its words wherever."""
    await session.say("error", **fields)


async def untyped_error(session: Session, message: str) -> None:
    """What a gateway says: an object without a type."""
    await session.send_raw(f'{{"message": "{message}", "connectionId": "a", "requestId": "b"}}')


async def sentence_by_sentence(session: Session, response_id: str, item_id: str, *sentences: str) -> None:
    """A response whose transcript is told as done once for each sentence, without deltas."""
    await session.begin(response_id)
    about = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": session.audio_index}
    for sentence in sentences:
        await session.say("response.output_audio_transcript.done", **about, transcript=sentence)
    await session.end(response_id)


async def words_in_item_only(session: Session, response_id: str, item_id: str, words: str) -> None:
    """A response whose words stand in its finished item and nowhere else."""
    await session.begin(response_id)
    await session.say("response.output_item.done", response_id=response_id, output_index=0, item=_said(item_id, words))
    await session.end(response_id)


async def words_in_response_only(session: Session, response_id: str, item_id: str, words: str) -> None:
    """A response whose words stand in ``response.done`` and nowhere else."""
    await session.begin(response_id)
    await session.end(response_id, output=[_said(item_id, words)])


async def own_response_first(session: Session, response_id: str) -> None:
    """Begin a response of the server's own right before the client's request, which is then refused without an id."""
    await session.begin(response_id)
    code = "conversation_already_has_active_response"
    message = f"Conversation already has an active response: {response_id}"
    await session.say("error", error={"type": "invalid_request_error", "code": code, "message": message})


async def changes_by_itself(session: Session, **settings: object) -> None:
    """Report other settings, though nobody asked for any."""
    await session.say("session.updated", session={"id": "sess", **settings})


async def silent_speech(session: Session, response_id: str, item_id: str, seconds: float) -> None:
    """A response whose audio is all zeros."""
    await session.begin(response_id)
    about = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": session.audio_index}
    delta = base64.b64encode(bytes(int(session.rate * seconds) * 2)).decode()
    await session.say("response.output_audio.delta", **about, delta=delta)
    await session.end(response_id)


async def idle_timeout(session: Session, item_id: str) -> None:
    """The user has said nothing for a while."""
    await session.say("input_audio_buffer.timeout_triggered", item_id=item_id, audio_start_ms=0, audio_end_ms=5000)
    await session.say("input_audio_buffer.committed", item_id=item_id)


async def fails(session: Session, response_id: str, **details: object) -> None:
    """A response that fails."""
    await session.begin(response_id)
    session.state.active = ""
    done = {"id": response_id, "status": "failed", "output": [], "status_details": {"type": "failed", **details}}
    await session.say("response.done", response=done)


async def refuses_tool(session: Session, update: Event, index: int) -> None:
    """Refuse a configuration because of one tool."""
    path = f"session.tools[{index}].parameters"
    message = f"Invalid schema for function '{update['session']['tools'][index]['name']}'."
    error = {"type": "invalid_request_error", "code": "invalid_function_parameters", "message": message, "param": path}
    await session.say("error", error={**error, "event_id": update["event_id"]})


async def failure_of_another_name(session: Session, name: str, reason: str) -> None:
    """Tell a failure in an event that the protocol does not know, then close with a code that says nothing."""
    await session.say(name, reason=reason)
    await session.close(1000)


async def ids_beside(session: Session, response_id: str, words: str) -> None:
    """A response whose id stands beside its objects, and whose item has none."""
    await session.say("response.created", response_id=response_id)
    session.state.active = response_id
    about = {"response_id": response_id, "output_index": 0, "content_index": session.audio_index}
    await session.say("response.output_audio_transcript.delta", **about, delta=words)
    session.state.active = ""
    await session.say("response.done", response_id=response_id, status="ok")


async def same_item_again(session: Session, *words: str) -> None:
    """Several responses, each with an item of the same id."""
    for number, text in enumerate(words):
        await session.begin(f"R{number}")
        about = {"response_id": f"R{number}", "item_id": "item_0", "output_index": 0}
        about["content_index"] = session.audio_index
        await session.say("response.output_audio_transcript.delta", **about, delta=text)
        await session.end(f"R{number}")


async def announced_call(session: Session, response_id: str, call_id: str, arguments: str) -> None:
    """A function call as OpenAI announces it: as an item of the conversation, before its arguments come."""
    await session.begin(response_id)
    item: Event = {"id": f"item_{call_id}", "type": "function_call", "status": "in_progress", "name": "get_weather"}
    item |= {"call_id": call_id, "arguments": ""}
    await session.say("response.output_item.added", response_id=response_id, output_index=0, item=item)
    await session.say("conversation.item.added", item=item)
    about = {"response_id": response_id, "item_id": item["id"], "output_index": 0, "call_id": call_id}
    await session.say("response.function_call_arguments.delta", **about, delta=arguments)
    await session.end(response_id)


async def tokens_as_chat(session: Session, response_id: str, sent: int, got: int) -> None:
    """A response that counts its tokens as chat completions do."""
    await session.begin(response_id)
    session.state.active = ""
    usage = {"prompt_tokens": sent, "completion_tokens": got}
    await session.say(
        "response.done", response={"id": response_id, "status": "completed", "output": [], "usage": usage}
    )


def _said(item_id: str, words: str) -> Event:
    content = [{"type": "output_audio", "transcript": words}]
    return {"id": item_id, "type": "message", "role": "assistant", "status": "completed", "content": content}
