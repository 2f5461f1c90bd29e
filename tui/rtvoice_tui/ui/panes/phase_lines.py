"""What stands below the conversation: why nobody is connected, what is waited for, and which key helps."""

from rtvoice_tui.session.facts import CallState, Phase
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.bindings import BY_ID
from rtvoice_tui.ui.own_keys import with_own_keys
from rtvoice_tui.ui.widgets.lines import Piece

PATIENCE_S = 1.0
"""Seconds of thinking before they are counted: a shorter wait would only flicker."""


def phase_lines(store: Store, now: float, where: str, unsent: str = "") -> list[list[Piece]]:
    """The lines for the session's phase; empty while there is nothing to say.

    Args:
        store: the session's state.
        now: seconds on the store's clock.
        where: host or name of the server.
        unsent: names of the settings that were typed and not sent.
    """
    session = store.session
    waited = max(0.0, now - session.phase_at)
    match session.phase:
        case Phase.OFFLINE:
            typed: list[Piece] = [("  ● typed and not sent: ", "warn"), (unsent, "plain"), ("   ", "plain")]
            return [*_offline(store), *([[*typed, *_keys("send-edit", "applies it")]] if unsent else [])]
        case Phase.CONNECTING | Phase.CONFIGURING:
            return [
                [(f"◌ connecting to {one_line(where, 60)}  {waited:.0f} s   ", "warn"), *_keys("connect", "cancels")]
            ]
        case Phase.THINKING if waited >= PATIENCE_S:
            return [[(f"◌ the agent is thinking  {waited:.0f} s", "dim")]]
        case Phase.TOOL if waited >= PATIENCE_S and (names := _running(store)):
            return [[(f"◌ waiting for {names}  {waited:.0f} s", "dim")]]
    return []


def _offline(store: Store) -> list[list[Piece]]:
    reason, remedy = (one_line(text, 400) for text in (store.session.reason, store.session.remedy))
    keys = [*_keys("connect", "connects"), ("   ", "plain"), *_keys("profiles", "profiles and keys")]
    if not (reason and store.session.lost):
        return [[("○ not connected   ", "warn"), *keys]]
    lines: list[list[Piece]] = [[("○ not connected: ", "warn"), (reason, "warn")]]
    if remedy:
        lines.append([(f"  {with_own_keys(remedy)}", "plain")])
    return [*lines, [("  ", "plain"), *keys]]


def _keys(key_id: str, words: str) -> list[Piece]:
    return [(BY_ID[key_id].shown, "key"), (f" {words}", "dim")]


def _running(store: Store) -> str:
    states = (CallState.RUNNING, CallState.HOSTED)
    names = [record.call.name for record in list(store.calls.open.values()) if record.call.state in states]
    return ", ".join(one_line(name, 40) for name in names[:3])
