"""Server events that OpenAI does not have."""

from rtvoice_tui.protocol.realtime.objects import ErrorInfo
from rtvoice_tui.protocol.realtime.server_events import OfItem, ServerEvent


class TranscriptionUpdated(OfItem, frozen=True, kw_only=True):
    """The full transcript of the user's speech so far (xAI)."""

    content_index: int = 0
    transcript: str = ""


class OtherFailure(ServerEvent, frozen=True, kw_only=True):
    """An event of a type that is not known, which tells of a failure or warns. It answers no event of ours.

    Attributes:
        about: its type.
        error: the words.
        warns: whether it only warns, or tells of an end that may be wanted.
    """

    about: str = ""
    error: ErrorInfo = ErrorInfo()
    warns: bool = False


OTHER_CLASSES: dict[str, type[ServerEvent]] = {
    "conversation.item.input_audio_transcription.updated": TranscriptionUpdated,
}
