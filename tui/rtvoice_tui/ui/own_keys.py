"""Sentences from below the screen name the default keys; the user may have others."""

import re

from rtvoice_tui.ui.bindings import BY_ID, KEYS

_NAMED = {
    "c": "connect",
    "p": "profiles",
    "t": "type",
    "T": "talk-mode",
    "d": "devices",
    "s": "send-result",
    "o": "switch-tool",
    "space": "talk",
}
_F_KEYS = {key.shown: key.id for key in KEYS if key.where == "app" and re.fullmatch(r"F\d+", key.shown)}
_MENTIONED = re.compile(
    r"(?<=press )(?:c|p|t|T|d|space)\b|\bF\d{1,2}\b|\bc(?= passes)|\bo(?= (?:switches|offers))|\bs(?= sends)"
    r"|\bd(?= to choose)"
)


def with_own_keys(words: str) -> str:
    """A sentence of ours with the keys as the user has them."""

    def own(found: re.Match[str]) -> str:
        key_id = _NAMED.get(found[0]) or _F_KEYS.get(found[0])
        return BY_ID[key_id].shown if key_id and BY_ID[key_id].shown != "␣" else found[0]

    return _MENTIONED.sub(own, words)


def advice(sentence: str, remedy: str) -> str:
    """A sentence with its remedy behind it; the sentence may hold words of others, so that it stays as it is."""
    return f"{sentence} — {with_own_keys(remedy)}" if remedy else sentence
