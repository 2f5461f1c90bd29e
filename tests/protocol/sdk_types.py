"""The openai package's own event types as a judge: stricter than the package, which lets unknown fields pass."""

from functools import cache
from typing import Any, get_args

from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import BaseModel


def _by_type(union: Any) -> dict[str, type[BaseModel]]:
    members = get_args(get_args(union)[0])
    return {get_args(member.model_fields["type"].annotation)[0]: member for member in members}


@cache
def client_models() -> dict[str, type[BaseModel]]:
    return _by_type(RealtimeClientEvent)


@cache
def server_models() -> dict[str, type[BaseModel]]:
    return _by_type(RealtimeServerEvent)


def accept(event: dict[str, Any]) -> BaseModel:
    """Judge a client event as the strict server would; raises for a wrong value or an unknown parameter."""
    model = client_models()[event["type"]].model_validate(event)
    unknown = list(_unknown(model, event["type"]))
    assert not unknown, f"unknown parameters: {unknown}"
    return model


PCM_24K = {"type": "audio/pcm", "rate": 24_000}


def accept_session(session: dict[str, Any], whole: bool = False) -> None:
    """Judge the ``session`` of a ``session.update`` by everything that OpenAI is known to refuse.

    A part may leave the formats out, but names the only right one where it names any; a ``whole`` update names both.
    """
    assert session["type"] == "realtime"
    accept({"type": "session.update", "event_id": "e1", "session": session})
    assert len(session.get("output_modalities", ["audio"])) == 1
    audio = session.get("audio", {})
    assert all(side["format"] == PCM_24K for side in audio.values() if "format" in side)
    if whole:
        assert {name for name, side in audio.items() if "format" in side} == {"input", "output"}
    for tool in session.get("tools", []):
        assert isinstance(tool["parameters"], dict)


def _unknown(value: Any, path: str) -> Any:
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for entry in value:
            yield from _unknown(entry, f"{path}[]")
