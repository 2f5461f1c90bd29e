"""Sentences for the line mode: the keys that a remedy names become typed commands."""

import re
import shlex

from rtvoice_tui.cli.session import COMMAND_LINE
from rtvoice_tui.store.plain import one_line

LONGEST = 100_000
"""Characters of a line; a longer text is cut."""

_TYPED = (
    (r"press p, then T to (?:trust|allow) it \(or (rtvoice-tui profiles trust NAME)\)", r"\1"),
    (r"press p, then T\b", "rtvoice-tui profiles trust NAME"),
    (r"press p, then k\b", "keep the key with: rtvoice-tui profiles set-key NAME"),
    (r"press p and enter to open it anew", "/reconnect opens it anew"),
    (r"press c twice", "type /connect twice"),
    (r"press c\b", "type /connect"),
    (r"\bc passes it on", "/connect passes it on"),
    (r"\bF5 connects", "/connect connects"),
    (r"\bo (switches it on|offers it) again", r"/tool NAME \1 again"),
    (r"\s*\(F6\)", " (with /set)"),
    (r" in pane 5 \(with /set\)", " (with /set)"),
    (r"(?:it is left out: )?F6 corrects it, F7 sends it( again)?", "/set corrects it"),
    (r"F6 corrects them", "/set corrects them"),
    (r"pane 5 shows it, F7 sends it", "/apply sends it"),
    (r"see the session in pane 5", "/set shows the settings"),
    (r"see pane 5", "/set shows the settings"),
    (r"see turn_detection in pane 5", "see /set turn_detection"),
    (r" in pane 5", " with /set"),
    (r"pane 4 shows how it stands", "/status shows how it stands"),
    (r"press F2 if it is muted, or d to choose another one", "/mute if it is muted, or /input to choose another one"),
    (r"F2 opens it", "/mute opens it"),
    (r"\bwith space\b", "with /talk"),
    (r"press space again", "/talk again"),
    (r"press t and type", "type"),
    (r"press T for push-to-talk", "/mode push for push-to-talk"),
)
_PATTERNS = tuple((re.compile(pattern), words) for pattern, words in _TYPED)
_KEY_OPTION = re.compile(r"(?:name one with --api-key-env, or )?press p, then k\b")
_OF_PROFILE = re.compile(r"(rtvoice-tui profiles [a-z-]+) NAME\b")


def typed(words: str, profile: str = "NAME") -> str:
    """Replace the keys of the cockpit that a sentence of ours names by typed commands.

    Args:
        words: the sentence.
        profile: the profile that it is about. No key can be kept for one that is the command line's.
    """
    if profile.endswith(COMMAND_LINE):
        words = _KEY_OPTION.sub("name the variable that holds it with --api-key-env VAR", words)
    for pattern, instead in _PATTERNS:
        words = pattern.sub(instead, words)
    return _OF_PROFILE.sub(lambda found: f"{found[1]} {shlex.quote(profile)}", words)


def line(words: str) -> str:
    """Any text on one line that controls no terminal."""
    return one_line(words, LONGEST)


def advice(sentence: str, remedy: str = "", profile: str = "NAME") -> str:
    """A sentence and its remedy as two sentences; keys are replaced in the remedy alone, the rest may be a server's.

    Args:
        sentence: what is wrong.
        remedy: what the user can do.
        profile: the profile that it is about.
    """
    if not remedy:
        return line(sentence)
    remedy = typed(remedy, profile)
    first = remedy.partition(" ")[0]
    if first.isalpha():
        remedy = remedy[:1].upper() + remedy[1:]
    return f"{line(sentence).rstrip('.')}. {line(remedy)}"


def seconds(ms: float) -> str:
    """A duration for the ear: milliseconds below ten seconds, otherwise seconds."""
    return f"{ms:.0f} ms" if ms < 10_000 else f"{ms / 1000:.1f} s"
