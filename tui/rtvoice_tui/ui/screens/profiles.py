"""All profiles: open, copy, rename, delete, restore, import, export, trust, and keys."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.library import Listed
from rtvoice_tui.profiles.trust import asks_for_consent, permissions
from rtvoice_tui.profiles.writing import in_order, locked, write_privately
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.glyphs import signs
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView

_ASKS = {
    "copy": "copy under the name",
    "rename": "new name",
    "export": "write to the file",
    "import": "import the file",
}


class ProfileList(PlainView):
    """The list of profiles, one line each."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("k", "screen.key", "Key", show=False)]  # not a line up

    def __init__(self, current: str, unsaved: bool) -> None:
        super().__init__([], id="profiles")
        self.current = current
        self._unsaved = unsaved
        self.listed: list[Listed] = []
        self.reread()

    def reread(self) -> None:
        """Read the folder again."""
        self.listed = library.listed()
        self._lines = [self._line(entry) for entry in self.listed]
        if self.cursor is None:
            self.cursor = next((n for n, entry in enumerate(self.listed) if entry.name == self.current), 0)
        self.cursor = min(self.cursor, len(self._lines) - 1)
        if self.is_mounted:
            self.sync(force=True)

    def action_follow(self) -> None:
        """Move the cursor to the last profile. There is no follow mode here: one profile is always selected."""
        self.move_cursor(self.line_count - 1)

    def _line(self, entry: Listed) -> list[Piece]:
        here = entry.name == self.current
        mark = "●" if here else " "
        name = f"{entry.name}{'*' if here and self._unsaved else ''}"
        ink = "error" if entry.profile is None else "title" if here else "plain"
        return [(f"{mark} ", "live"), (f"{name:<22} ", ink), (one_line(entry.about, 200), "dim")]

    @property
    def chosen(self) -> Listed:
        """The profile under the cursor."""
        return self.listed[self.cursor or 0]

    def name_of(self, line: int) -> str:
        """The profile's name."""
        return self.listed[line].name

    def named(self, name: str) -> Listed | None:
        """The profile of a name; ``None`` if it is gone."""
        return next((entry for entry in self.listed if entry.name == name), None)


