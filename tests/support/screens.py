"""What a user sees of a Textual app in a test. Textual has no public way to read either."""

from typing import Any

from textual.app import App


def screen_text(app: App[Any]) -> str:
    """The screen on top, line by line."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def toasts(app: App[Any]) -> list[str]:
    """The notifications on the screen, oldest first."""
    return [notification.message for notification in app._notifications]
