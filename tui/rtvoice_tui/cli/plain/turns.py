"""Turns of the transcript as lines."""

from rtvoice_tui.cli.plain.wording import line
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.store.calls import CallRecord
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.transcript import Entry, Speaker, arguments_shown

RESULT = 300
"""Characters of a call's result that are printed."""

LAST_WORDS = 8


def turn(entry: Entry) -> str:
    """An entry as a line: who, what happened to it, and its words."""
    match entry.speaker:
        case Speaker.SEAM:
            return line(entry.text)
        case Speaker.TOOL:
            return f"tool {line(entry.text)} {entry.state}".rstrip()
        case Speaker.YOU:
            return _labelled("you", entry.text or (f"({entry.missing})" if entry.missing else ""), entry.note)
    if entry.cut is not None:
        return cut(entry)
    return _labelled("agent (out of band)" if entry.out_of_band else "agent", entry.text, entry.note)


def cut(entry: Entry, told: bool = False) -> str:
    """A response that was interrupted, with the words that were heard.

    Args:
        entry: the response.
        told: whether all its words were printed before; then only the last ones that were heard are repeated.
    """
    assert entry.cut is not None
    heard_ms, received_ms, _ = entry.cut
    if not received_ms:  # it was not spoken
        return "agent (interrupted)" if told else _labelled("agent (interrupted)", entry.text)
    label = f"agent (cut, heard {heard_ms / 1000:.1f} of {received_ms / 1000:.1f} s)"
    words = entry.heard_text.split()
    if told and len(words) > LAST_WORDS:
        words = ["…", *words[-LAST_WORDS:]]
    return _labelled(label, " ".join(words))


def _labelled(label: str, words: str, note: str = "") -> str:
    words = line(words) or "(no words)"
    return f"{label}: {words} ({line(note)})" if note else f"{label}: {words}"


def call_begun(call: CallChanged) -> str:
    """A call as it starts."""
    return f"tool {one_line(call.name, 60)}({arguments_shown(call.arguments)})"


def call_ended(record: CallRecord) -> str:
    """A call as it has ended: its state, its running time, and what came of it."""
    call = record.call
    words = f"tool {one_line(call.name, 60)} {call.state}"
    if record.duration_ms is not None:
        words += f" {record.duration_ms:.0f} ms"
    note = one_line(call.note, RESULT)
    result = one_line(call.output, RESULT)
    if note and call.state is not CallState.OK:
        result = ""  # the model was told the same
    return ": ".join(part for part in (words, note, result) if part)


def question(call: CallChanged) -> str:
    """What a call that waits for the user asks, and the commands that answer."""
    about = f"{one_line(call.name, 60)}({arguments_shown(call.arguments)})"
    if call.kind == "ask":
        return f"question: what is the result of {about}? /send RESULT or /no"
    what = one_line(call.preview, 400) or call.kind
    runs = f" It would run {what}." if what else ""
    return f"question: may the agent call {about}?{runs} /yes, /always or /no REASON"
