"""Arguments as models write them: null for nothing, null for an optional one; and errors in the words of JSON."""

import json

import pytest

from rtvoice_tui.errors import ArgumentsRefused
from rtvoice_tui.protocol.settings import ToolSpec
from rtvoice_tui.session.effects import RunTool
from rtvoice_tui.session.schema import given, read
from session.conversation import Conversation, error_in, function_call, outputs

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer"},
        "note": {"type": ["string", "null"]},
        "any": {},
        "unit": {"enum": ["c", "f"]},
        "maybe": {"enum": ["c", None]},
        "where": {"type": "object", "properties": {"zip": {"type": "string"}}},
        "flag": {"type": "boolean"},
    },
}
TOOL = ToolSpec(name="t", parameters=SCHEMA)
STRICT = ToolSpec(name="t", parameters={**SCHEMA, "required": ["city"], "additionalProperties": False})


@pytest.mark.parametrize("text", ["", "null", " null ", "{}", "  "])
def test_no_arguments_run_however_the_model_writes_that(text):
    step = Conversation(tools=[TOOL]).calls(function_call("K", "t", text))
    assert [json.loads(run.arguments) for run in step.of(RunTool)] == [{}]


GIVEN = {
    '{"city": "Omsk", "days": null}': {"city": "Omsk"},
    '{"city": null}': {},
    '{"note": null}': {"note": None},
    '{"any": null}': {"any": None},
    '{"unit": null, "maybe": null}': {"maybe": None},
    '{"where": {"zip": null}}': {"where": {}},
    '{"where": null, "flag": null}': {},
    '{"city": "null"}': {"city": "null"},
    '{"city": "Omsk"}': {"city": "Omsk"},
}


@pytest.mark.parametrize(("text", "arguments"), GIVEN.items())
def test_an_optional_argument_that_is_null_is_absent(text, arguments):
    assert read(text, SCHEMA) == arguments
    assert json.loads(given(text, SCHEMA)) == arguments
    step = Conversation(tools=[TOOL]).calls(function_call("K", "t", text))
    assert [json.loads(run.arguments) for run in step.of(RunTool)] == [arguments]


@pytest.mark.parametrize("text", ['{"city": null}', "null", '{"city": "Omsk", "more": null}'])
def test_null_does_not_stand_for_what_is_required_or_unknown(text):
    step = Conversation(tools=[STRICT]).calls(function_call("K", "t", text))
    assert step.of(RunTool) == []
    assert error_in(outputs(step)["K"])


@pytest.mark.parametrize("text", ["[]", '"x"', "5", "true", "not json null", '{"city":'])
def test_what_is_no_object_stays_as_it_is(text):
    assert given(text, SCHEMA) == text
    with pytest.raises(ArgumentsRefused):
        read(text, SCHEMA)


@pytest.mark.parametrize(
    ("arguments", "json_word", "python_word"),
    [
        ({"city": True}, "true", "True"),
        ({"city": [None]}, "[null]", "None"),
        ({"flag": "x", "unit": False}, "false", "False"),
        ({"unit": {"a": None}}, "null", "None"),
        ({"maybe": "x"}, "null", "None"),
    ],
)
def test_errors_for_the_model_are_in_the_words_of_json(arguments, json_word, python_word):
    with pytest.raises(ArgumentsRefused) as refused:
        read(json.dumps(arguments), SCHEMA)
    assert python_word not in str(refused.value)
    assert json_word in str(refused.value) or "flag" in arguments
