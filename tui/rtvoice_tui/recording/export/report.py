"""One HTML file with everything of a conversation: player, both voices, transcript, calls, timings and findings.

It loads nothing from elsewhere. Text of servers, models and tools is escaped, and the page allows no other script.
"""

import base64
import hashlib
import io
import json
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from rtvoice_tui.errors import RecordingError
from rtvoice_tui.recording.conversation import Conversation, Part, conversation
from rtvoice_tui.recording.export.texts import clock, counted, when
from rtvoice_tui.recording.findings.finding import findings
from rtvoice_tui.recording.findings.frames import Finding
from rtvoice_tui.recording.reader import Recording
from rtvoice_tui.recording.stereo import Mix, begins
from rtvoice_tui.store.plain import one_line, visible

COLUMNS = 1_000
"""Columns of the drawing of both voices."""

_NAMES = {"user": "You", "agent": "Agent", "tool": "Call", "session": "Session"}
_HERE = Path(__file__).parent


def html(recording: Recording) -> str:
    """The report of a recording."""
    said, found = conversation(recording), findings(recording)
    sound, voices = _sound(recording)
    zero = begins(recording)
    data = {"length": said.summary.length_s, "voices": voices}
    script = (_HERE / "report.js").read_text(encoding="utf-8")
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    title = f"{recording.manifest.profile or recording.name}{when(recording)}"
    policy = (
        f"default-src 'none'; media-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    body = "\n".join(
        [
            f"<h1>{_text(title)}</h1>",
            f'<p class="about">{_about(recording, said)}</p>',
            _player(sound),
            *(_finding_list(found, zero) if found else []),
            "<h2>Conversation</h2>",
            *(_part(part, zero) for part in said.parts),
            *([f'<p class="note">{_text(said.problem)}</p>'] if said.problem else []),
            *_timings(said, zero),
        ]
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(title)}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
<script type="application/json" id="report">{_json(data)}</script>
<script>{script}</script>
</body>
</html>
"""


def _sound(recording: Recording) -> tuple[bytes, list[list[float]]]:
    """Both sides as Ogg Vorbis, and the height of each column of both, from 0 to 1; both empty without sound."""
    import soundfile

    if not recording.has_sound:
        return b"", [[], []]
    try:
        mix = Mix(recording)
    except RecordingError:  # damaged sound: the page comes without a player
        return b"", [[], []]
    file = io.BytesIO()
    peaks: list[Any] = []
    step = max(1, round(mix.ends * mix.rate / COLUMNS))
    rest = np.zeros((0, 2), np.int16)
    with soundfile.SoundFile(file, "w", mix.rate, 2, "VORBIS", format="OGG", compression_level=0.8) as sound:
        for window in mix.windows():
            sound.write(window)
            whole = np.concatenate((rest, window))
            count = len(whole) // step
            blocks = np.abs(whole[: count * step].astype(np.int32)).reshape(count, step, 2)
            peaks += blocks.max(axis=1).tolist()
            rest = whole[count * step :]
    heights = [[round((peak / 32768) ** 0.6, 3) for peak in side] for side in zip(*peaks, strict=True)]
    return file.getvalue(), heights or [[], []]


def _player(sound: bytes) -> str:
    data = base64.b64encode(sound).decode()
    source = f'<audio controls preload="metadata" src="data:audio/ogg;base64,{data}"></audio>' if sound else ""
    words = "blue: you, green: the agent; a click goes there" if sound else "no sound was recorded"
    return f'<div class="player">{source}<canvas></canvas><div class="legend">{words}</div></div>'


def _about(recording: Recording, said: Conversation) -> str:
    summary, manifest = said.summary, recording.manifest
    facts = [manifest.identity, counted(summary.turns, "turn"), f"{clock(summary.length_s)} long"]
    facts += [f"{summary.tokens} tokens"] if summary.tokens else []
    facts += [counted(summary.errors, "error")] if summary.errors else []
    return " · ".join(_text(fact) for fact in facts if fact)


def _button(at: float, zero: float) -> str:
    return f'<button class="at" data-at="{max(0.0, at - zero):.2f}">{clock(at)}</button>'


def _part(part: Part, zero: float) -> str:
    waited = f" · {part.waited_ms:.0f} ms" if part.waited_ms is not None else ""
    head = f'<div class="who"><b>{_NAMES[part.who]}</b> {_button(part.at, zero)}{waited}</div>'
    if part.who == "tool":
        took = f" · {part.duration_ms:.0f} ms" if part.duration_ms is not None else ""
        failed = ' class="failed"' if part.state in ("failed", "denied") else ""
        body = f"<div><code>{_text(part.tool)}</code> <span{failed}>{_text(part.state)}</span>{took}</div>"
        body += f"<pre>{_text(part.arguments or '{}')}</pre>"
        body += f"<pre>{_text(part.output)}</pre>" if part.output else ""
    elif part.heard is not None:
        rest = part.text[len(part.heard) :]
        body = f'<div class="words">{_text(part.heard)}<span class="unheard">{_text(rest)}</span></div>'
        heard, received = (part.heard_ms or 0) / 1000, (part.received_ms or 0) / 1000
        body += f'<div class="note">cut: heard {heard:.1f} of {received:.1f} s</div>'
    else:
        body = f'<div class="words">{_text(part.text)}</div>'
    body += f'<div class="note">{_text(part.note)}</div>' if part.note and part.heard is None else ""
    return f'<div class="part {part.who}" data-at="{max(0.0, part.at - zero):.2f}">{head}{body}</div>'


def _finding_list(found: list[Finding], zero: float) -> list[str]:
    items = (
        f"<li>{_button(finding.at, zero)} <b>{_text(finding.rule)}</b>: {_text(finding.sentence)}"
        f' <span class="note">{_text(finding.remedy)}</span></li>'
        for finding in found
    )
    return ["<h2>Findings</h2>", '<ul class="findings">', *items, "</ul>"]


def _timings(said: Conversation, zero: float) -> list[str]:
    answers = [part for part in said.parts if part.waited_ms is not None]
    if not answers:
        return []
    rows = (
        f'<tr><td>{part.turn}</td><td>{_button(part.at, zero)}</td><td class="number">{part.waited_ms:.0f} ms</td>'
        f"<td>{_text(one_line(part.text, 80))}</td></tr>"
        for part in answers
    )
    head = '<tr><th>Turn</th><th>Time</th><th class="number">Waited</th><th>Answer</th></tr>'
    return ["<h2>Timings</h2>", f"<table>{head}", *rows, "</table>"]


def _text(text: str) -> str:
    return escape(visible(text))


def _json(data: Any) -> str:
    return json.dumps(data).replace("<", "\\u003c")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
