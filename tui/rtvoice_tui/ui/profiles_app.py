"""The part of the cockpit that changes profiles, and notices when a profile's file changes."""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace
from textual import work

from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles.store import load_profile, profile_path, profile_text
from rtvoice_tui.session.facts import Level, Notice, Phase
from rtvoice_tui.ui.editing_app import EditingApp


class ProfilesApp(EditingApp):
    """Opens other profiles."""

    remember_profile: Callable[[str], None] = staticmethod(lambda name: None)
    _watched: Path | None = None

    def profile_changed(self) -> None:
        """A first save makes the file that is watched; a copy is another file."""
        if self.editor.saves and self._watched != profile_path(self.editor.name):
            self.watch_profile()

    def action_profiles(self) -> None:
        """Show all profiles."""
        from rtvoice_tui.ui.screens.profiles import ProfilesScreen

        screen = ProfilesScreen(self.editor.name, bool(self.editor.changed), self._renamed, self._trusted)
        self.push_screen(screen, self._chosen)

    def _renamed(self, name: str) -> None:
        self.editor.name = name
        self.remember_profile(name)
        self.profile_changed()

    def _trusted(self, name: str) -> None:
        """The user trusts a profile: if it is the open one, its tools and its address can be used from now on."""
        if name == self.editor.name and not self.editor.profile.trusted:
            self.editor.profile = replace(self.editor.profile, trusted=True)
            self.reopen(self.said(), connect=self.store.session.phase is not Phase.OFFLINE)

    def _chosen(self, name: str | None) -> None:
        if not name or name == self.editor.name:
            return
        live = self.store.session.phase is not Phase.OFFLINE
        if not live and not self.editor.changed:
            self._open(name, (), connect=False)
            return
        from rtvoice_tui.ui.screens.ask import AskScreen

        lines = []
        if live:
            lines.append(f"A session with '{self.editor.name}' is running.")
        if self.editor.changed:
            lines.append(f"Typed and not sent, and lost then: {', '.join(self.editor.changed)}.")
        answers = {"k": "end it and connect, keeping the conversation", "n": "end it and connect, beginning anew"}
        if not live:
            answers = {}
        answers["o"] = "open the profile without connecting"
        self.push_screen(AskScreen(f"Open '{name}'", lines, answers), lambda answer: self._switch(name, answer or ""))

    def _switch(self, name: str, answer: str) -> None:
        if answer:
            self._open(name, self.said() if answer == "k" else (), connect=answer in "kn")

    def _open(self, name: str, history: tuple[object, ...], connect: bool) -> None:
        try:
            editor = AgentEditor(name, load_profile(name), profile_text(name))
        except ProfileError as error:
            self.warn(f"{error.sentence} — {error.remedy}")
            return
        self.editor = editor
        self.agent_pane.use(editor)
        self.reopen(history, connect)  # type: ignore[arg-type]
        self.remember_profile(name)
        self.watch_profile()

    # --- the file

    @work(group="profile", exclusive=True, exit_on_error=False, description="profile file")
    async def watch_profile(self) -> None:
        """Offer what another program changes in the profile's file as an edit."""
        from watchfiles import awatch

        editor = self.editor
        path = profile_path(editor.name)
        if not editor.saves:
            return
        if not path.parent.is_dir():
            return  # nothing was ever saved; the first save begins it
        self._watched = path
        async for _ in awatch(path.parent, recursive=False, step=200):
            if self.editor is editor:
                self._file_changed()

    def _file_changed(self) -> None:
        try:
            text = profile_text(self.editor.name)
            if text == self.editor.text:
                return
            trusted = self.editor.profile.trusted
            names = self.editor.reread(text)
            if trusted and not self.editor.profile.trusted:
                self.warn(f"{self.editor.name} is not trusted any more: the session was ended")
                self.reopen(self.said(), connect=False)
        except ProfileError as error:
            self.session.report(Notice(Level.WARNING, error.sentence, error.remedy))
            return
        if names:
            words = f"{self.editor.name}.toml was changed elsewhere: {', '.join(names)}"
            self.session.report(Notice(Level.INFO, words, "pane 5 shows it, F7 sends it"))
            self.agent_pane.reload()
