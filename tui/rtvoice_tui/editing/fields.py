"""The fields of an agent: what each is called, which values it takes, and which provider has it."""

from dataclasses import dataclass
from enum import Enum, auto

from rtvoice_tui.protocol.realtime.dialects import Dialect


class Kind(Enum):
    """What is typed into a field."""

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
        path: setting, and the key inside it after a dot.
        label: what a user calls it.
        kind: what is typed.
        choices: the known values; of a `CHOICE` the only ones, else others may be typed.
        low: smallest number.
        high: largest number.
        words: words that stand for a value where a number is expected.
        detection: the kind of turn detection that has it; empty for all.
        help: one line.
    """

    path: str
    label: str
    kind: Kind
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = float("inf")
    words: tuple[str, ...] = ()
    detection: str = ""
    help: str = ""

    @property
    def setting(self) -> str:
        """The setting it belongs to."""
        return self.path.partition(".")[0]


SERVER_VAD = "server_vad"
SEMANTIC_VAD = "semantic_vad"


def fields_of(dialect: Dialect) -> tuple[Field, ...]:
    """All fields but instructions and tools, in the order in which they are shown."""
    modalities = ("audio", "text") if dialect.one_modality else ("audio", "text", "audio, text")
    return (
        Field("model", "model", Kind.TEXT, dialect.models, help="a change needs a new session"),
        Field("voice", "voice", Kind.TEXT, dialect.voices, help="another may be typed"),
        Field("speed", "speed", Kind.NUMBER, low=0.25, high=1.5, help="1 is normal"),
        Field("role", "speaking style", Kind.TEXT, ("neutral", "good", "friendly", "strict", "evil", "whisper"),
              help="which of them a voice has differs"),
        Field("output_modalities", "answers in", Kind.CHOICE, modalities),
        Field("turn_detection", "turn detection", Kind.CHOICE, ("none", *dialect.detections),
              help="none: you say when, with space"),
        Field("turn_detection.threshold", "  threshold", Kind.NUMBER, high=1.0, detection=SERVER_VAD,
              help="higher needs louder speech"),
        Field("turn_detection.silence_duration_ms", "  silence ms", Kind.INTEGER, high=60_000, detection=SERVER_VAD,
              help="the pause that ends a turn"),
        Field("turn_detection.prefix_padding_ms", "  padding ms", Kind.INTEGER, high=60_000, detection=SERVER_VAD,
              help="sound kept from before speech was noticed"),
        Field("turn_detection.idle_timeout_ms", "  idle ms", Kind.INTEGER, high=600_000, detection=SERVER_VAD,
              help="the agent asks after so much silence"),
        Field("turn_detection.eagerness", "  eagerness", Kind.CHOICE, ("auto", "low", "medium", "high"),
              detection=SEMANTIC_VAD, help="how soon it takes a turn for ended"),
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
        Field("max_output_tokens", "max tokens", Kind.INTEGER, low=1, high=dialect.max_output, words=("inf",),
              help="of one answer; inf for no limit"),
        Field("truncation", "truncation", Kind.NUMBER, ("auto", "disabled"), high=1.0, words=("auto", "disabled"),
              help="or the share that is kept, 0 to 1"),
    )  # fmt: skip


def has(dialect: Dialect, field: Field) -> bool:
    """Whether the provider has this field at all."""
    if field.setting == "model":
        return True
    if field.detection and field.detection not in dialect.detections:
        return False
    return field.setting in dialect.settings and field.path not in dialect.silent_about


def _transcription_models(dialect: Dialect) -> tuple[str, ...]:
    if dialect.name == "local":
        return ("moonshine-tiny", "off")
    if dialect.name in ("openai", "azure"):
        return ("gpt-transcribe", "gpt-live-transcribe", "gpt-realtime-whisper", "off")
    return ("off",)
