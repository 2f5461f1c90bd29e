"""Addresses, models and keys of each provider."""

import pytest

from rtvoice_tui.protocol.dialects import (
    ALL_SETTINGS,
    DIALECTS,
    GENERIC,
    LOCAL,
    OPENAI,
    YANDEX,
    address,
    auth_headers,
    model_uri,
)
from rtvoice_tui.protocol.settings import SessionSettings


def test_dialects_are_found_by_their_names():
    assert {"yandex", "openai", "generic", "local"} <= set(DIALECTS)
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
        "",
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
        (GENERIC, "", "", ""),
        (GENERIC, "whisper", "b1g", "whisper"),
    ],
)
def test_the_model_as_the_address_wants_it(dialect, model, folder, expected):
    assert model_uri(dialect, model, folder) == expected


def test_a_yandex_model_without_a_folder_says_where_the_folder_comes_from():
    with pytest.raises(ValueError, match="YANDEX_CLOUD_FOLDER_ID"):
        model_uri(YANDEX, "speech-realtime-260528", "")


@pytest.mark.parametrize(
    ("dialect", "key", "expected"),
    [
        pytest.param(YANDEX, "AQVN-secret", "Api-Key AQVN-secret", id="yandex service account"),
        pytest.param(YANDEX, "t1.9euelZ", "Bearer t1.9euelZ", id="yandex IAM token"),
        pytest.param(YANDEX, "t1-not-a-token", "Api-Key t1-not-a-token", id="yandex key that only looks like one"),
        pytest.param(OPENAI, "sk-1", "Bearer sk-1", id="openai"),
        pytest.param(OPENAI, "t1.x", "Bearer t1.x", id="openai never says Api-Key"),
        pytest.param(GENERIC, "k", "Bearer k", id="generic"),
        pytest.param(LOCAL, "k", "Bearer k", id="local"),
        pytest.param(YANDEX, "", "", id="yandex without a key"),
        pytest.param(LOCAL, "", "", id="local without a key"),
    ],
)
def test_the_authorization_header(dialect, key, expected):
    assert auth_headers(dialect, key).get("Authorization", "") == expected
