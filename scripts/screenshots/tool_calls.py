"""Calls in every state that pane 4 shows, told event by event like the conversation they belong to."""

import json

from msgspec.structs import replace
from scripted import Script, in_force, levels, question

from rtvoice_tui.profiles.model import ToolEntry
from rtvoice_tui.profiles.runs import CommandRun, McpRun, PythonRun
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import CallChanged, CallState, ServerChanged, ServerState
from rtvoice_tui.session.inputs import Connecting, Opened

PEOPLE = {"type": "integer", "minimum": 1, "description": "how many guests"}
AREA = {"enum": ["inside", "garden"], "description": "where they sit"}
BOOK = ToolEntry(
    name="book_table",
    description="Book a table in the restaurant.",
    parameters={
        "type": "object",
        "properties": {"people": PEOPLE, "time": {"type": "string", "description": "such as 19:00"}, "area": AREA},
        "required": ["people", "time"],
    },
    run=CommandRun(argv=["bin/book", "--people", "{people}", "--at={time}"]),
    policy="ask",
)
TRAINS = ToolEntry(
    name="next_train",
    description="When the next train leaves.",
    parameters={"type": "object", "properties": {"line": {"type": "string"}}, "required": ["line"]},
    run=PythonRun(target="tools.py:next_train"),
)
NOTES = ToolEntry(name="notes", run=McpRun(argv=["notes-server"]))
TRACEBACK = """Traceback (most recent call last):
  File "tools.py", line 14, in next_train
    return TIMETABLE[line]
           ~~~~~~~~~^^^^^^
KeyError: 'airport'
"""
COMMAND = "bin/book --people 2 --at=19:00"


def restaurant() -> Script:
    """An agent with tools of its own, and a conversation that went well so far."""
    s = Script(tools=(BOOK, TRAINS, NOTES))
    s.store.audio.input.name, s.store.audio.output.name = "USB microphone", "Headphones"
    s.do(s.machine.step(Connecting(), s.now))
    s.do(s.machine.step(Opened(), 0.8))
    s.at(0.9).server("session.created", session={"id": "b7f21c09e2d4", "type": "realtime"})
    s.at(1.1).server("session.updated", session=in_force(s, voice="dasha", threshold=0.5))
    s.store.record(ServerChanged("notes", ServerState.CONNECTED, tools=5), s.now)
    s.microphone(1500)
    return s


def _call(s: Script, number: int, name: str, arguments: dict[str, object], whole: bool = True) -> None:
    response, call_id = f"R{number}", f"call_{number}"
    s.now += 0.09
    s.server("response.created", response={"id": response})
    item = {"id": f"F{number}", "type": "function_call", "name": name, "call_id": call_id}
    s.server("response.output_item.added", response_id=response, item=item)
    text = json.dumps(arguments)
    about = {"response_id": response, "item_id": item["id"], "call_id": call_id}
    for start in range(0, len(text) if whole else len(text) // 2, 4):
        s.now += 0.02
        s.server("response.function_call_arguments.delta", **about, delta=text[start : start + 4])
    if whole:
        done = {**item, "arguments": text, "status": "completed"}
        s.server("response.output_item.done", response_id=response, item=done)
        s.server("response.done", response={"id": response, "status": "completed", "output": [done]})


def failed() -> Script:
    """A function of the user's own file has a fault."""
    s = restaurant()
    question(s, "U1", "When does the next train to the airport leave?", 1900)
    _call(s, 1, "next_train", {"line": "airport"})
    s.now += 0.031
    error = json.dumps({"error": "next_train failed: KeyError: 'airport'"})
    printed = (("printed", "looking up airport"),)
    s.command(cmd.ToolFinished("call_1", error, False, TRACEBACK, printed))
    s.now += 0.3
    s.server("response.created", response={"id": "R2"})
    for word in "I am sorry, I cannot look up that line at the moment.".split():
        s.server("response.output_text.delta", response_id="R2", item_id="A1", content_index=0, delta=f"{word} ")
    levels(s, -44, -17)
    return s


def _later() -> Script:
    """The same, and the answer is over."""
    s = failed()
    words = "I am sorry, I cannot look up that line at the moment."
    s.server("response.output_text.done", response_id="R2", item_id="A1", content_index=0, text=words)
    s.server("response.done", response={"id": "R2", "status": "completed"})
    question(s, "U2", "Then book a table for two at seven.", 1700)
    return s


def streaming() -> Script:
    """The arguments of a call are still coming."""
    s = _later()
    _call(s, 3, "book_table", {"people": 2, "time": "19:00", "area": "garden"}, whole=False)
    return s


def asking() -> Script:
    """A call waits for the user while the agent could be spoken to."""
    s = _later()
    s.previews["book_table"] = COMMAND
    _call(s, 3, "book_table", {"people": 2, "time": "19:00"})
    s.now += 4.2
    levels(s, -21, -60)
    return s


def tried() -> Script:
    """A conversation whose tools are tried by hand."""
    s = failed()

    def run(name: str, arguments: str) -> None:
        call = CallChanged(1, "hand", "hand", "", name, arguments, CallState.RUNNING, kind="command", manual=True,
                           checked=True)  # fmt: skip
        s.store.record(call, s.now)
        s.now += 0.087
        details = (("command", COMMAND), ("exit code", "0"), ("stderr", "warning: the garden closes at nine"))
        output = '{"table": 7, "guests": 2, "at": "19:00", "confirmed": true}'
        s.store.record(replace(call, state=CallState.OK, output=output, details=details), s.now)

    s.start_manual_run = run
    return s
