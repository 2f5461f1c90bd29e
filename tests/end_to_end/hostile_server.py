"""A server all of whose texts are hostile: a conversation that holds together, then every event there is."""

import asyncio
import typing
from collections.abc import Callable
from types import UnionType
from typing import Any

import msgspec
from hostile import Author
from pydantic import BaseModel

from protocol.sdk_types import server_models
from realtime_server import Event, Session
from rtvoice_tui.protocol.realtime.server_events import BETA_NAMES, EVENT_CLASSES

AUDIO = "UklGRg=="
LAST = "the end of it all"
Say = Callable[[str], str]


def own_event(name: str, say: Say) -> Event:
    """An event with every text that the program reads."""
    return {"type": name, **_struct(EVENT_CLASSES[BETA_NAMES.get(name, name)], name, say)}


def sdk_event(name: str, say: Say) -> Event:
    """An event with every text that the openai package knows, also what the program does not read."""
    filled = _model(server_models()[name], name, say, 0)
    return {**filled, "type": name}


def _struct(kind: type[msgspec.Struct], path: str, say: Say) -> Event:
    return {field.encode_name: _value(field.type, f"{path}.{field.encode_name}", say) for field in _fields(kind)}


def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)


def _value(kind: Any, path: str, say: Say, depth: int = 0) -> Any:
    """A value of a type, with hostile texts wherever it can hold one."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _value(inner[0], path, say, depth)
    if origin is typing.Literal:
        return inner[0]
    if origin in (typing.Union, UnionType):
        return _value(next(each for each in inner if each is not type(None)), path, say, depth)
    if origin is list:
        return [_value(inner[0], f"{path}[]", say, depth)]
    if origin is dict or kind is dict:
        return {say(f"{path} (key)"): say(f"{path} (value)")}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _struct(kind, path, say)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _model(kind, path, say, depth + 1)
    return {bytes: AUDIO, bool: True, int: 1, float: 1.0}.get(kind) or say(path)


def _model(kind: type[BaseModel], path: str, say: Say, depth: int) -> Event:
    fields = kind.model_fields.items() if depth < 6 else ()
    return {
        field.alias or name: _value(field.annotation, f"{path}.{field.alias or name}", say, depth)
        for name, field in fields
    }


def described(say: Say) -> Event:
    """A session as a server may echo it."""
    return _session(lambda field: say(f"session.updated: {field}"))


def _session(say: Say) -> Event:
    schema = {
        "type": "object",
        "properties": {say("tools.property"): {"type": "string", "description": say("tools")}},
    }
    return {
        "id": say("session.id"), "object": say("session.object"), "type": "realtime", "model": say("session.model"),
        "instructions": say("session.instructions"), "output_modalities": [say("session.output_modalities")],
        "tool_choice": say("session.tool_choice"), "max_output_tokens": say("session.max_output_tokens"),
        "truncation": say("session.truncation"), "tracing": {"workflow_name": say("session.tracing")},
        "prompt": {"id": say("session.prompt"), "variables": {say("session.prompt (key)"): say("session.prompt")}},
        "tools": [
            {"type": "function", "name": say("tools.name"), "description": say("tools.description"),
             "parameters": schema},
            {"type": "mcp", "server_label": say("tools.server_label"), "server_url": say("tools.server_url")},
        ],
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24_000},
                "turn_detection": {"type": say("session.turn_detection")},
                "noise_reduction": {"type": say("session.noise_reduction")},
                "transcription": {"model": say("transcription.model"), "language": say("transcription.language"),
                                  "prompt": say("transcription.prompt")},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": say("session.voice")},
        },
        say("key"): {say("session.extra (key)"): say("session.extra")},
    }  # fmt: skip


def error(say: Say, place: str = "error") -> Event:
    """What a server objects to."""
    return {name: say(f"{place}.{name}") for name in ("type", "code", "message", "param", "event_id")}


async def conversation(session: Session, say: Say) -> None:
    """A conversation that holds together: said, answered, called, refused."""
    await session.say("session.updated", session=described(say))
    item = say("user item.id")
    await session.user_said(item, say("transcript"))
    place = {"item_id": say("unheard item.id"), "content_index": 0}
    for kind in ("delta", "segment", "failed"):
        name = f"conversation.item.input_audio_transcription.{kind}"
        fields = {"delta": say(name), "text": say(name), "speaker": say(f"{name}.speaker"), "error": error(say, name)}
        await session.say(name, **place, **fields)
    await _answer(session, say)
    await _call(session, say)
    await _hosted(session, say)
    limits = [
        {"name": say("rate_limits.updated: name"), "limit": 9, "remaining": 1, "reset_seconds": 2.0} for _ in range(2)
    ]
    await session.say("rate_limits.updated", rate_limits=limits)
    await session.say("error", error=error(say))


async def _answer(session: Session, say: Say) -> None:
    """Spoken and written, in pieces that are cut inside an escape code; it fails in the end."""
    response, item = say("response.id"), say("agent item.id")
    await session.say("response.created", response={"id": response, "status": "in_progress", "output": []})
    message = {"id": item, "type": "message", "role": "assistant", "content": []}
    await session.say("response.output_item.added", response_id=response, output_index=0, item=message)
    for index, kind in enumerate(("response.output_text", "response.output_audio_transcript")):
        place = {"response_id": response, "item_id": item, "output_index": 0, "content_index": index}
        text = say(kind)
        for start in range(0, len(text), 3):
            await session.say(f"{kind}.delta", **place, delta=text[start : start + 3])
        await session.say(f"{kind}.done", **place, text=text, transcript=text)
    details = {
        "type": say("status_details.type"),
        "reason": say("status_details.reason"),
        "error": error(say, "status"),
    }
    ended = {"id": response, "status": "failed", "status_details": details, "output": [message]}
    await session.say("response.done", response=ended)


async def _call(session: Session, say: Say) -> None:
    """A function is called that nobody has."""
    response = {"id": say("call response.id"), "status": "in_progress", "output": []}
    await session.say("response.created", response=response)
    call = {"id": say("call item.id"), "type": "function_call", "call_id": say("call_id"), "name": say("call name")}
    await session.say("response.output_item.added", response_id=response["id"], output_index=0, item=call)
    place = {"response_id": response["id"], "item_id": call["id"], "call_id": call["call_id"], "output_index": 0}
    arguments = msgspec.json.encode({say("argument (key)").encode("ascii", "replace").decode(): "x"}).decode()
    kind = "response.function_call_arguments"
    await session.say(f"{kind}.delta", **place, delta=say("arguments.delta"))
    await session.say(f"{kind}.done", **place, name=call["name"], arguments=arguments)
    await session.say("response.done", response={**response, "status": "completed", "output": [call]})


async def _hosted(session: Session, say: Say) -> None:
    """The provider's own: a list of tools, a call that failed, a call that asks."""
    label = say("server_label")
    items: list[Event] = [
        {"type": "mcp_list_tools", "tools": [{"name": say("listed.name"), "description": say("listed.description")}]},
        {"type": "mcp_call", "name": say("mcp name"), "arguments": say("mcp arguments"), "output": say("mcp output")},
        {
            "type": "mcp_call",
            "name": say("mcp failed"),
            "error": {"type": say("mcp error"), "message": say("mcp error")},
        },
        {"type": "mcp_call", "name": say("mcp wrong"), "error": say("mcp error")},
        {"type": "mcp_approval_request", "name": say("asking name"), "arguments": say("asking arguments")},
    ]
    for item in items:
        item |= {"id": say(f"{item['type']}.id"), "server_label": label}
        await session.say("conversation.item.added", item=item)
        await session.say("conversation.item.done", item=item)


async def everything(session: Session, say: Say) -> None:
    """Every event there is, and some that there are not."""
    for name in (*EVENT_CLASSES, *BETA_NAMES):
        await session.say(**_kind(own_event(name, say)))
    for name in server_models():
        await session.say(**_kind(sdk_event(name, say)))
    for _ in range(12):
        await session.say(say("type of an unknown event"), text=say("text of an unknown event"))
    for text in (say("no JSON"), f'"{say("a JSON text").encode("ascii", "replace").decode()}"'):
        await session.send_raw(text.encode("utf-8", "replace").decode())


def _kind(event: Event) -> Event:
    return {"kind": event.pop("type"), **event}


def script(author: Author) -> Callable[[Session], Any]:
    """Everything of this module, and at the end something harmless by which that is known."""

    async def talk(session: Session) -> None:
        await everything(session, author.text)
        await conversation(session, author.text)
        await session.say("error", error={"type": "x", "message": LAST})
        await asyncio.Event().wait()

    return talk
