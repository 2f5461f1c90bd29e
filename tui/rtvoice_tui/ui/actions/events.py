"""Actions on events: compare two, go to what was wrong, write one by hand."""

from typing import TYPE_CHECKING

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.panes.events import EventsView

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


class EventActions:
    """Actions on the event stream.

    Args:
        app: shows screens and notifications.
        controller: sends what is written.
    """

    def __init__(self, app: "RtvoiceApp", controller: Controller) -> None:
        self._app = app
        self._controller = controller
        self._last_written = ""

    def compare(self) -> None:
        """Mark the event under the cursor; with one marked, show how the two differ."""
        from rtvoice_tui.ui.screens.detail import DetailScreen

        compared = self._app.query_one(EventsView).compare()
        if isinstance(compared, str):
            self._app.notify(compared, timeout=3.0, markup=False)
        else:
            self._app.clear_notifications()  # the one about the mark would cover the text
            self._app.push_screen(DetailScreen(*compared.events, changes=True, settings=compared.settings))

    def findings(self) -> None:
        """Show what was wrong so far; the chosen one is gone to."""
        from rtvoice_tui.ui.screens.findings import FindingsScreen

        app = self._app

        def chosen(at: float | None) -> None:
            if at is not None:
                app.call_later(app.go_to_time, at)

        app.push_screen(FindingsScreen(app.controller.recordings.findings), chosen)

    def write_event(self) -> None:
        """Write a client event and send it: the chosen one again, the last one that was written, or a template."""
        from rtvoice_tui.ui.screens.written_event import WrittenEventScreen

        written, view = self._controller.written, self._app.query_one(EventsView)
        chosen = written.again(view.chosen_sent()) if view.has_focus else ""
        known = written.templates()
        begin = {"the chosen event, once more": chosen, "the last one written": self._last_written}
        others = {name: text for name, text in begin.items() if text and text not in known.values()}
        templates = others | known
        first = chosen or self._last_written
        shown = next((name for name, text in templates.items() if text == first), next(iter(templates)))

        def sent(text: str | None) -> None:
            if text is not None:
                self._last_written = text
                self._app.notify(f"{one_line(written.check(text).name, 80)} is sent", markup=False)

        self._app.push_screen(WrittenEventScreen(written, templates, shown), sent)
