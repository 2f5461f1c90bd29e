"""Turns of the transcript as lines."""

from rtvoice_tui.cli.plain.wording import line
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.store.calls import CallRecord
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.store.transcript import Entry, Speaker, arguments_shown

RESULT = 300
"""Characters of a call's result that are printed."""

LAST_WORDS = 8


def can_be_heard(store: Store) -> bool:
    """Whether the agent can be heard now. If not, its answers are for reading, and a cut names a time alone."""
    return not (store.audio.output.absent or store.audio_settings.agent_muted)


def turn(entry: Entry, audible: bool = True) -> str:
    """An entry as a line: who, what happened to it, and its words.

    Args:
        entry: the entry.
        audible: whether the agent can be heard.
    """
    match entry.speaker:
        case Speaker.SEAM:
            return line(entry.text)
        case Speaker.TOOL:
            return f"tool {line(entry.text)} {entry.state}".rstrip()
        case Speaker.YOU:
            label = "you" if entry.final else "you (so far)"
            return _labelled(label, entry.text or (f"({entry.missing})" if entry.missing else ""), entry.note)
    if entry.cut is not None:
        return cut(entry, audible)
    label = "agent (out of band)" if entry.out_of_band else "agent"
    if not (entry.final or entry.note):
        label = "agent (so far)"
    return _labelled(label, entry.text, entry.note)


def cut(entry: Entry, audible: bool = True, told: bool = False) -> str:
    """A response that was interrupted, with the words that were spoken until then.

    Args:
        entry: the response.
        audible: whether the agent can be heard.
        told: whether all its words were printed before; then the line only says after which of them it was cut.
    """
    assert entry.cut is not None
    heard_ms, received_ms, _ = entry.cut
    if not received_ms:
        label = "agent (cut before it was spoken)" if entry.heard == 0 else "agent (cut)"
        return label if told else _labelled(label, entry.text)
    place = f"{'heard' if audible else 'at'} {heard_ms / 1000:.1f} of {received_ms / 1000:.1f} s"
    words = line(entry.heard_text).split()
    if not told or not words:
        return _labelled(f"agent (cut, {place})", " ".join(words))
    last = " ".join(["…", *words[-LAST_WORDS:]] if len(words) > LAST_WORDS else words)
    return f'agent (cut after "{last.rstrip(".,;:")}", {place})'


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
