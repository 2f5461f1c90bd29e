"""Server events that OpenAI does not have."""

from rtvoice_tui.protocol.realtime.server_events import OfItem, ServerEvent


class TranscriptionUpdated(OfItem, frozen=True, kw_only=True):
    """The full transcript of the user's speech so far (xAI)."""

    content_index: int = 0
    transcript: str = ""


OTHER_CLASSES: dict[str, type[ServerEvent]] = {
    "conversation.item.input_audio_transcription.updated": TranscriptionUpdated,
}
