"""The conversation as Markdown, JSON and subtitles, and the events as JSON lines."""

from collections.abc import Iterator

import msgspec

from rtvoice_tui.recording.conversation import Conversation, Part, conversation
from rtvoice_tui.recording.format import encoded
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.store.plain import one_line, visible

_NAMES = {"user": "You", "agent": "Agent"}

_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~"})


def markdown(recording: Recording) -> str:
    """The conversation as Markdown, with times, latencies, calls and cuts."""
    from rtvoice_tui.recording.findings.finding import findings  # it measures sound, which takes long to load

    manifest, said = recording.manifest, conversation(recording)
    summary = said.summary
    facts = [counted(summary.turns, "turn"), f"{clock(summary.length_s)} long"]
    facts += [counted(summary.errors, "error")] if summary.errors else []
    lines = [f"# {_line(manifest.profile)}{_line(when(recording))}", ""]
    lines += [f"{_line(manifest.identity)} · {' · '.join(facts)}", ""]
    for part in said.parts:
        lines += [*_markdown_part(part), ""]
    lines += [f"*{said.problem}*", ""] if said.problem else []
    found = findings(recording)
    lines += ["## Findings", ""] if found else []
    for finding in found:
        lines.append(f"- *{clock(finding.at)}* **{finding.rule}**: {_line(finding.sentence)}; {_line(finding.remedy)}")
    lines += [""] if found else []
    return "\n".join(lines)


def _markdown_part(part: Part) -> list[str]:
    time = clock(part.at)
    if part.who == "session":
        return [f"--- {_line(part.text)} ---"]
    if part.who == "tool":
        took = f", {part.duration_ms:.0f} ms" if part.duration_ms is not None else ""
        head = f"*{time}* `{_code(part.tool)}` {_line(part.state)}{took}"
        output = [f"  - result: `{_code(part.output)}`"] if part.output else []
        return [head, "", f"  - arguments: `{_code(part.arguments) or '{}'}`", *output]
    waited = f" · {part.waited_ms:.0f} ms" if part.waited_ms is not None else ""
    lines = [f"**{_NAMES[part.who]}** *{time}{waited}*", ""]
    words = part.text if part.heard is None else part.heard
    lines += [_plain(line) for line in words.split("\n")]
    if part.heard is not None and part.heard_ms is not None and part.received_ms is not None:
        unheard = part.text[len(part.heard) :].strip()
        lines += ["", f"*cut: heard {part.heard_ms / 1000:.1f} of {part.received_ms / 1000:.1f} s*"]
        lines += ["", f"~~{_line(unheard, 4000)}~~"] if unheard else []
    elif part.note:
        lines += ["", f"*{_line(part.note)}*"]
    return lines


def as_json(recording: Recording) -> str:
    """Manifest, settings and conversation as one JSON document."""
    said = conversation(recording)
    manifest = msgspec.to_builtins(recording.manifest)
    del manifest["summary"]
    whole = {"manifest": manifest, "summary": said.summary, "settings": said.settings, "parts": said.parts}
    whole |= {"problem": said.problem} if said.problem else {}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"


def srt(recording: Recording) -> str:
    """The conversation as subtitles in SubRip."""
    cues = _cues(conversation(recording), recording)
    blocks = (
        f"{number}\n{_stamp(start, ',')} --> {_stamp(end, ',')}\n{name}: {text}\n"
        for number, (start, end, name, text) in enumerate(cues, 1)
    )
    return "\n".join(blocks)


def vtt(recording: Recording) -> str:
    """The conversation as subtitles in WebVTT."""
    cues = _cues(conversation(recording), recording)
    escape = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    blocks = (
        f"{_stamp(start, '.')} --> {_stamp(end, '.')}\n<v {name}>{text.translate(escape)}\n"
        for start, end, name, text in cues
    )
    return "WEBVTT\n\n" + "\n".join(blocks)


def jsonl(recording: Recording) -> Iterator[bytes]:
    """The frames of both directions as JSON lines, with the sound that was kept, as it was on the wire."""
    from rtvoice_tui.recording.export.har import frame_text

    for line in recording.wire():
        if line.speech is not None and recording.keeps(line.speech):
            whole = msgspec.Raw(frame_text(recording, line).encode("utf-8", "replace"))
            yield encoded(msgspec.structs.replace(line, event=whole, speech=None))
        else:
            yield encoded(line)


MOST_CUE_S, LEAST_CUE_S, CHARACTERS_PER_S = 12.0, 1.5, 15.0


def _cues(said: Conversation, recording: Recording) -> Iterator[tuple[float, float, str, str]]:
    """Start, end, name and words of each part that is speech; times from the first input on."""
    begins = next((line.at for line in recording.journal()), 0.0)
    spoken = [part for part in said.parts if part.who in _NAMES and part.text]
    free = 0.0  # from when on no cue is shown
    for place, part in enumerate(spoken):
        words = one_line(part.text if part.heard is None else part.heard, 4000)
        if not words:
            continue
        start = max(free, part.at - begins)
        length = min(MOST_CUE_S, max(LEAST_CUE_S, len(words) / CHARACTERS_PER_S))
        after = spoken[place + 1].at - begins if place + 1 < len(spoken) else start + length
        free = max(start + LEAST_CUE_S, min(start + length, after))
        yield start, free, _NAMES[part.who], words


def _stamp(seconds: float, point: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def counted(count: int, what: str) -> str:
    """A number of things, such as ``1 turn`` or ``3 turns``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def when(recording: Recording) -> str:
    """When a recording began, after a comma; empty if a file of another tool does not say."""
    started = recording.manifest.started
    return "" if started.startswith("1970-01-01") else f", {started[:16].replace('T', ' ')}"


def clock(seconds: float) -> str:
    """A duration as minutes and seconds, with hours where there are some."""
    whole = int(seconds)
    return (
        f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if whole >= 3600 else f"{whole // 60}:{whole % 60:02}"
    )


def _plain(text: str) -> str:
    """Text of others, in which nothing is Markdown."""
    return visible(text).translate(_ESCAPED)


def _line(text: str, limit: int = 400) -> str:
    """Text of others on one line, in which nothing is Markdown."""
    return _plain(one_line(text, limit))


def _code(text: str) -> str:
    """Text of others on one line, inside backticks."""
    return one_line(text, 2000).replace("`", "'")
