"""Differences between providers as data: addresses, authorization, accepted settings and wire behaviour.

They are taken from each provider's documentation and from observed traffic; a field that a server does not document
is not sent to it.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from rtvoice_tui.redaction import shown_address

ALL_SETTINGS = frozenset(
    (
        "instructions voice speed role languages output_modalities turn_detection transcription noise_reduction"
        " tool_choice max_output_tokens truncation extra"
    ).split()
)


@dataclass(frozen=True)
class Dialect:
    """One provider's variant of the Realtime API.

    Attributes:
        name: key in profiles and on the command line.
        title: name of the provider for the user.
        url: default WebSocket address; empty if there is none.
        model: default model, if the profile names none.
        models: known models, to be suggested when one is refused.
        key_vars: environment variables that usually hold the key.
        hosts: the provider's own hosts, which its key is sent to without asking; ``.name`` matches all hosts with
            this suffix.
        folder_var: environment variable of the Yandex folder that models belong to, if any.
        auth: ``bearer``, ``yandex`` (``Api-Key``, or ``Bearer`` for IAM tokens), ``azure`` (an ``api-key`` header, or
            ``Bearer`` for Entra tokens) or ``none``.
        url_hint: example of an address, if every customer has a different one.
        voices: known voices; others can be typed.
        settings: names from `SessionSettings` that the server accepts.
        typed_session: whether ``session.type`` is sent; OpenAI requires it.
        one_modality: whether the server refuses two output modalities at once.
        fixed_rate: the only supported PCM rate in Hz, or 0 if input and output rates can be chosen.
        clears_input: whether the server supports ``input_audio_buffer.clear``.
        cancels_on_speech: whether the server itself cancels a running response when speech starts.
        can_disable_turn_detection: whether turn detection can be switched off in a running session with ``null``.
        responds_after_transcript: whether a response to a manual turn is only requested after the turn's transcript.
        hosted_tools: reserved function names of tools that run at the provider.
        hosts_mcp: whether the server itself connects to MCP servers (tools of type ``mcp``).
        out_of_band: whether the server supports out-of-band responses.
        typed_tools: whether a hosted tool is declared by its ``type`` instead of as a function.
        flat_voice: whether ``voice`` and ``turn_detection`` are top-level fields of ``session``.
        merges_deeply: whether a part of ``audio.input`` or ``audio.output`` can be updated alone; otherwise all of
            it is sent, because a server that merges shallowly would reset the rest.
        freezes_voice: whether the voice cannot change any more once the agent has spoken.
        history: how a conversation is passed to a new session: ``items`` (each turn as an item) or ``recap`` (one
            user message with all of it, because the server refuses assistant items).
        transcription: the transcription that is requested where the profile does not set it; ``None``: none is.
        detections: supported types of turn detection.
        max_output: maximum of ``max_output_tokens``.
        silent_about: paths of settings that neither the provider's documentation nor its session echo mentions.
    """

    name: str
    title: str
    url: str = ""
    model: str = ""
    models: tuple[str, ...] = ()
    key_vars: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    folder_var: str = ""
    auth: str = "bearer"
    voices: tuple[str, ...] = ()
    settings: frozenset[str] = ALL_SETTINGS - {"role", "languages"}
    typed_session: bool = True
    one_modality: bool = True
    fixed_rate: int = 0
    clears_input: bool = True
    cancels_on_speech: bool = True
    can_disable_turn_detection: bool = True
    responds_after_transcript: bool = False
    hosted_tools: frozenset[str] = frozenset()
    hosts_mcp: bool = False
    out_of_band: bool = False
    url_hint: str = ""
    typed_tools: bool = False
    flat_voice: bool = False
    merges_deeply: bool = False
    freezes_voice: bool = False
    history: str = "items"
    transcription: dict[str, str] | None = None
    detections: tuple[str, ...] = ("server_vad", "semantic_vad")
    max_output: int = 4096
    silent_about: frozenset[str] = frozenset()


YANDEX = Dialect(
    name="yandex",
    title="Yandex AI Studio",
    url="wss://ai.api.cloud.yandex.net/v1/realtime",
    model="speech-realtime-deepseek-v4-flash",
    models=(
        "speech-realtime-deepseek-v4-flash",
        "speech-realtime-max-tts-live/latest",
        "speech-realtime-260528",
        "speech-realtime-250923",
    ),
    key_vars=("YANDEX_CLOUD_API_KEY",),
    hosts=(".api.cloud.yandex.net",),
    folder_var="YANDEX_CLOUD_FOLDER_ID",
    auth="yandex",
    voices=tuple(
        (
            "dasha alena filipp ermil jane omazh zahar julia lera masha marina alexander kirill anton"
            " madi_ru saule_ru zamira_ru zhanar_ru yulduz_ru john lea naomi amira madi saule zhanar"
            " nigora zamira yulduz"
        ).split()
    ),
    settings=frozenset(
        "instructions voice speed role languages output_modalities turn_detection max_output_tokens extra".split()
    ),
    typed_session=False,
    one_modality=False,
    clears_input=False,
    cancels_on_speech=False,
    responds_after_transcript=True,
    hosted_tools=frozenset({"web_search", "file_search"}),
    hosts_mcp=True,
    history="recap",
    detections=("server_vad",),
    max_output=1_000_000,
    silent_about=frozenset(
        {
            "turn_detection.prefix_padding_ms",
            "turn_detection.create_response",
            "turn_detection.interrupt_response",
        }
    ),
)

OPENAI = Dialect(
    name="openai",
    title="OpenAI",
    url="wss://api.openai.com/v1/realtime",
    model="gpt-realtime-2.1",
    models=(
        "gpt-realtime-2.1",
        "gpt-realtime-2.1-mini",
        "gpt-realtime-2",
        "gpt-realtime-1.5",
        "gpt-audio-1.5",
    ),
    key_vars=("OPENAI_API_KEY",),
    hosts=("api.openai.com", ".api.openai.com"),  # regions have their own hosts: eu.api.openai.com
    voices=tuple("marin cedar alloy ash ballad coral echo sage shimmer verse".split()),
    fixed_rate=24_000,
    merges_deeply=True,
    freezes_voice=True,
    hosts_mcp=True,
    out_of_band=True,
)

AZURE = replace(
    OPENAI,
    name="azure",
    title="Azure OpenAI",
    url="",
    url_hint="wss://RESOURCE.openai.azure.com/openai/v1/realtime",
    model="",
    models=(),
    key_vars=("AZURE_OPENAI_API_KEY",),
    hosts=(".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".openai.azure.us"),
    auth="azure",
)

XAI = Dialect(
    name="xai",
    title="xAI",
    url="wss://api.x.ai/v1/realtime",
    model="grok-voice-latest",
    models=("grok-voice-latest",),
    key_vars=("XAI_API_KEY",),
    hosts=("api.x.ai", ".api.x.ai"),
    voices=tuple("Ara Eve Leo Rex Sal".split()),
    settings=frozenset("instructions voice turn_detection extra".split()),
    typed_session=False,
    one_modality=False,
    hosted_tools=frozenset({"web_search", "x_search", "file_search"}),
    hosts_mcp=True,
    typed_tools=True,
    flat_voice=True,
    can_disable_turn_detection=False,  # manual turns were observed to be unstable
    detections=("server_vad",),
)

HF = Dialect(
    name="hf",
    title="HF speech-to-speech",
    url="ws://127.0.0.1:8765/v1/realtime",
    auth="none",
    settings=frozenset("instructions voice output_modalities turn_detection transcription tool_choice extra".split()),
    one_modality=False,
    can_disable_turn_detection=False,  # its VAD is a fixed part of the pipeline
    detections=("server_vad",),
)

GENERIC = Dialect(
    name="generic",
    title="Realtime server",
    key_vars=("REALTIME_API_KEY",),
    one_modality=False,
    cancels_on_speech=False,
    hosts_mcp=True,
    settings=ALL_SETTINGS,
)

LOCAL = Dialect(
    name="local",
    title="local agent",
    model="rules",
    models=("rules",),
    auth="bearer",
    voices=("heart", "low", "deep", "bright", "light"),
    fixed_rate=24_000,
    merges_deeply=True,
    out_of_band=True,
    transcription={"model": "moonshine-tiny"},
    detections=("server_vad",),
)

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (LOCAL, YANDEX, OPENAI, AZURE, XAI, HF, GENERIC)}


_AMBIGUOUS = re.compile(r"[\s\\\x00-\x1f\x7f-\x9f]")
"""Characters that URL parsers treat differently: some skip them, others end the host there."""


def model_uri(dialect: Dialect, model: str, folder_id: str) -> str:
    """Return the model for the address; for Yandex as a ``gpt://folder/model`` URI.

    Raises:
        ValueError: the folder id is required and missing.
    """
    model = model or dialect.model
    if dialect.auth != "yandex" or model.startswith("gpt://"):
        return model
    if not folder_id:
        raise ValueError(f"{dialect.title} needs a folder id: set {dialect.folder_var}, or folder_id in the profile")
    return f"gpt://{folder_id}/{model}"


_HOST = re.compile(r"(?=.{1,253}$)[^\s.*,;${}<>\"'|()\[\]]{1,63}(\.[^\s.*,;${}<>\"'|()\[\]]{1,63})*\.?")
"""A host's name, in any script: labels of at most 63 characters."""


