"""Addresses, models and keys of each provider."""

import pytest

from rtvoice_tui.protocol.realtime.dialects import (
    ALL_SETTINGS,
    AZURE,
    DIALECTS,
    GENERIC,
    HF,
    LOCAL,
    OPENAI,
    XAI,
    YANDEX,
    address,
    auth_headers,
    model_uri,
)
from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.protocol.wire import Endpoint


def test_dialects_are_found_by_their_names():
    assert set(DIALECTS) == {"local", "yandex", "openai", "azure", "xai", "hf", "generic"}
    assert all(name == dialect.name for name, dialect in DIALECTS.items())


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_accepts_only_settings_that_exist(dialect):
    fields = set(SessionSettings.__struct_fields__)
    assert dialect.settings <= ALL_SETTINGS <= fields


@pytest.mark.parametrize(
    ("dialect", "url", "model", "expected"),
    [
        pytest.param(
            YANDEX,
            "",
            "gpt://b1g/speech-realtime-deepseek-v4-flash",
            "wss://ai.api.cloud.yandex.net/v1/realtime?model=gpt://b1g/speech-realtime-deepseek-v4-flash",
            id="yandex takes a whole model URI",
        ),
        pytest.param(
            OPENAI, "", "gpt-realtime-2.1", "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1", id="openai"
        ),
        pytest.param(
            LOCAL, "ws://127.0.0.1:9/v1/realtime", "rules", "ws://127.0.0.1:9/v1/realtime?model=rules", id="local"
        ),
        pytest.param(
            AZURE,
            "wss://mine.openai.azure.com/openai/v1/realtime",
            "my-deployment",
            "wss://mine.openai.azure.com/openai/v1/realtime?model=my-deployment",
            id="azure takes a deployment as its model",
        ),
        pytest.param(XAI, "", "grok-voice-latest", "wss://api.x.ai/v1/realtime?model=grok-voice-latest", id="xai"),
        pytest.param(HF, "", "", "ws://127.0.0.1:8765/v1/realtime", id="hf needs no model"),
        pytest.param(GENERIC, "wss://host/v1", "", "wss://host/v1", id="no model, no query"),
        pytest.param(GENERIC, "https://host/v1", "m", "wss://host/v1?model=m", id="https means wss"),
        pytest.param(GENERIC, "http://host/v1", "m", "ws://host/v1?model=m", id="http means ws"),
        pytest.param(GENERIC, "WSS://host/v1", "m", "wss://host/v1?model=m", id="scheme in capitals"),
        pytest.param(
            GENERIC, "ws://host/v1?model=mine", "other", "ws://host/v1?model=mine", id="model in the URL stays"
        ),
        pytest.param(
            GENERIC, "ws://host/v1?key=a%20b&x=1", "m", "ws://host/v1?key=a%20b&x=1&model=m", id="other parameters stay"
        ),
        pytest.param(GENERIC, "ws://host/v1", "a b&c=d", "ws://host/v1?model=a%20b%26c%3Dd", id="model is quoted"),
        pytest.param(GENERIC, "ws://host/v1#part", "m", "ws://host/v1?model=m", id="fragment is dropped"),
        pytest.param(GENERIC, "ws://host/v1?flag=", "m", "ws://host/v1?flag=&model=m", id="empty parameter stays"),
    ],
)
def test_the_address(dialect, url, model, expected):
    assert address(dialect, url, model) == expected


@pytest.mark.parametrize(
    "url",
    [
        "host/v1",
        "ftp://host/v1",
        "ws://",
        "wss:///v1",
        "://",
        "ws:host",
        "ws://[::1",
        "ws://:8080/v1",
        "ws://host:port/",
    ],
)
def test_what_is_no_websocket_address_is_refused_with_a_remedy(url):
    with pytest.raises(ValueError, match=r"no WebSocket address.*wss?://"):
        address(GENERIC, url, "m")


