"""The typed commands: their names, what they take and do, when they act, and how a line is read."""

import difflib
from dataclasses import dataclass
from enum import Enum, auto


class When(Enum):
    """When a line from a pipe acts. A line from a terminal acts at once, except for messages before the session."""

    NOW = auto()
    LIVE = auto()
    """There is a session."""
    IDLE = auto()
    """The agent has finished."""
    ASKED = auto()
    """The agent has finished, or a call waits for the user."""
    ANSWER = auto()
    """The same; while a call waits it acts before lines that wait for the agent."""


@dataclass(frozen=True)
class Command:
    """One typed command.

    Attributes:
        name: what is typed after the slash.
        arguments: what follows, for the help; empty if nothing.
        help: what it does, in a few words.
        when: when it acts if it comes from a pipe.
    """

    name: str
    arguments: str
    help: str
    when: When = When.IDLE

    @property
    def usage(self) -> str:
        """How it is typed."""
        return f"/{self.name} {self.arguments}".rstrip()


COMMANDS = (
    Command("interrupt", "", "silence the agent; ctrl+C does the same", When.NOW),
    Command("mute", "", "mute the microphone, or open it again", When.NOW),
    Command("quiet", "", "mute the agent, or let it be heard again", When.NOW),
    Command("talk", "", "start or end a push-to-talk turn; with an open microphone: answer now", When.LIVE),
    Command("mode", "open|push", "open microphone or push-to-talk"),
    Command("yes", "", "let the waiting call run", When.ANSWER),
    Command("always", "", "let it run, and all later calls of this tool in this session", When.ANSWER),
    Command("no", "[REASON]", "refuse the waiting call; with none waiting: stop the running one", When.ANSWER),
    Command("send", "RESULT", "give the result of the waiting call yourself", When.ANSWER),
    Command("event", "TYPE|JSON", "send a client event by hand; a type alone prints its template", When.LIVE),
    Command("last", "", "repeat what the agent said last"),
    Command("transcript", "", "print the whole conversation with times"),
    Command("status", "", "session, agent, latency, tokens and devices", When.ASKED),
    Command("connect", "", "connect, or disconnect"),
    Command("reconnect", "[new]", "connect again and keep the conversation; new: without it"),
    Command("set", "[FIELD [VALUE]]", "all settings of the agent; one of them; change it and save it"),
    Command("unset", "FIELD", "leave a setting to the server"),
    Command("voice", "[VOICE]", "short for /set voice"),
    Command("instructions", "[TEXT]", "print the instructions, or change and save them"),
    Command("apply", "", "send what another program has changed in the profile's file"),
    Command("undo", "", "take back the last change of the agent"),
    Command("tools", "", "the tools of the agent"),
    Command("tool", "NAME", "switch a tool off for this session, or on again"),
    Command("profiles", "", "all profiles"),
    Command("profile", "NAME", "open another profile with a new conversation"),
    Command("devices", "", "microphones and speakers"),
    Command("input", "[NAME]", "use another microphone; without a name the system's default"),
    Command("output", "[NAME]", "use another speaker; without a name the system's default"),
    Command("help", "", "these commands", When.NOW),
    Command("quit", "", "end; ctrl+D does the same", When.ASKED),
)
BY_NAME = {command.name: command for command in COMMANDS}


@dataclass(frozen=True)
class Message:
    """A message to the agent."""

    text: str


@dataclass(frozen=True)
class Typed:
    """A command as typed, with the rest of its line."""

    command: Command
    rest: str


@dataclass(frozen=True)
class Unknown:
    """A command that does not exist, or is not complete; ``sentence`` says what to type."""

    sentence: str


Line = Message | Typed | Unknown


def read(text: str) -> Line | None:
    """Read a typed line; ``None`` if it is empty. Two slashes begin a message with one slash."""
    text = text.strip()
    if not text:
        return None
    if not text.startswith("/"):
        return Message(text)
    if text.startswith("//"):
        return Message(text[1:])
    name, _, rest = text[1:].partition(" ")
    command = BY_NAME.get(name.lower())
    if command is None:
        return Unknown(_not_found(name.lower()))
    if command.arguments and not command.arguments.startswith("[") and not rest.strip():
        return Unknown(f"{command.usage} needs {command.arguments}: {command.help}")
    return Typed(command, rest.strip())


def nearest(name: str, names: list[str]) -> str:
    """The name that is most like a mistyped one; empty if none is."""
    begin = [found for found in names if name and found.startswith(name)]
    return next(iter(begin or difflib.get_close_matches(name, names, 1)), "")


def _not_found(name: str) -> str:
    found = nearest(name, list(BY_NAME))
    return f"there is no command /{name}: {f'/{found} is the nearest, ' if found else ''}/help lists all"


def help_lines() -> list[str]:
    """The help: one line for each command."""
    lines = [
        "Type a message and press enter. A line that begins with a slash is a command, // begins a message with one."
    ]
    return [*lines, *(f"{command.usage}: {command.help}" for command in COMMANDS)]
