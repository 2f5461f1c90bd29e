"""Input field for typed messages."""

from textual import events
from textual.widgets import Input


class Composer(Input):
    """Single-line field; the lines of a pasted text are joined with spaces."""

    def _on_paste(self, event: events.Paste) -> None:
        joined = " ".join(event.text.split())
        if joined:
            self.insert_text_at_cursor(joined)
        event.stop()
        event.prevent_default()
