"""The sessions and responses that servers describe, by dialect."""

import re

from realtime_server.types import RATE, Event


def described(dialect: str) -> Event:
    """A session with the server's defaults."""
    if dialect == "plain":
        return {"id": "sess_1", "object": "realtime.session", "type": "realtime"}
    if dialect == "yandex":
        return {
            "id": "0123456789ab", "object": "realtime.session", "expires_at": None, "type": "realtime",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": None},
                    "turn_detection": {
                        "type": "server_vad", "silence_duration_ms": 800, "threshold": None,
                        "idle_timeout_ms": None, "yc_idle_llm_message": None,
                    },
                    "languages": None,
                },
                "output": {
                    "format": {"type": "audio/pcm", "rate": None}, "speed": None, "voice": "kirill", "role": None,
                },
            },
            "instructions": None, "max_output_tokens": "inf", "output_modalities": ["text", "audio"],
            "prompt": None, "reasoning": None, "tools": [],
        }  # fmt: skip
    return {
        "id": "sess_1", "object": "realtime.session", "expires_at": 1_900_000_000, "type": "realtime",
        "model": "gpt-realtime-2.1", "output_modalities": ["audio"], "instructions": "Be kind.", "tools": [],
        "tool_choice": "auto", "max_output_tokens": "inf",
        "audio": {
            "input": {"format": {"type": "audio/pcm", "rate": RATE}, "turn_detection": {"type": "server_vad"}},
            "output": {"format": {"type": "audio/pcm", "rate": RATE}, "voice": "marin", "speed": 1.0},
        },
    }  # fmt: skip


def response(dialect: str, response_id: str, status: str, output: list[Event]) -> Event:
    """A response as its events have it."""
    if dialect == "plain":
        return {"id": response_id, "status": status, "output": output}
    both = dialect == "yandex"
    answer: Event = {
        "id": response_id,
        "object": "realtime.response",
        "status": status,
        "status_details": None,
        "output": output,
        "output_modalities": ["text", "audio"] if both else ["audio"],
        "usage": None,
    }
    if status != "in_progress":
        details = {"text_tokens": 20, "audio_tokens": 30, "cached_tokens": 10}
        answer["usage"] = {
            "total_tokens": 70,
            "input_tokens": 50,
            "output_tokens": 20,
            "input_token_details": {"text_tokens": 50} if both else details,
            "output_token_details": {"text_tokens": 20},
        }
    return answer


def parts(dialect: str, words: str) -> list[Event]:
    """The content of a spoken message."""
    spoken = {"type": "audio", "transcript": words}
    return [{"type": "text", "text": words}, spoken] if dialect == "yandex" else [spoken]


def pieces(text: str) -> list[str]:
    """A text word by word, as deltas have it."""
    return re.findall(r"\s*\S+\s*$|\s*\S+", text) if text.strip() else [text]
