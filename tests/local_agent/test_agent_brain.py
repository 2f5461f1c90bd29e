"""What the local agent's rules answer and which tool they call."""

import json

import pytest

from rtvoice_tui.local_agent.brain import Brain, Call, Say

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get a brief weather report for a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
TIME = {
    "type": "function",
    "name": "get_time",
    "description": "Tell the time and the day, here or in another city.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
}
LIGHT = {
    "type": "function",
    "name": "turn_on_light",
    "description": "Turn on the light in a room.",
    "parameters": {
        "type": "object",
        "properties": {"room": {"type": "string", "enum": ["kitchen", "bedroom", "living room"]}},
        "required": ["room"],
    },
}
TIMER = {
    "type": "function",
    "name": "start_timer",
    "description": "Start a timer.",
    "parameters": {"type": "object", "properties": {"minutes": {"type": "integer"}}, "required": ["minutes"]},
}
TRAIN = {
    "type": "function",
    "name": "book_train",
    "description": "Book a train ticket.",
    "parameters": {
        "type": "object",
        "properties": {"destination": {"type": "string"}, "passengers": {"type": "integer"}},
        "required": ["destination", "passengers"],
    },
}
TOOLS = [WEATHER, TIME, LIGHT, TIMER]


def answer(said: str, tools=TOOLS, instructions: str = "") -> Say | Call:
    return Brain().answer(said, tools, instructions)


def call(said: str, tools=TOOLS) -> tuple[str, dict]:
    decided = answer(said, tools)
    assert isinstance(decided, Call), decided
    return decided.name, json.loads(decided.arguments)


def text(said: str, tools=TOOLS, instructions: str = "") -> str:
    decided = answer(said, tools, instructions)
    assert isinstance(decided, Say), decided
    return decided.text


@pytest.mark.parametrize(
    ("said", "city"),
    [
        ("What is the weather in Berlin?", "Berlin"),
        ("what's the weather like in Berlin today?", "Berlin"),
        ("How is the weather in New York right now?", "New York"),
        ("Tell me the weather for Paris, please.", "Paris"),
        ("Give me a weather report for San Francisco tomorrow.", "San Francisco"),
        ("what is the weather in tokyo", "Tokyo"),
        ("Weather in Saint-Denis.", "Saint-Denis"),
        ("What's the whether in Berlin? I mean the weather.", "Berlin"),
        ("Could you get the weather of Rome?", "Rome"),
        ("What is the weather in the city of Madrid?", "Madrid"),
        ("What is the weather in München?", "München"),
    ],
)
def test_a_question_about_the_weather_calls_the_tool_with_the_city(said, city):
    assert call(said) == ("get_weather", {"city": city})


@pytest.mark.parametrize(
    ("said", "arguments"),
    [
        ("What time is it in Tokyo?", {"place": "Tokyo"}),
        ("Tell me the time in Los Angeles now.", {"place": "Los Angeles"}),
        ("What time is it?", {}),
    ],
)
def test_a_question_about_the_time_calls_the_other_tool(said, arguments):
    assert call(said) == ("get_time", arguments)


@pytest.mark.parametrize(
    ("said", "room"),
    [
        ("Turn on the light in the kitchen.", "kitchen"),
        ("Please switch the lights on in the bedroom, turn on.", "bedroom"),
        ("Turn on the living room light.", "living room"),
        ("turn on the light in the living room", "living room"),
    ],
)
def test_values_of_an_enumeration_are_found_in_the_sentence(said, room):
    assert call(said) == ("turn_on_light", {"room": room})


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ("What is twelve times seven?", "12 times 7 is 84."),
        ("twelve times seven", "12 times 7 is 84."),
        ("What is 12 times 7?", "12 times 7 is 84."),
        ("12 x 7", "12 times 7 is 84."),
        ("How much is 12*7?", "12 times 7 is 84."),
        ("ten divided by four", "10 divided by 4 is 2.5."),
        ("three plus four times five", "3 plus 4 times 5 is 23."),
        ("five minus eight", "5 minus 8 is -3."),
        ("1.5 plus 1.5", "1.5 plus 1.5 is 3."),
        ("one divided by zero", "That cannot be calculated."),
        ("What is 1000 times 1000?", "1000 times 1000 is 1000000."),
        ("What is 1234567 plus 1?", "1234567 plus 1 is 1234568."),
        ("twenty-one plus four", "21 plus 4 is 25."),
        ("twenty one plus four", "21 plus 4 is 25."),
        ("two hundred plus five", "200 plus 5 is 205."),
        ("What is 007 plus 1?", "7 plus 1 is 8."),
    ],
)
def test_sums_are_calculated(said, result):
    assert text(said) == result


