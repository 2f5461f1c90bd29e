"""Chooses the notice to show where there is room for one: a lesser one never hides a worse one."""

from collections.abc import Reversible

from rtvoice_tui.session.facts import Level, Notice

WARNING_STAYS_S = 20.0
"""A warning is not replaced by information within this time in seconds."""

_SEVERITY = {Level.INFO: 0, Level.WARNING: 1, Level.ERROR: 2}


def worst_notice(
    notices: Reversible[tuple[float, Notice]], now: float, hidden_until: float, opened_at: float | None
) -> Notice | None:
    """Return the worst notice that is neither hidden nor solved; of several the newest, ``None`` if there is none.

    Errors stay until the user hides them or a session opens, warnings for a while.

    Args:
        notices: the notices with their times in seconds, oldest first.
        now: the current time.
        hidden_until: notices up to this time were hidden by the user.
        opened_at: when the last session opened; ``None`` before the first.
    """
    worst: Notice | None = None
    for at, notice in reversed(notices):
        if at <= hidden_until:
            break
        error = notice.level is Level.ERROR
        if error and opened_at is not None and at < opened_at:
            continue  # solved: a session is open
        if worst is not None and not error and now - at > WARNING_STAYS_S:
            continue
        if worst is None or _SEVERITY[notice.level] > _SEVERITY[worst.level]:
            worst = notice
    return worst
