"""Decides by rules what to say or which tool to call. It is no language model, and says so when asked.

The tools are those of the session: the tool that shares most words with the sentence is called, with arguments
extracted from the sentence. Tools that are edited during the session therefore work immediately.
"""

import ast
import json
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rtvoice_tui.local_agent.arguments import as_value, fill, tool_score, words_of
from rtvoice_tui.local_agent.numbers import in_digits

TOOL_THRESHOLD = 2.0


@dataclass(frozen=True)
class Say:
    """The decision to respond with a message."""

    text: str


@dataclass(frozen=True)
class Call:
    """The decision to call a function. ``arguments`` is JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True)
class _Question:
    """A pending question to the user: the tool, the arguments known so far, and the names of the missing ones."""

    tool: Mapping[str, Any]
    arguments: dict[str, Any]
    missing: list[str]


STORY = (
    "Once upon a time there was a small lighthouse on a rock in the northern sea. Every evening its keeper climbed the"
    " two hundred steps and lit the lamp. Ships from many countries knew its light and were glad of it. One night a"
    " thick fog came, so thick that the keeper could not see her own hand. She rang the bell, once a minute, and"
    " listened. Far away a horn answered, and then a second one. All night long she rang, and all night long the horns"
    " came nearer. When the sun rose, three ships lay safely behind the rock. Their captains rowed over and asked how"
    " they could thank her. She thought for a while and asked for a new rope for the bell. They brought her the rope,"
    " and a barrel of apples too. And if the fog has not lifted, she is ringing still."
)

_JOKE = "Why did the voice agent cross the road? Because nobody interrupted it."

_OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
ECHOED = 500
"""Maximum characters of the user's sentence that are repeated."""

LONGEST_SUM = 1000
"""Maximum characters of a sentence that is searched for a calculation."""

_NUMBER = r"(?<![\d.])\d+(?:\.\d+)?"
_SIGNS = {"plus": "+", "minus": "-", "times": "*", "x": "*", "divided by": "/", "over": "/"}

_RESULT = re.compile(r"The result of \S+ is: (.*)", re.DOTALL)
"""The user message with which a client sends a late function result."""

_EXACTLY = re.compile(r"\bsay exactly\b[^:]*:\s*(.+)", re.IGNORECASE | re.DOTALL)


class Brain:
    """The rules, and the state of one conversation: the last reply and a pending question."""

    def __init__(self) -> None:
        self._last_answer = ""
        self._asked: _Question | None = None

    def answer(self, said: str, tools: Sequence[Mapping[str, Any]], instructions: str) -> Say | Call:
        """Decide how to respond to the user's last turn.

        Args:
            said: the transcript of the turn.
            tools: the session's function tools.
            instructions: the session's or the response's instructions.
        """
        asked, self._asked = self._asked, None
        if told := _RESULT.match(said):
            return self._styled(Say(_describe(told[1])), instructions)
        found: Say | Call | None = self._calculation(said) or self._small_talk(said, tools, instructions)
        if found is None and asked is not None and len(words_of(said)) <= 4:
            found = self._complete(asked, said)
        if found is None:
            found = self._tool_call(said, tools)
        if found is None:
            can = _abilities(tools)
            found = Say(f"You said: {said.strip()[:ECHOED].rstrip('.')}. I follow simple rules, so try {can}.")
        return self._styled(found, instructions)

    def aside(self, instructions: str, said: str) -> Say:
        """The text of an out-of-band response: what follows "say exactly:" in the instructions, else the input."""
        given = _EXACTLY.search(instructions)
        return Say(given[1].strip() if given else said or "Yes?")

    def respond_to_outputs(self, outputs: Sequence[str], instructions: str) -> Say:
        """The message that reports function results.

        Args:
            outputs: the outputs of the functions, usually JSON text.
            instructions: the session's or the response's instructions.
        """
        said = " ".join(_describe(output) for output in outputs)
        styled = self._styled(Say(said), instructions)
        assert isinstance(styled, Say)
        return styled

    def _styled(self, decided: Say | Call, instructions: str) -> Say | Call:
        """Apply the one style that instructions can set: fixed words at the start or the end of every response."""
        if isinstance(decided, Call):
            return decided
        text = decided.text
        for position, pattern in (("begin", r"(?:begin|start)"), ("end", r"(?:end|finish)")):
            quoted = re.search(
                pattern + r"\w*\s+(?:every|each|all)\s+(?:\w+\s+)?(?:answer|reply|sentence)s?\s+with\s+"
                r"(?:the\s+words?\s+)?[\"'“]?([^\"'”.\n]+)",
                instructions,
                re.IGNORECASE,
            )
            if quoted:
                words = quoted.group(1).strip()
                text = f"{words.capitalize()}. {text}" if position == "begin" else f"{text} {words.capitalize()}."
        self._last_answer = text
        return Say(text)

    def _tool_call(self, said: str, tools: Sequence[Mapping[str, Any]]) -> Say | Call | None:
        scored = sorted(((tool_score(said, tool), index) for index, tool in enumerate(tools)), key=lambda s: -s[0])
        if not scored or scored[0][0] < TOOL_THRESHOLD:
            return None
        tool = tools[scored[0][1]]
        arguments, missing = fill(said, tool.get("parameters") or {})
        return self._ask_or_call(tool, arguments, missing)

    def _complete(self, asked: _Question, said: str) -> Say | Call | None:
        """Use a short sentence as the user's reply to the pending question; ``None`` if it does not fit."""
        value = as_value(said, asked.tool.get("parameters") or {}, asked.missing[0])
        if value is None:
            return None
        return self._ask_or_call(asked.tool, {**asked.arguments, asked.missing[0]: value}, asked.missing[1:])

    def _ask_or_call(self, tool: Mapping[str, Any], arguments: dict[str, Any], missing: list[str]) -> Say | Call:
        if missing:
            self._asked = _Question(tool, arguments, missing)
            return Say(f"For which {missing[0].replace('_', ' ')}?")
        return Call(tool["name"], json.dumps(arguments, ensure_ascii=False))

    def _small_talk(self, said: str, tools: Sequence[Mapping[str, Any]], instructions: str) -> Say | None:
        text = said.lower()
        name = re.search(r"your name is (\w+)", instructions, re.IGNORECASE)
        called = name.group(1) if name else "the built-in agent"
        rules = (
            (r"\b(repeat|say (that|it) again)\b", self._last_answer or "I have not said anything yet."),
            (r"\b(long )?(story|fairy tale)\b|talk for a while", STORY),
            (r"\bjoke\b", _JOKE),
            (
                r"\bwho are you\b|\bwhat are you\b|\byour name\b",
                f"I am {called}. I follow simple rules and am no language model.",
            ),
            (r"\bwhat can (i|you)\b|^help\b", f"Try {_abilities(tools)}."),
            (r"\b(thank you|thanks)\b", "You are welcome."),
            (r"\b(good ?bye|bye bye|see you)\b", "Goodbye."),
            (r"^(stop|quiet|be quiet|enough|never mind|wait)\b", "All right."),
            (r"^(hello|hi|hey|good (morning|evening|afternoon))\b", f"Hello. I am {called}. Try {_abilities(tools)}."),
        )
        for pattern, answer in rules:
            if re.search(pattern, text.strip()):
                return Say(answer)
        return None

    def _calculation(self, said: str) -> Say | None:
        if len(said) > LONGEST_SUM:
            return None
        text = in_digits(said)
        for word, sign in _SIGNS.items():
            text = re.sub(rf"(?<!\w){word}(?!\w)", sign, text)
        text = text.replace("×", "*").replace("÷", "/")
        found = re.search(rf"{_NUMBER}(?:\s*[-+*/]\s*{_NUMBER})+", text)
        if found is None:
            return None
        try:
            result = _evaluate(ast.parse(found.group(), mode="eval").body)
            shown = f"{result:.0f}" if result == int(result) else f"{result:.6g}"
        except (ArithmeticError, ValueError, SyntaxError, RecursionError, MemoryError):
            return Say("That cannot be calculated.")
        spoken = found.group()
        for sign, word in (("*", "times"), ("/", "divided by"), ("+", "plus"), ("-", "minus")):
            spoken = spoken.replace(sign, f" {word} ")
        return Say(f"{' '.join(spoken.split())} is {shown}.")


