"""What is left of a frame when a secret is taken out of it."""

import json
import time

import pytest

from rtvoice_tui.redaction import FrameRedactor, redact

KEY = "sk-proj-AbCdEfGhIj0123456789"


def delta(text: str, item: str = "A", **more: object) -> str:
    return json.dumps({"type": "response.output_text.delta", "item_id": item, "delta": text, **more})


@pytest.mark.parametrize("key", ["abcdef\\", "\\abcdef", 'abcdef"', 'a\\b/c"d'])
def test_a_frame_stays_json_whatever_the_key_begins_and_ends_with(key: str) -> None:
    frame = json.dumps({"m": f"before {key}", "n": key})
    told = json.loads(FrameRedactor([key]).redacted(frame))
    assert key not in json.dumps(told["m"]) + json.dumps(told["n"])


def test_a_secret_that_becomes_known_in_the_middle_of_another_s_pieces_loses_neither() -> None:
    redactor = FrameRedactor([KEY])
    first = json.loads(redactor.redacted(delta(f"say {KEY[:14]}")))["delta"]
    redactor.also(["another-token"])
    second = json.loads(redactor.redacted(delta(f"{KEY[14:]} now")))["delta"]
    assert first + second == "say [key] now"


def test_pieces_of_many_texts_at_a_time_are_put_together() -> None:
    redactor = FrameRedactor([KEY])
    redactor.redacted(delta(KEY[:10], "T"))
    for number in range(200):
        redactor.redacted(delta("words", f"other-{number}"))
    assert KEY[12:] not in redactor.redacted(delta(KEY[10:], "T"))


@pytest.mark.parametrize(
    "frame",
    [
        '{"type": "response.output_text.delta", "item_id": "A", "d\\u0065lta": "%s"}',
        '{"audio.delta": 1, "type": "response.output_text.delta", "item_id": "A", "delta": "%s"}',
    ],
    ids=["an escaped name", "a name like that of speech"],
)
def test_no_way_of_writing_a_piece_hides_it(frame: str) -> None:
    redactor = FrameRedactor([KEY])
    redactor.redacted(frame % KEY[:10])
    assert KEY[10:] not in redactor.redacted(frame % KEY[10:])


def test_placeholders_are_left_in_words() -> None:
    assert redact("an example text", ["x", "test"]) == "an example text"


@pytest.mark.parametrize("text", ["\\" * 2_000_000, ("\\" * 8 + "u0061") * 100_000, "a" * 2_000_000])
def test_a_large_frame_is_read_in_a_moment(text: str) -> None:
    begun = time.process_time()
    FrameRedactor(["a" * 30 + "b"]).redacted(json.dumps({"m": text}))
    FrameRedactor(["a" * 30 + "b"]).redacted(f'{{"broken": "{text}')
    assert time.process_time() - begun < 20, "half an hour, where the search takes the square of it"