class ProfilesScreen(ModalScreen[str]):
    """Closes with the name of the profile to open.

    Args:
        current: the one that is open.
        unsaved: whether something of it is typed and not sent.
        rename: gives the open profile another name.
        trusted: called with the name of a profile that the user has just trusted.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close", show=False, priority=True),
        Binding("c", "ask('copy')", "Copy", show=False),
        Binding("r", "ask('rename')", "Rename", show=False),
        Binding("d", "delete", "Delete", show=False),
        Binding("u", "bring_back", "Bring back", show=False),
        Binding("i", "ask('import')", "Import", show=False),
        Binding("x", "ask('export')", "Export", show=False),
        Binding("T", "trust", "Trust", show=False),
        Binding("k", "key", "Key", show=False),
        Binding("e", "file", "Edit the file", show=False),
    ]

    def __init__(
        self, current: str, unsaved: bool, rename: Callable[[str], Awaitable[None]], trusted: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._current = current
        self._rename_open = rename
        self._trusted = trusted
        self._unsaved = unsaved
        self._asked = ""
        self._deleted: list[str] = []

    def compose(self) -> ComposeResult:
        """Create the list, the input line, the line of outcomes, and the line of keys."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Profiles"
            dialog.border_subtitle = signs(self, "⏎ open  k key  c copy  r rename  d delete  u bring back")
            yield ProfileList(self._current, self._unsaved)
            yield Input(id="profile-name", classes="field")
            yield FixedLine(id="profile-about")
            yield FixedLine(id="profile-keys")

    def on_mount(self) -> None:
        """Focus the list; the open profile is selected."""
        self._list.focus()
        keys: list[Piece] = []
        for key, word in (("i", "import"), ("x", "export"), ("T", "trust"), ("e", "edit the file"), ("esc", "close")):
            keys += [(key, "key"), (f" {word}   ", "dim")]
        self.query_one("#profile-keys", FixedLine).write(keys)

    @property
    def _list(self) -> ProfileList:
        return self.query_one(ProfileList)

    def on_follow_view_opened(self, message: FollowView.Opened) -> None:
        """Open the chosen profile."""
        message.stop()
        chosen = self._list.named(message.name)
        if chosen is None:
            self._say(f"{message.name} is gone", "warn")
        elif chosen.profile is None:
            self._say(f"{chosen.problem} — {chosen.remedy}", "error")
        else:
            self.dismiss(chosen.name)

    # --- actions that need a name or a file

    def action_ask(self, what: str) -> None:
        """Ask for a name or a file."""
        chosen, field = self._list.chosen, self.query_one("#profile-name", Input)
        if what in ("copy", "export") and chosen.profile is None and what == "export":
            self._say(chosen.problem, "error")
            return
        self._asked = what
        field.placeholder = _ASKS[what]
        field.value = {"copy": f"my-{chosen.name}", "rename": chosen.name, "export": f"{chosen.name}.toml"}.get(
            what, ""
        )
        field.display = True
        self._say(_ASKS[what], "dim")
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Carry out the action that asked for this input."""
        event.stop()
        name, text = self._list.chosen.name, event.value.strip()
        if not text:
            self.action_leave()
            return
        file = Path(text).expanduser()
        work: dict[str, Callable[[], str]] = {
            "copy": lambda: f"'{library.copy(name, text)}' is a copy of '{name}'",
            "rename": lambda: f"'{name}' is called '{library.rename(name, text)}' now",
            "export": lambda: f"'{name}' is in {library.export(name, file)}",
            "import": lambda: f"'{library.import_profile(file)}' was imported: it is off until T trusts it",
        }
        if self._asked == "rename" and name == self._current:
            self._do(self._rename(text), lambda: self._done_asking())
        else:
            self._do(_written(work[self._asked]), lambda: self._done_asking())

    async def _rename(self, new: str) -> str:
        old = self._current
        await asyncio.shield(self._rename_open(new))
        self._current = self._list.current = new
        return f"'{old}' is called '{new}' now"

    def _done_asking(self) -> None:
        if self._asked:
            self.action_leave()

    def action_leave(self) -> None:
        """Close the input line, or the screen."""
        if self._asked:
            self._asked = ""
            self.query_one("#profile-name").display = False
            self._list.focus()
        else:
            self.dismiss("")

    # --- actions without input

    def action_delete(self) -> None:
        """Delete the chosen profile; `u` brings it back."""
        name = self._list.chosen.name
        if name == self._current and self._list.chosen.own:
            self._say("this profile is open: open another one first", "error")
            return

        def work() -> str:
            self._deleted.append(library.delete(name))
            return f"'{name}' is deleted: u brings it back"

        self._do(_written(work))

    def action_bring_back(self) -> None:
        """Undo the last deletion."""
        if not self._deleted:
            self._say("nothing was deleted", "dim")
            return
        ticket = self._deleted.pop()
        self._do(_written(lambda: f"'{library.bring_back(ticket)}' is back"))

    def action_trust(self) -> None:
        """Trust the profile, after showing what it may do then: connect, use keys, run its own tools."""
        chosen = self._list.chosen
        if chosen.profile is None:
            self._say(chosen.problem, "error")
            return
        if not asks_for_consent(chosen.profile):
            self._say("it is trusted", "dim")
            return
        from rtvoice_tui.profiles.store import profile_text
        from rtvoice_tui.ui.screens.ask import AskScreen

        try:
            text = profile_text(chosen.name)
        except ProfileError as error:
            self._say(f"{error.sentence} — {error.remedy}", "error")
            return
        lines = ["Once trusted, it", *(f"  {line}" for line in permissions(chosen.profile, os.environ))]

        def answer(key: str | None) -> None:
            words = "is trusted: open it, or press c if it is open"
            if key == "y":
                trust = _written(lambda: f"'{library.trust(chosen.name, text)}' {words}")
                self._do(trust, lambda: self._trusted(chosen.name))

        title = f"Allow what {chosen.name} does?" if chosen.profile.trusted else f"Trust {chosen.name}?"
        self.app.push_screen(AskScreen(title, lines, {"y": "yes"}), answer)

    def action_key(self) -> None:
        """Type the provider's key."""
        chosen = self._list.chosen
        if chosen.profile is None:
            self._say(chosen.problem, "error")
            return
        from rtvoice_tui.ui.screens.key import KeyScreen

        self.app.push_screen(KeyScreen(chosen.name, chosen.profile), lambda words: self._say(words or "", "ok"))

    def action_file(self) -> None:
        """Open the profile's file in the user's editor."""
        from rtvoice_tui.profiles.store import profile_path, profile_text
        from rtvoice_tui.ui.terminal.external_editor import edited

        name = self._list.chosen.name
        try:
            text = profile_text(name)
        except ProfileError as error:
            self._say(f"{error.sentence} — {error.remedy}", "error")
            return
        new = edited(self.app, text, ".toml")
        if new is None:
            self._say("nothing was changed", "ok")
            return

        def work() -> str:
            with locked(profile_path(name)):
                if profile_text(name) != text:
                    raise ProfileError(f"another program has changed '{name}' meanwhile", "open it again")
                write_privately(profile_path(name), new)
            return f"'{name}' is saved"

        self._do(_written(work))

    def _do(self, work: Coroutine[Any, Any, str], then: Callable[[], None] = lambda: None) -> None:
        """Run work that may wait for a file, without blocking keys; then show its outcome or error."""

        async def done() -> None:
            try:
                words = await work
            except ProfileError as error:
                self._say(f"{error.sentence} — {error.remedy}", "error")
                return
            if self.query(ProfileList):  # else the screen was left meanwhile
                self._list.reread()
            self._say(words, "ok")
            then()

        self.run_worker(done(), description="profiles")

    def _say(self, words: str, ink: str) -> None:
        for line in self.query("#profile-about").results(FixedLine):
            line.write([(one_line(words, 300), ink)])


async def _written(work: Callable[[], str]) -> str:
    """Have the thread that writes profiles do it; it is done even if the screen is left meanwhile."""
    return await asyncio.shield(asyncio.wrap_future(in_order(work)))
