"""The editable fields of an agent: labels, valid values, and the providers that support them."""

from dataclasses import dataclass
from enum import Enum, auto

from rtvoice_tui.protocol.realtime.dialects import Dialect


class Kind(Enum):
    """Type of the value that is typed into a field."""

    TEXT = auto()
    NUMBER = auto()
    INTEGER = auto()
    CHOICE = auto()
    SWITCH = auto()
    LIST = auto()


@dataclass(frozen=True)
class Field:
    """One line of the agent pane.

    Attributes:
        path: name of the setting, and a key inside it after a dot.
        label: name for the user.
        kind: type of the value.
        choices: known values; for ``CHOICE`` and ``SWITCH`` the only ones, otherwise others can be typed.
        low: minimum of a number.
        high: maximum of a number.
        words: words that are valid instead of a number.
        step: by how much the arrow keys change a number; 0 if they do not.
        usual: the number that the arrow keys begin at where there is none.
        detection: type of turn detection that has the field; empty: all.
        help: help text of one line.
    """

    path: str
    label: str
    kind: Kind
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = float("inf")
    words: tuple[str, ...] = ()
    step: float = 0.0
    usual: float = 0.0
    detection: str = ""
    help: str = ""

    @property
    def setting(self) -> str:
        """Name of the setting that the field belongs to."""
        return self.path.partition(".")[0]

    @property
    def span(self) -> str:
        """The numbers that are valid, in words; empty if the value is no number."""
        if self.kind not in (Kind.NUMBER, Kind.INTEGER):
            return ""
        return f"from {self.low:g} to {self.high:g}" if self.high != float("inf") else f"from {self.low:g} on"


RATES = ("8000", "16000", "24000", "44100", "48000")
"""Usual sample rates in Hz."""

SERVER_VAD = "server_vad"
SEMANTIC_VAD = "semantic_vad"


def fields_of(dialect: Dialect) -> tuple[Field, ...]:
    """Return all fields except instructions and tools, in display order."""
    modalities = ("audio", "text") if dialect.one_modality else ("audio", "text", "audio, text")
    return (
        Field("model", "model", Kind.TEXT, dialect.models, help="a change needs a new session"),
        Field("voice", "voice", Kind.TEXT, dialect.voices, help="or type another"),
        Field("speed", "speed", Kind.NUMBER, low=0.25, high=1.5, step=0.05, usual=1.0, help="1 is normal"),
        Field("role", "speaking style", Kind.TEXT, ("neutral", "good", "friendly", "strict", "evil", "whisper"),
              help="which of them work depends on the voice"),
        Field("output_modalities", "answers in", Kind.CHOICE, modalities),
        Field("turn_detection", "turn detection", Kind.CHOICE, ("none", *dialect.detections),
              help="none: you say when, with space"),
        Field("turn_detection.threshold", "  threshold", Kind.NUMBER, high=1.0, step=0.05, usual=0.5,
              detection=SERVER_VAD,
              help="higher needs louder speech"),
        Field("turn_detection.silence_duration_ms", "  silence ms", Kind.INTEGER, high=60_000, step=50, usual=500,
              detection=SERVER_VAD,
              help="the pause that ends a turn"),
        Field("turn_detection.prefix_padding_ms", "  padding ms", Kind.INTEGER, high=60_000, step=50, usual=300,
              detection=SERVER_VAD,
              help="sound kept from before speech was noticed"),
        Field("turn_detection.idle_timeout_ms", "  idle ms", Kind.INTEGER, high=600_000, step=1000, usual=5000,
              detection=SERVER_VAD,
              help="the agent speaks up after so much silence"),
        Field("turn_detection.eagerness", "  eagerness", Kind.CHOICE, ("auto", "low", "medium", "high"),
              detection=SEMANTIC_VAD, help="how soon it assumes that a turn has ended"),
        Field("turn_detection.create_response", "  answers itself", Kind.SWITCH, ("on", "off")),
        Field("turn_detection.interrupt_response", "  interruptible", Kind.SWITCH, ("on", "off"),
              help="the server stops the answer when you speak"),
        Field("transcription.model", "transcription", Kind.TEXT, _transcription_models(dialect),
              help="off switches it off"),
        Field("transcription.language", "  language", Kind.TEXT, ("en", "ru", "de", "fr", "es"), help="ISO-639-1"),
        Field("transcription.languages", "  languages", Kind.LIST, help="several, with commas"),
        Field("transcription.prompt", "  prompt", Kind.TEXT, help="words to expect"),
        Field("languages", "languages", Kind.LIST, ("ru-RU", "kk-KZ", "en-US"), help="with commas"),
        Field("noise_reduction", "noise reduction", Kind.CHOICE, ("off", "near_field", "far_field")),
        Field("tool_choice", "tool choice", Kind.TEXT, ("auto", "none", "required"), help="or a function's name"),
        Field("max_output_tokens", "max tokens", Kind.INTEGER, ("inf",), low=1, high=dialect.max_output,
              words=("inf",), step=128, usual=1024,
              help="of one answer; inf for no limit"),
        Field("truncation", "truncation", Kind.NUMBER, ("auto", "disabled"), high=1.0, words=("auto", "disabled"),
              step=0.05, usual=0.8, help="or the share that is kept, 0 to 1"),
        Field("url", "url", Kind.TEXT, help="of the server; empty: the provider's own; a change needs a new session"),
        Field("input_rate", "microphone Hz", Kind.INTEGER, RATES, low=8_000, high=192_000,
              help="sample rate that is sent; a change needs a new session"),
        Field("output_rate", "agent Hz", Kind.INTEGER, RATES, low=8_000, high=192_000,
              help="sample rate of the agent's speech; a change needs a new session"),
    )  # fmt: skip


def has(dialect: Dialect, field: Field) -> bool:
    """Whether the provider supports this field."""
    if field.setting in ("model", "url"):
        return True
    if field.setting in ("input_rate", "output_rate"):
        return not dialect.fixed_rate
    if field.detection and field.detection not in dialect.detections:
        return False
    return field.setting in dialect.settings and field.path not in dialect.silent_about


def _transcription_models(dialect: Dialect) -> tuple[str, ...]:
    if dialect.name == "local":
        return ("moonshine-tiny", "off")
    if dialect.name in ("openai", "azure"):
        return ("gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper", "off")
    return ("off",)
