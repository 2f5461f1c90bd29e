"""What is wrong with a profile's values is said for people: the key, what it may be, and what it is."""

import msgspec
import pytest

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import objections
from rtvoice_tui.profiles.store import parse_profile

TOOL = '[[tools]]\nname = "a"\n'


def objection(text: str) -> tuple[str, str]:
    """Sentence without the file's name, and remedy."""
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "my.toml")
    assert caught.value.sentence.startswith("my.toml: ")
    assert "`" not in caught.value.sentence, "msgspec's own words"
    assert "delete" not in caught.value.remedy, "no remedy for a typo"
    return caught.value.sentence.removeprefix("my.toml: "), caught.value.remedy


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[audio]\ngate_db = 5", "audio.gate_db must be between -60 and -10; it is 5"),
        ("[audio]\ngate_db = nan", "audio.gate_db must be between -60 and -10; it is nan"),
        ("heartbeat_s = -0.5", "heartbeat_s must be between 0 and 3600; it is -0.5"),
        ("[session]\ninput_rate = 5", "session.input_rate must be between 8000 and 192000; it is 5"),
        (TOOL + "timeout_s = 0", "tools[0].timeout_s must be above 0 and at most 3600; it is 0"),
        (
            TOOL + "run = {kind = 'mock', delay_ms = -1}",
            "tools[0].run.delay_ms must be between 0 and 3600000; it is -1",
        ),
    ],
)
def test_a_number_out_of_range_is_told_with_the_range(text, sentence):
    assert objection(text) == (sentence, "correct it, or take the line out")


def test_a_number_without_end_is_shown_by_its_beginning():
    sentence, _ = objection("heartbeat_s = 1" + "0" * 400)

    assert sentence.startswith("heartbeat_s must be between 0 and 3600; it is 1000")
    assert len(sentence) < 100


def test_a_number_that_cannot_even_be_written_is_told_with_its_key():
    with pytest.raises(ProfileError, match=r"my\.toml: heartbeat_s"):
        parse_profile("heartbeat_s = 0x" + "f" * 5000, "my.toml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[audio]\ntalk = 'ptt'", "audio.talk must be open, toggle or hold; it is 'ptt'"),
        ("[audio]\ntalk = 5", "audio.talk must be open, toggle or hold; it is 5"),
        ("tool_policy = ''", "tool_policy must be auto, ask or off; it is ''"),
        (TOOL + "policy = 'x'", "tools[0].policy must be default, auto, ask or off; it is 'x'"),
        (
            TOOL + "run = {kind = 'shell'}",
            "tools[0].run.kind must be python, command, http, mcp, mock, ask or hosted; it is 'shell'",
        ),
    ],
)
def test_one_of_a_few_words_is_told_with_all_of_them_in_the_order_of_meaning(text, sentence):
    assert objection(text)[0] == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[audio]\ngatedb = -40", "audio has no key 'gatedb'; did you mean gate_db?"),
        ("gate_db = -40", "a profile has no key 'gate_db'; did you mean audio.gate_db?"),
        ("[audio]\nvoice = 'a'", "audio has no key 'voice'; did you mean session.voice?"),
        ("modell = 'a'", "a profile has no key 'modell'; did you mean model?"),
        (
            "[session]\nmodel = 'a'",
            "session has no key 'model'; did you mean model at the top of the file, before all tables?",
        ),
        (
            TOOL + "run = {kind = 'command', argv = ['a'], envs = {}}",
            "tools[0].run has no key 'envs'; did you mean env?",
        ),
    ],
)
def test_a_key_that_is_mistyped_or_misplaced_is_told_with_the_one_that_is_meant(text, sentence):
    assert objection(text) == (sentence, "correct the name, or take it out")


def test_a_key_that_is_like_no_other_is_told_with_all_that_there_are():
    sentence, remedy = objection("[audio]\nvolume = 3")

    assert sentence == "audio has no key 'volume'"
    assert remedy.startswith("take it out, or write one of: input_device, output_device, echo,")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[audio]\ngate_db = '-40'", "audio.gate_db must be a number; it is text"),
        ("[session]\ninput_rate = 5.5", "session.input_rate must be a whole number; it is 5.5"),
        ("model = 5", "model must be text; it is 5"),
        ("trusted = 1", "trusted must be true or false; it is 1"),
        ("model = true", "model must be text; it is true"),
        ("model = 2021-01-01", "model must be text; it is a date"),
        ("model = 01:00:00", "model must be text; it is a time"),
        ("session = []", "session must be a table; it is a list"),
        ("[session]\nlanguages = ['en', 5]", "session.languages[1] must be text; it is 5"),
        ("[session]\ntool_choice = []", "session.tool_choice must be text or a table; it is a list"),
        (TOOL + "run = {target = 5}", "tools[0].run.target must be text; it is 5"),
        (TOOL + "run = {kind = 'mcp', env = {A = '', B = 5}}", "tools[0].run.env.B must be text; it is 5"),
        (TOOL + 'run = {kind = "mcp", env = {"\\u001b" = 5}}', "tools[0].run.env.'\\x1b' must be text; it is 5"),
    ],
)
def test_a_wrong_type_is_told_in_everyday_words(text, sentence):
    assert objection(text)[0] == sentence


def test_a_text_of_the_wrong_type_is_not_shown_as_it_may_be_a_secret():
    assert "geheim" not in "".join(objection("trusted = 'geheim'"))


def test_one_table_in_the_place_of_many_is_told_with_how_it_is_written():
    assert objection("[tools]\nname = 'a'") == (
        "tools must be a list; it is a table",
        "write [[tools]] instead of [tools]",
    )


def test_what_is_missing_or_empty_is_told():
    assert objection("[[tools]]") == ("tools[0] has no key 'name', which it needs", "add name = ... to it")
    assert objection(TOOL + "run = {kind = 'command'}")[0] == "tools[0].run has no key 'argv', which it needs"
    assert objection(TOOL + "run = {kind = 'command', argv = []}")[0] == "tools[0].run.argv must not be empty"


@pytest.mark.parametrize("text", ['"a\\n\\u001b[2J" = 1', "[audio]\ntalk = '''a\n'''", '[audio]\n"\\u001b" = 1'])
def test_what_a_screen_would_obey_is_written_out(text):
    assert "".join(objection(text)).isprintable()


@pytest.mark.parametrize(
    "message", ["Something new", "Something new - at `$.audio.nowhere`", "Expected `x` - at `$.audio`"]
)
def test_what_is_not_understood_is_told_in_its_own_words_with_its_key(message):
    sentence, remedy = objections.objection(message, {"audio": {}})

    assert message.partition(" - ")[0] in sentence
    assert remedy
    if "audio" in message:
        assert "audio" in sentence


def test_at_the_ends_of_the_range_that_is_named_a_profile_is_valid():
    for value in (-60, -10):
        assert parse_profile(f"[audio]\ngate_db = {value}", "my.toml").audio.gate_db == value
    with pytest.raises(ProfileError) as caught:
        parse_profile("[audio]\ngate_db = -61", "my.toml")
    assert isinstance(caught.value.__cause__, msgspec.ValidationError)
