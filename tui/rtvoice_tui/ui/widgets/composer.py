"""The line for typed turns."""

from textual import events
from textual.widgets import Input


class Composer(Input):
    """One line; what is pasted in several lines comes in whole, joined with spaces."""

    def _on_paste(self, event: events.Paste) -> None:
        joined = " ".join(event.text.split())
        if joined:
            self.insert_text_at_cursor(joined)
        event.stop()
        event.prevent_default()