def test_sums_are_no_questions_about_the_time():
    assert text("What is twelve times seven?", [TIME]) == "12 times 7 is 84."


@pytest.mark.parametrize("said", ["The cat sat on the mat.", "Purple monkeys dance", "go forward ten metres"])
def test_what_is_not_understood_is_said_again_with_what_can_be_asked(said):
    answered = text(said)

    assert said.rstrip(".") in answered
    assert "get weather" in answered
    assert "simple rules" in answered


def test_without_tools_the_abilities_are_those_of_the_rules():
    assert text("The cat sat on the mat.", []).endswith("try a sum, a joke, or a long story.")


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("Hello!", "Hello. I am the built-in agent."),
        ("Good morning", "Hello."),
        ("Who are you?", "no language model"),
        ("Thank you very much.", "You are welcome."),
        ("Tell me a joke.", "voice agent"),
        ("Tell me a long story.", "lighthouse"),
        ("What can you do?", "asking to get weather"),
        ("Goodbye", "Goodbye."),
        ("Stop.", "All right."),
    ],
)
def test_small_talk_is_answered(said, part):
    assert part in text(said)


def test_the_last_answer_is_repeated_on_request():
    brain = Brain()
    first = brain.answer("Tell me a joke.", [], "")

    assert brain.answer("Could you repeat that?", [], "") == first


def test_there_is_nothing_to_repeat_at_first():
    assert text("Please repeat.") == "I have not said anything yet."


# --- instructions


@pytest.mark.parametrize("said", ["Who are you?", "What is your name?", "Hello"])
def test_the_agents_name_comes_from_its_instructions(said):
    assert "I am Ada" in text(said, instructions="You are polite. Your name is Ada. Answer briefly.")


@pytest.mark.parametrize(
    ("instructions", "wanted"),
    [
        ("End every answer with ahoy.", "12 times 7 is 84. Ahoy."),
        ("Please end each reply with the word ahoy", "12 times 7 is 84. Ahoy."),
        ("Finish all answers with 'over and out'.", "12 times 7 is 84. Over and out."),
        ("Begin every answer with well then.", "Well then. 12 times 7 is 84."),
        ("Start every sentence with aye. End every answer with ahoy.", "Aye. 12 times 7 is 84. Ahoy."),
    ],
)
def test_instructions_can_ask_for_fixed_words_around_every_answer(instructions, wanted):
    assert text("twelve times seven", instructions=instructions) == wanted


def test_instructions_hold_for_tool_results_too():
    said = Brain().respond_to_outputs(['{"time": "12:30", "day": "Friday"}'], "End every answer with ahoy.")

    assert said.text == "It is 12:30 on Friday. Ahoy."


def test_edited_instructions_count_from_the_next_answer_on():
    brain = Brain()
    assert brain.answer("Who are you?", [], "Your name is Ada.").text.startswith("I am Ada")

    assert brain.answer("Who are you?", [], "Your name is Bob.").text.startswith("I am Bob")


# --- tools that change, and arguments that are asked for


def test_a_tool_that_is_added_while_talking_is_called_at_once():
    brain = Brain()
    assert isinstance(brain.answer("Play some jazz music.", TOOLS, ""), Say)
    music = {"name": "play_music", "description": "Play music.", "parameters": {"type": "object", "properties": {}}}

    assert brain.answer("Play some jazz music.", [*TOOLS, music], "") == Call("play_music", "{}")


def test_a_tool_that_is_removed_is_not_called_any_more():
    brain = Brain()
    assert isinstance(brain.answer("What is the weather in Berlin?", TOOLS, ""), Call)

    assert isinstance(brain.answer("What is the weather in Berlin?", [LIGHT], ""), Say)