@pytest.mark.parametrize(
    ("dialect", "title", "hint"),
    [
        (GENERIC, "Realtime server", "ws://... or wss://..."),
        (LOCAL, "local agent", "ws://... or wss://..."),
        (AZURE, "Azure OpenAI", "wss://RESOURCE.openai.azure.com/openai/v1/realtime"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_provider_without_an_address_says_what_one_looks_like(dialect, title, hint):
    with pytest.raises(ValueError) as refused:
        address(dialect, "", "m")
    assert str(refused.value) == f"{title} has no address yet: set url to {hint}"


def test_a_wrong_azure_address_says_what_a_right_one_looks_like():
    with pytest.raises(ValueError, match=r"'host' is no WebSocket address.*RESOURCE\.openai\.azure\.com"):
        address(AZURE, "host", "m")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_every_provider_has_an_address_or_says_that_it_has_none_yet(dialect):
    if dialect.url:
        assert address(dialect, "", "m").startswith(dialect.url)
    else:
        with pytest.raises(ValueError, match="has no address yet"):
            address(dialect, "", "m")


@pytest.mark.parametrize(
    ("dialect", "model", "folder", "expected"),
    [
        (YANDEX, "", "b1g", "gpt://b1g/speech-realtime-deepseek-v4-flash"),
        (YANDEX, "speech-realtime-260528", "b1g", "gpt://b1g/speech-realtime-260528"),
        (YANDEX, "speech-realtime-max-tts-live/latest", "b1g", "gpt://b1g/speech-realtime-max-tts-live/latest"),
        (YANDEX, "gpt://mine/any/latest", "b1g", "gpt://mine/any/latest"),
        (YANDEX, "gpt://mine/any", "", "gpt://mine/any"),
        (OPENAI, "", "b1g", "gpt-realtime-2.1"),
        (OPENAI, "gpt-realtime-2", "", "gpt-realtime-2"),
        (LOCAL, "", "", "rules"),
        (AZURE, "", "", ""),
        (AZURE, "my-deployment", "b1g", "my-deployment"),
        (XAI, "", "", "grok-voice-latest"),
        (HF, "", "", ""),
        (GENERIC, "", "", ""),
        (GENERIC, "whisper", "b1g", "whisper"),
    ],
)
def test_the_model_as_the_address_wants_it(dialect, model, folder, expected):
    assert model_uri(dialect, model, folder) == expected


def test_a_yandex_model_without_a_folder_says_where_the_folder_comes_from():
    with pytest.raises(ValueError, match="YANDEX_CLOUD_FOLDER_ID"):
        model_uri(YANDEX, "speech-realtime-260528", "")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    ("dialect", "key", "expected"),
    [
        pytest.param(YANDEX, "AQVN-secret", {"Authorization": "Api-Key AQVN-secret"}, id="yandex service account"),
        pytest.param(YANDEX, "t1.9euelZ", bearer("t1.9euelZ"), id="yandex IAM token"),
        pytest.param(
            YANDEX, "t1-no-token", {"Authorization": "Api-Key t1-no-token"}, id="yandex key that only looks like one"
        ),
        pytest.param(YANDEX, "eyJ0", {"Authorization": "Api-Key eyJ0"}, id="yandex knows no Entra tokens"),
        pytest.param(OPENAI, "sk-1", bearer("sk-1"), id="openai"),
        pytest.param(OPENAI, "t1.x", bearer("t1.x"), id="openai never says Api-Key"),
        pytest.param(AZURE, "0123abc", {"api-key": "0123abc"}, id="azure key"),
        pytest.param(AZURE, "eyJ0eXAi", bearer("eyJ0eXAi"), id="azure Entra token"),
        pytest.param(AZURE, "t1.x", {"api-key": "t1.x"}, id="azure knows no IAM tokens"),
        pytest.param(XAI, "xai-1", bearer("xai-1"), id="xai"),
        pytest.param(HF, "hf_1", {}, id="hf is told no key, even if there is one"),
        pytest.param(GENERIC, "k", bearer("k"), id="generic"),
        pytest.param(LOCAL, "k", bearer("k"), id="local"),
    ],
)
def test_the_headers_that_carry_the_key(dialect, key, expected):
    assert auth_headers(dialect, key) == expected


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_without_a_key_there_is_no_header(dialect):
    assert auth_headers(dialect, "") == {}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_the_beta_header_is_sent_to_nobody_because_openai_closes_on_it(dialect):
    assert "openai-beta" not in {name.lower() for name in auth_headers(dialect, "k")}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_an_endpoint_that_is_shown_does_not_show_the_key(dialect):
    assert "hidden" not in repr(Endpoint("wss://host/v1", auth_headers(dialect, "hidden")))


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_offers_only_what_it_accepts(dialect):
    assert {"instructions", "extra"} <= dialect.settings
    assert dialect.history in ("items", "recap")
    assert not dialect.model or dialect.model in dialect.models
    assert dialect.detections
    assert len(set(dialect.voices)) == len(dialect.voices)
