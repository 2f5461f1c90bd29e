"""Profile actions: open another one, and watch the open profile's file."""

from pathlib import Path
from typing import TYPE_CHECKING

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.store import profile_path
from rtvoice_tui.session.recap import HistoryMessage
from rtvoice_tui.ui.actions.agent import AgentActions
from rtvoice_tui.ui.own_keys import advice

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


class ProfileActions:
    """Opens profiles and watches the open one's file.

    Args:
        app: shows screens.
        controller: carries the actions out.
        agent: shows results.
    """

    def __init__(self, app: "RtvoiceApp", controller: Controller, agent: AgentActions) -> None:
        self._app = app
        self._controller = controller
        self._agent = agent
        self._watched: Path | None = None

    def list(self) -> None:
        """Show all profiles."""
        from rtvoice_tui.ui.screens.profiles import ProfilesScreen

        editor = self._agent.editor
        screen = ProfilesScreen(self._controller.profiles, bool(editor.changed), self._agent.warn_of)
        self._app.push_screen(screen, self._chosen)

    def _chosen(self, name: str | None) -> None:
        editor, live = self._agent.editor, self._controller.edits.live
        if not name or (name == editor.name and not self._controller.profiles.opens_anew):
            return
        if not live and not editor.changed:
            self._open(name, (), connect=False)
            return
        from rtvoice_tui.ui.screens.ask import AskScreen

        lines = []
        if live:
            lines.append(f"A session with '{editor.name}' is running.")
        if editor.changed:
            lines.append(f"Typed and not sent, and lost then: {', '.join(editor.changed)}.")
        answers = {
            "k": "end it and connect, keeping the conversation",
            "n": "end it and connect without it",
        }
        if not live:
            answers = {}
        answers["o"] = "open the profile without connecting"
        self._app.push_screen(AskScreen(f"Open '{name}'", lines, answers), lambda answer: self._switch(name, answer))

    def _switch(self, name: str, answer: str | None) -> None:
        if answer:
            self._open(name, self._controller.edits.said() if answer == "k" else (), connect=answer in "kn")

    def _open(self, name: str, history: tuple[HistoryMessage, ...], connect: bool) -> None:
        async def opened() -> None:
            try:
                answer = await self._controller.profiles.open(name, history, connect)
            except ProfileError as error:
                self._agent.warn(advice(error.sentence, error.remedy))
                return
            self._agent.pane.use(self._agent.editor)
            self._agent.warn_of(answer)
            self.watch_file()

        self._app.run_worker(opened(), description="opening a profile")

    # --- the file

    def follow_file(self) -> None:
        """Watch the profile's file if it is another one now: the first save creates it, a copy is another file."""
        editor = self._agent.editor
        if editor.saves and self._watched != profile_path(editor.name):
            self.watch_file()

    def watch_file(self) -> None:
        """Watch the open profile's file from now on, and no other."""
        self._app.run_worker(
            self._watch_file,  # type: ignore[arg-type]  # Textual takes a function that makes the coroutine
            group="profile",
            exclusive=True,
            exit_on_error=False,
            description="profile file",
        )

    async def _watch_file(self) -> None:
        """Offer what another program changes in the profile's file as an edit."""
        from watchfiles import awatch

        editor = self._agent.editor
        if not editor.saves:
            return
        path = profile_path(editor.name)
        if not path.parent.is_dir():
            return  # nothing was ever saved; the first save begins it
        self._watched = path
        async for _ in awatch(path.parent, recursive=False, step=200):
            if self._agent.editor is editor:
                await self._file_changed()

    async def _file_changed(self) -> None:
        answer = await self._controller.profiles.file_changed()
        if answer is not None:
            self._agent.warn_of(answer)
            if answer.words:
                self._agent.pane.reload()