def test_a_renamed_argument_is_filled_under_its_new_name():
    edited = {**WEATHER, "parameters": {"type": "object", "properties": {"town": {"type": "string"}}}}

    assert call("What is the weather in Berlin?", [edited]) == ("get_weather", {"town": "Berlin"})


def test_a_missing_argument_is_asked_for_and_then_filled():
    brain = Brain()
    asked = brain.answer("What is the weather?", TOOLS, "")
    assert asked == Say("For which city?")

    assert brain.answer("Berlin.", TOOLS, "") == Call("get_weather", '{"city": "Berlin"}')


def test_a_missing_number_is_filled_as_a_number():
    brain = Brain()
    assert brain.answer("Start the timer.", TOOLS, "") == Say("For which minutes?")

    decided = brain.answer("5.", TOOLS, "")

    assert isinstance(decided, Call)
    assert json.loads(decided.arguments) == {"minutes": 5}


def test_what_was_said_before_a_question_back_is_not_forgotten():
    brain = Brain()
    asked = brain.answer("Book a train ticket to Paris.", [TRAIN], "")
    assert asked == Say("For which passengers?")

    decided = brain.answer("2", [TRAIN], "")

    assert isinstance(decided, Call)
    assert json.loads(decided.arguments) == {"destination": "Paris", "passengers": 2}


@pytest.mark.parametrize("said", ["Never mind.", "Stop.", "Tell me a joke."])
def test_a_question_back_can_be_left_unanswered(said):
    brain = Brain()
    assert brain.answer("What is the weather?", TOOLS, "") == Say("For which city?")

    assert isinstance(brain.answer(said, TOOLS, ""), Say)


def test_an_answer_in_a_whole_sentence_is_a_new_question():
    brain = Brain()
    brain.answer("What is the weather?", TOOLS, "")

    decided = brain.answer("What time is it in Tokyo right now?", TOOLS, "")

    assert decided == Call("get_time", '{"place": "Tokyo"}')


def test_numbers_are_filled_into_number_arguments():
    assert call("Start a timer for 5 minutes.") == ("start_timer", {"minutes": 5})


def test_a_spoken_number_is_filled_into_a_number_argument():
    assert call("Start a timer for five minutes.") == ("start_timer", {"minutes": 5})


@pytest.mark.parametrize("parameters", [None, {}, {"type": "object"}, {"properties": None}, {"properties": {"a": 1}}])
def test_odd_parameter_schemas_do_no_harm(parameters):
    tool = {"name": "play_music", "description": "Play music.", "parameters": parameters}

    assert answer("Play some music.", [tool]) == Call("play_music", "{}")


@pytest.mark.parametrize("said", ["", " ", "?", "…", "мне нужна помощь", "🙂", "a" * 5000, "1 + ", "((((", "9 / 0 / 0"])
def test_odd_sentences_get_an_answer_in_words(said):
    assert isinstance(answer(said), Say | Call)


# --- results in words


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (
            '{"city": "Berlin", "condition": "rain", "temperature_c": 7, "advice": "Take an umbrella."}',
            "In Berlin there is rain at 7 degrees. Take an umbrella.",
        ),
        (
            '{"city": "Oslo", "condition": "clear", "temperature_c": -4}',
            "In Oslo there is clear weather at minus 4 degrees.",
        ),
        ('{"time": "09:15", "day": "Monday", "place": "Tokyo"}', "It is 09:15 on Monday in Tokyo."),
        ('{"time": "09:15", "day": "Monday", "place": "here"}', "It is 09:15 on Monday."),
        ('{"error": "no such city"}', "That did not work: no such city."),
        ('{"stock_price": 12.5, "currency": "EUR"}', "stock price: 12.5, currency: EUR."),
        ("[1, 2]", "The result is [1, 2]."),
        ("plain words", "plain words"),
        ("null", "The result is null."),
        ("{}", "The function gave no result."),
        ("", "The function gave no result."),
    ],
)
def test_a_functions_result_is_put_into_words(output, wanted):
    assert Brain().respond_to_outputs([output], "").text == wanted


def test_several_results_are_told_one_after_the_other():
    outputs = ['{"time": "09:15", "day": "Monday"}', '{"error": "no such city"}']

    assert Brain().respond_to_outputs(outputs, "").text == "It is 09:15 on Monday. That did not work: no such city."
