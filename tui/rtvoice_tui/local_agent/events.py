"""Helpers for server events: ids, the default session, session updates and errors."""

import uuid
from typing import Any

from rtvoice_tui.local_agent.speech import OPENAI_VOICES, RATE
from rtvoice_tui.local_agent.speech import VOICES as VOICES
from rtvoice_tui.local_agent.validation import Objection

INTERNAL = "internal_error"
"""Error code for exceptions in the local agent."""

LONGEST = 1000
"""Maximum characters of each text in an error event."""


def new_id(prefix: str) -> str:
    """A new random id with a prefix such as ``item``."""
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def is_voice(name: str) -> bool:
    """Whether a voice can be asked for."""
    return name in VOICES or name in OPENAI_VOICES


def default_session() -> dict[str, Any]:
    """The session object before the first ``session.update``."""
    pcm = {"type": "audio/pcm", "rate": RATE}
    return {
        "id": new_id("sess"),
        "object": "realtime.session",
        "type": "realtime",
        "model": "rules",
        "expires_at": None,
        "instructions": "",
        "output_modalities": ["audio"],
        "audio": {
            "input": {
                "format": dict(pcm),
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {"format": dict(pcm), "voice": "heart", "speed": 1.0},
        },
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "truncation": "auto",
    }


def merge(session: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Apply a ``session.update`` to ``session``: objects are merged, other values replaced; ``model`` is kept."""
    for key, value in wanted.items():
        mergeable = isinstance(value, dict) and isinstance(session.get(key), dict)
        if mergeable and key not in ("parameters", "turn_detection"):
            merge(session[key], value)
        elif key != "model":
            session[key] = value


def error_event(found: Objection, event_id: str) -> dict[str, Any]:
    """An ``error`` event about a client event."""
    kind = "server_error" if found.code in ("speech_not_installed", INTERNAL) else "invalid_request_error"
    return {
        "type": "error",
        "event_id": new_id("event"),
        "error": {
            "type": kind,
            "code": found.code,
            "message": _short(found.message),
            "param": _short(found.param) or None,
            "event_id": _short(event_id) or None,
        },
    }


def _short(text: str) -> str:
    """Cut a text in the middle: it may quote arbitrarily long client input."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}"
