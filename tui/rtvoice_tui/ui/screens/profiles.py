"""All profiles: open, copy, rename, delete, restore, import, export, trust, and keys."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from rtvoice_tui.controller.edits import ActionResult
from rtvoice_tui.controller.profiles import Profiles
from rtvoice_tui.errors import ProfileError
from rtvoice_tui.profiles import library
from rtvoice_tui.profiles.library import Listed
from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.secrets import KeyState, key_state
from rtvoice_tui.profiles.store import profile_names, profile_path
from rtvoice_tui.profiles.trust import asks_for_consent, permissions
from rtvoice_tui.store.plain import one_line
from rtvoice_tui.ui.own_keys import advice
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.key_block import KeyBlock
from rtvoice_tui.ui.widgets.lines import FixedLine, Piece
from rtvoice_tui.ui.widgets.plain_view import PlainView

T = TypeVar("T")

_KEYS = (
    ("⏎", "open"), ("k", "key"), ("c", "copy"), ("r", "rename"), ("d", "delete"), ("u", "bring back"),
    ("i", "import"), ("x", "export"), ("T", "trust"), ("e", "edit the file"), ("esc", "close"),
)  # fmt: skip

_ASKS = {
    "copy": "copy under the name",
    "rename": "new name",
    "export": "write to the file (a name alone: in the folder that the app was started in)",
    "import": "import the file",
}


class ProfileList(PlainView):
    """The list of profiles, one line each."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("k", "screen.key", "Key", show=False)]  # not a line up

    class Moved(Message):
        """Posted when the cursor is on another profile."""

    def __init__(self, current: str, unsaved: bool, in_use: Callable[[], Profile]) -> None:
        super().__init__([], id="profiles")
        self.current = current
        self._in_use = in_use
        self._unsaved = unsaved
        self.listed: list[Listed] = []
        self.keys: dict[str, KeyState] = {}
        self.reread()

    def reread(self, selected: str = "") -> None:
        """Read the folder again; the cursor stays on its profile, or goes to the one that is to be selected."""
        if not selected and self.listed and self.cursor is not None:
            selected = self.chosen.name
        self.listed = library.listed()
        if all(entry.name != self.current for entry in self.listed):
            self.listed.insert(0, Listed(self.current, self._in_use(), own=False))
        self.cursor = next((n for n, entry in enumerate(self.listed) if entry.name == selected), self.cursor)
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
        key = self.keys.get(entry.name, KeyState.UNUSED)
        sign: Piece = (f"{key:<8} ", "warn" if key is KeyState.MISSING else "ok")
        return [(f"{mark} ", "live"), (f"{name:<18} ", ink), sign, (one_line(entry.about, 200), "dim")]

    def show_keys(self, keys: dict[str, KeyState]) -> None:
        """Show for which profiles there is a key."""
        self.keys = keys
        self._lines = [self._line(entry) for entry in self.listed]
        self.sync(force=True)

    def move_cursor(self, line: int) -> None:
        """Move the cursor and post `Moved`."""
        super().move_cursor(line)
        self.post_message(self.Moved())

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
        profiles: carries the actions out.
        unsaved: whether something of the open profile is typed and not sent.
        warn: called with a result that may hold problems.
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

    def __init__(self, profiles: Profiles, unsaved: bool, warn: Callable[[ActionResult], None]) -> None:
        super().__init__()
        self._profiles = profiles
        self._warn = warn
        self._unsaved = unsaved
        self._prompt = _Prompt()
        self._warned_of = ""

    def compose(self) -> ComposeResult:
        """Create the list, the input line, the line of outcomes, and the keys."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = "Profiles"
            yield ProfileList(self._profiles.current, self._unsaved, lambda: self._profiles.in_use)
            yield Input(id="profile-name", classes="field")
            yield FixedLine(id="profile-about")
            yield KeyBlock(_KEYS)

    def on_mount(self) -> None:
        """Focus the list; the open profile is selected."""
        self._list.focus()
        self.on_profile_list_moved()
        self._look_for_keys()

    @work(exit_on_error=False, description="keys of the profiles")
    async def _look_for_keys(self) -> None:
        """Show for which profiles there is a key; the system's key store may take its time."""
        profiles = [(entry.name, entry.profile) for entry in self._list.listed if entry.profile is not None]

        def look() -> dict[str, KeyState]:
            return {name: key_state(profile, os.environ) for name, profile in profiles}

        self._list.show_keys(await asyncio.to_thread(look))

    def on_profile_list_moved(self) -> None:
        """Say where the profile is kept."""
        if self._prompt.what:
            return
        chosen = self._list.chosen
        words = str(profile_path(chosen.name)) if chosen.own else "built in: the first change of it is kept as a file"
        if not chosen.own and chosen.name not in profile_names():
            words = "given on the command line: nothing of it is kept"
        self._say(words, "dim")

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
            self._say(advice(chosen.problem, chosen.remedy), "error")
        elif self._list.keys.get(chosen.name) is KeyState.MISSING and self._warned_of != chosen.name:
            self._warned_of = chosen.name
            self._say("there is no key for it: k types one; enter once more opens it all the same", "warn")
        else:
            self.dismiss(chosen.name)

    # --- actions that need a name or a file

    def action_ask(self, what: str) -> None:
        """Ask for a name or a file."""
        chosen, field = self._list.chosen, self.query_one("#profile-name", Input)
        if what in ("copy", "export") and chosen.profile is None and what == "export":
            self._say(chosen.problem, "error")
            return
        self._prompt = _Prompt(what, chosen.name)
        field.placeholder = _ASKS[what]
        field.value = {"copy": f"my-{chosen.name}", "rename": chosen.name, "export": f"{chosen.name}.toml"}.get(
            what, ""
        )
        field.display = True
        self.query_one(KeyBlock).show((("⏎", what), ("esc", "cancel")))
        self._say(_ASKS[what], "dim")
        field.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Carry out the action that asked for this input."""
        event.stop()
        prompt, text = self._prompt, event.value.strip()
        if not text:
            self.action_leave()
            return
        if not prompt.what or prompt.running:
            return
        prompt.running = True
        name, profiles = prompt.name, self._profiles
        match prompt.what:
            case "copy":
                self._do(profiles.copy(name, text), lambda made: f"'{made}' is a copy of '{name}'", prompt, text)
            case "rename":
                self._do(profiles.rename(name, text), lambda old: f"'{old}' is called '{text}' now", prompt, text)
            case "import":
                words = "was imported: it is off until T trusts it"
                self._do(profiles.import_file(Path(text).expanduser()), lambda made: f"'{made}' {words}", prompt)
            case _:
                self._export(name, Path(text).expanduser(), prompt)

    def _export(self, name: str, file: Path, prompt: "_Prompt") -> None:
        try:
            words = f"'{name}' is in {library.export(name, file)}"
        except ProfileError as error:
            prompt.running = False
            self._say(advice(error.sentence, error.remedy), "error")
            return
        self._say(words, "ok")
        self._close(prompt)

    def _close(self, prompt: "_Prompt") -> None:
        """Close the input line, if it still is the one of this prompt."""
        if prompt.what and prompt is self._prompt:
            self.action_leave()

    def action_leave(self) -> None:
        """Close the input line, or the screen."""
        if self._prompt.what:
            self._prompt = _Prompt()
            self.query_one("#profile-name").display = False
            self.query_one(KeyBlock).show(_KEYS)
            self._list.focus()
        else:
            self.dismiss("")

    # --- actions without input

    def action_delete(self) -> None:
        """Delete the chosen profile; `u` brings it back."""
        name = self._list.chosen.name
        self._do(self._profiles.delete(name), lambda gone: f"'{gone}' is deleted: u brings it back")

    def action_bring_back(self) -> None:
        """Undo the last deletion."""
        self._do(self._profiles.restore(), lambda name: f"'{name}' is back")

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
            self._say(advice(error.sentence, error.remedy), "error")
            return
        lines = ["Once trusted, it", *(f"  {line}" for line in permissions(chosen.profile, os.environ))]

        def answer(key: str | None) -> None:
            if key == "y":
                self._do(self._profiles.trust(chosen.name, text), lambda result: self._trusted(chosen.name, result))

        title = f"Allow what {chosen.name} does?" if chosen.profile.trusted else f"Trust {chosen.name}?"
        self.app.push_screen(AskScreen(title, lines, {"y": "yes"}), answer)

    def _trusted(self, name: str, result: ActionResult | None) -> str:
        if result is not None:
            self._warn(result)
        return f"'{name}' is trusted: open it, or press c if it is open"

    def action_key(self) -> None:
        """Type the provider's key."""
        chosen = self._list.chosen
        if chosen.profile is None:
            self._say(chosen.problem, "error")
            return
        from rtvoice_tui.profiles.secrets import key_variables
        from rtvoice_tui.ui.screens.key import KeyScreen

        profile = self._profiles.in_use if chosen.name == self._profiles.current else chosen.profile
        if not key_variables(profile):
            self._say(f"{profile.dialect.title} needs no key: choose the profile of another provider", "warn")
            return
        self.app.push_screen(KeyScreen(chosen.name, profile), self._key_typed)

    def _key_typed(self, words: str | None) -> None:
        self._say(words or "", "ok")
        self._look_for_keys()

    def action_file(self) -> None:
        """Open the profile's file in the user's editor."""
        from rtvoice_tui.profiles.store import profile_text
        from rtvoice_tui.ui.terminal.external_editor import edited

        name = self._list.chosen.name
        try:
            text = profile_text(name)
        except ProfileError as error:
            self._say(advice(error.sentence, error.remedy), "error")
            return
        new = edited(self.app, text, ".toml", str(profile_path(name)))
        if new is None:
            self._say("nothing was changed", "ok")
            return

        self._do(self._profiles.replace_text(name, text, new), lambda saved: f"'{saved}' is saved")

    def _do(
        self,
        work: "asyncio.Future[T]",
        words: Callable[[T], str],
        prompt: "_Prompt | None" = None,
        selected: str = "",
    ) -> None:
        """Show the outcome of work that may wait for a file. Its worker is the app's: it outlives the screen."""

        async def done() -> None:
            try:
                sentence = words(await work)
            except ProfileError as error:
                self._failed(advice(error.sentence, error.remedy), prompt)
                return
            if self not in self.app.screen_stack:
                return
            self._list.current = self._profiles.current
            self._list.reread(selected)
            self._say(sentence, "ok")
            if prompt is not None:
                self._close(prompt)

        self.app.run_worker(done(), description="profiles")

    def _failed(self, sentence: str, prompt: "_Prompt | None") -> None:
        if prompt is not None:
            prompt.running = False
        if self in self.app.screen_stack:
            self._say(sentence, "error")
        else:
            self._warn(ActionResult("", problems=(sentence,)))

    def _say(self, words: str, ink: str) -> None:
        self.query_one("#profile-about", FixedLine).write([(one_line(words, 300), ink)])


@dataclass
class _Prompt:
    """What the input line asks for.

    Attributes:
        what: the action, a key of `_ASKS`; empty if the line is closed.
        name: the profile that was chosen when it was opened.
        running: whether the action was started.
    """

    what: str = ""
    name: str = ""
    running: bool = False
