"""Quitting: nothing that was typed or is being saved is lost without a warning."""

from typing import TYPE_CHECKING

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.editing.agent import Agent
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.actions.agent import AgentActions
from rtvoice_tui.ui.bindings import BY_ID

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp

PATIENCE_S = 0.3
"""A save that takes longer is explained to the user."""


class QuitActions:
    """Ends the app.

    Args:
        app: shows notifications, and exits.
        controller: the session, and the saves that are under way.
        agent: knows what was typed and not sent.

    Attributes:
        left_unsaved: whether the app ended before everything was saved, because the user did not wait.
    """

    def __init__(self, app: "RtvoiceApp", controller: Controller, agent: AgentActions) -> None:
        self._app = app
        self._controller = controller
        self._agent = agent
        self._warned_of: tuple[Agent, str] | None = None
        self._waits = False
        self.left_unsaved = False

    def quit(self) -> None:
        """Exit after the saves that are under way. Warns first about unsent edits; a second call does not wait."""
        unsent, draft = self._agent.unsent, (self._agent.editor.draft, self._app.composer.text)
        message = (
            f"typed and not sent: {one_line(draft[1], 60)} ({BY_ID['quit-f'].shown} once more discards it)"
            if draft[1].strip()
            else ""
        )
        if (unsent or message) and self._warned_of != draft:
            self._warned_of = draft
            self._warn("\n".join(words for words in (unsent, message) if words))
        elif self._controller.edits.saves.pending and not self._waits:
            self._waits = True
            self._app.run_worker(self._when_saved(), description="the last saves")
        else:
            self._exit()

    async def _when_saved(self) -> None:
        saves = self._controller.edits.saves
        failed = await saves.finish(PATIENCE_S)
        if saves.pending:
            leave = BY_ID["quit-f"].shown
            self._warn(f"waiting for another program that holds the profile; {leave} once more does not wait")
            failed += await saves.finish()
        self._waits = False
        if failed:
            self._warn("\n".join(failed))
        else:
            self.quit()  # something may have been typed meanwhile

    def _warn(self, sentence: str) -> None:
        self._app.notify(sentence, severity="warning", markup=False, timeout=10)

    def _exit(self) -> None:
        self.left_unsaved = self._controller.edits.saves.pending
        self._controller.session.stop()
        self._app.exit()
