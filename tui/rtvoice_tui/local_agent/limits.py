"""Limits for clients of the local agent, and the ``error`` events sent when one is exceeded."""

from rtvoice_tui.local_agent.speech import RATE
from rtvoice_tui.local_agent.validation import Objection

MIB = 1024 * 1024

FRAME_BYTES = 21 * MIB
"""Maximum size of a WebSocket frame: fits APPEND_BYTES of audio as base64."""

APPEND_BYTES = 15 * MIB
BUFFER_BYTES = 10 * 60 * RATE * 2
ITEMS = 10_000
ITEMS_BYTES = 32 * MIB
SESSION_BYTES = 1 * MIB
WAITING_TURNS = 32
WAITING_BYTES = 2 * BUFFER_BYTES
CLIENTS = 32
DEPTH = 100

TOO_LONG = Objection("audio_too_large", "The audio of one event may have at most 15 MiB.", "audio")
BUFFER_FULL = Objection(
    "input_audio_buffer_full", "The buffer holds at most 10 minutes of audio: commit or clear it.", "audio"
)
TOO_MANY_ITEMS = Objection("conversation_full", "A conversation holds at most 10 000 items: delete some.", "")
TOO_LARGE_ITEMS = Objection("conversation_full", "The items of a conversation may have at most 32 MiB.", "")
SESSION_TOO_LARGE = Objection("session_too_large", "A session may have at most 1 MiB of JSON.", "session")
TOO_MANY_TURNS = Objection(
    "rate_limit_exceeded", "At most 32 turns, or 20 minutes of speech, may wait to be recognised.", ""
)