def address(dialect: Dialect, url: str, model: str) -> str:
    """Return the WebSocket address with ``model`` as query parameter; a ``model`` in ``url`` takes precedence.

    Raises:
        ValueError: there is no address, or it is not a valid WebSocket address.
    """
    hint = dialect.url_hint or "ws://... or wss://..."
    if not (url or dialect.url):
        raise ValueError(f"{dialect.title} has no address yet: set url to {hint}")
    wrong = f"'{shown_address(url or dialect.url)}' is no WebSocket address: set url to {hint}"
    if _AMBIGUOUS.search(url):
        raise ValueError(wrong)
    try:
        parts = urlsplit(url or dialect.url)
        fit = parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        raise ValueError(wrong) from None
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss") or not fit:
        raise ValueError(wrong)
    if ":" not in (parts.hostname or "") and not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError(f"'{parts.hostname}' is no name of a host: set url to {hint}")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if model:
        query.setdefault("model", model)
    encoded = urlencode(query, safe=":/", quote_via=quote)
    return urlunsplit((scheme, parts.netloc, parts.path, encoded, ""))


def auth_headers(dialect: Dialect, key: str) -> dict[str, str]:
    """Return the headers with the key; empty if there is no key or the provider uses none.

    A Yandex key that starts with ``t1.`` is an IAM token, an Azure key that starts with ``eyJ`` an Entra token.
    """
    if not key or dialect.auth == "none":
        return {}
    if dialect.auth == "azure" and not key.startswith("eyJ"):
        return {"api-key": key}
    if dialect.auth == "yandex" and not key.startswith("t1."):
        return {"Authorization": f"Api-Key {key}"}
    return {"Authorization": f"Bearer {key}"}
