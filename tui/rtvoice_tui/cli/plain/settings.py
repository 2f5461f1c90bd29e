"""The settings of the agent as typed commands: shown, changed, taken back."""

import difflib
from collections.abc import Callable

from rtvoice_tui.cli.plain.commands import nearest
from rtvoice_tui.cli.plain.outcomes import Outcomes
from rtvoice_tui.cli.plain.wording import line, typed
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.editing.fields import Field, has
from rtvoice_tui.editing.values import typed as value_of
from rtvoice_tui.errors import ValueRefused

Say = Callable[[str], None]


class Settings:
    """Shows and changes the agent of the open profile. A change goes to the session and into the profile.

    Args:
        controller: carries the changes out.
        outcomes: says what came of them.
        say: prints a line.
    """

    def __init__(self, controller: Controller, outcomes: Outcomes, say: Say) -> None:
        self._edits = controller.edits
        self._outcomes = outcomes
        self._say = say

    @property
    def _editor(self) -> AgentEditor:
        return self._edits.editor

    async def set(self, words: str) -> None:
        """Show all settings or one, or change one: a field by path or label, and its value."""
        if not words:
            for offered in self._offered:
                self._say(self._shown(offered))
            return
        field, value = self._split(words)
        if field is None:
            self._say(self._unknown(words))
        elif not value:
            choices = f"; {' | '.join(field.choices)}" if field.choices else ""
            self._say(line(f"{self._shown(field)}{f'; {typed(field.help)}' if field.help else ''}{choices}"))
        else:
            await self._change(field, value)

    async def unset(self, words: str) -> None:
        """Leave a setting to the server."""
        field, rest = self._split(words)
        if field is None or rest:
            self._say(self._unknown(words))
        else:
            await self._change(field, "")

    async def voice(self, words: str) -> None:
        """Show or change the voice."""
        await self.set(f"voice {words}".strip())

    async def instructions(self, words: str) -> None:
        """Show or change the instructions."""
        if not words:
            text = self._editor.kept.settings.instructions
            self._say(line(f"instructions: {text}") if isinstance(text, str) and text else "there are no instructions")
            return
        self._editor.instruct(words)
        await self._send("instructions")

    async def apply(self) -> None:
        """Send what is in the draft: what another program has changed in the profile's file."""
        names = ", ".join(self._editor.changed)
        if names:
            await self._send(names)
        else:
            self._say("nothing was changed")

    async def undo(self) -> None:
        """Take the last change back that is in force."""
        saving = self._edits.undo()
        if saving is None:
            self._say("there is no acknowledged change to take back")
            return
        names = ", ".join(self._editor.history.changes[-1].fields)
        edit_id = self._outcomes.begin(f"{names} as before")
        self._outcomes.saved(edit_id, await saving)

    async def _change(self, field: Field, value: str) -> None:
        try:
            self._editor.type(field, value)
        except ValueRefused as refused:
            self._say(line(f"warning: {refused}"))
            return
        await self._send(field.path)

    async def _send(self, path: str) -> None:
        if not self._editor.changed and not self._editor.unanswered:
            self._say(f"{path} is so already")
            return
        saving = self._edits.send()
        edit_id = self._outcomes.begin(path)
        self._outcomes.saved(edit_id, await saving)

    # --- fields

    @property
    def _offered(self) -> list[Field]:
        return [field for field in self._editor.fields if has(self._editor.dialect, field)]

    def _shown(self, field: Field) -> str:
        return line(f"{field.path}: {value_of(self._editor.kept, field) or '(left to the server)'}")

    def _split(self, words: str) -> tuple[Field | None, str]:
        """The field that words begin with, and the rest of them; the longest name counts."""
        length, found, lower = 0, None, words.lower()
        for field in self._offered:
            for name in (field.path.lower(), field.label.strip().lower()):
                ends = lower[len(name) : len(name) + 1] in ("", " ", "=")
                if lower.startswith(name) and ends and len(name) > length:
                    length, found = len(name), field
        return found, words[length:].lstrip(" =").strip()

    def _unknown(self, words: str) -> str:
        name = words.split()[0].lower()
        names = [field.path for field in self._offered]
        close = nearest(name, names) or next(iter(difflib.get_close_matches(name, self._short(names), 1)), "")
        hint = f"{close} is the nearest, " if close else ""
        return line(f"warning: there is no setting {name}: {hint}/set lists all")

    def _short(self, paths: list[str]) -> list[str]:
        return [path.rpartition(".")[2] for path in paths]