def _evaluate(node: ast.AST) -> float:
    if isinstance(node, ast.BinOp):
        result: float = _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
        return result
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    raise ValueError("not a calculation")


def _abilities(tools: Sequence[Mapping[str, Any]]) -> str:
    wanted = [f"asking to {str(t['name']).replace('_', ' ')}" for t in tools[:3]]
    return ", ".join([*wanted, "a sum, a joke, or a long story"])


def _describe(output: str) -> str:
    """A function's output as a sentence; its first characters if it is not JSON that can be described."""
    try:
        told = _in_words(output)
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        told = output[:600]
    return told.encode("utf-8", "replace").decode()  # JSON can contain unpaired surrogates


def _in_words(output: str) -> str:
    if output.strip() in ("", "{}"):
        return "The function gave no result."
    result = _unwrapped(json.loads(output))
    if not isinstance(result, dict):
        return f"The result is {json.dumps(result, ensure_ascii=False)[:600]}."
    if "error" in result:
        return f"That did not work: {result['error']}."
    if {"city", "condition", "temperature_c"} <= result.keys():
        advice = f" {result['advice']}" if result.get("advice") else ""
        condition = {"rain": "rain", "snow": "snow", "fog": "fog"}.get(
            str(result["condition"]), f"{result['condition']} weather"
        )
        return f"In {result['city']} there is {condition} at {_spoken(result['temperature_c'])} degrees.{advice}"
    if {"time", "day"} <= result.keys():
        place = "" if result.get("place") in (None, "", "here") else f" in {result['place']}"
        return f"It is {result['time']} on {result['day']}{place}."
    parts = [f"{key.replace('_', ' ')}: {_spoken(value)}" for key, value in list(result.items())[:8]]
    return f"{', '.join(parts)}."


def _unwrapped(result: Any) -> Any:
    """The result inside content blocks such as ``[{"text": ...}]``, as some agent frameworks wrap it."""
    if not isinstance(result, list) or len(result) != 1 or not isinstance(result[0], dict):
        return result
    block = result[0]
    if "json" in block:
        return block["json"]
    text = block.get("text")
    if not isinstance(text, str) or not block.keys() <= {"text", "type"}:
        return result
    try:
        return json.loads(text)
    except ValueError:
        return {"result": text}


def _spoken(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return f"minus {-value:g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
