"""What the agent pane edits: the running session's settings, and the profile that keeps them."""

from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from rtvoice_tui.profiles.model import Profile
from rtvoice_tui.profiles.store import ProfileError, save_session
from rtvoice_tui.protocol.settings import SessionSettings
from rtvoice_tui.session.commands import EditSession


class AgentEditing:
    """Turns the pane's fields into a command, and saves them.

    Args:
        profile_name: under which they are kept.
        profile: what they are now.
        saves: whether an edit is kept in the profile; not where the command line overrides it.
    """

    def __init__(self, profile_name: str, profile: Profile, saves: bool = True) -> None:
        self.profile_name = profile_name
        self._saves = saves
        self._profile = profile
        settings = profile.session
        self.instructions = settings.instructions if isinstance(settings.instructions, str) else ""
        self.voice = settings.voice if isinstance(settings.voice, str) else ""

    @property
    def about(self) -> str:
        """Provider, model and voice in a few words."""
        dialect = self._profile.dialect
        model = (self._profile.model or dialect.model).rpartition("/")[2]
        return " · ".join(word for word in (dialect.title, model, self.voice) if word)

    @property
    def hints(self) -> tuple[str, ...]:
        """What to do first."""
        if self._profile.provider == "local" and not self._profile.url:
            return (
                "Say something, or press t and type. Try:",
                "  What is the weather in Berlin?",
                "  Tell me a long story.   (i interrupts it)",
                "  What is twelve times seven?",
                "",
                "This agent is built in. It follows rules,",
                "it is no language model.",
                "Others: rtvoice-tui --profile yandex, or --help",
            )
        return ("Say something, or press t and type.", "c connects and disconnects, i interrupts, ? shows all keys.")

    def edit(self, settings: SessionSettings, instructions: str | None, voice: str | None) -> tuple[EditSession, str]:
        """The command for the session, and what went wrong while saving, if anything.

        Args:
            settings: the session's, which everything else is taken from.
            instructions: the new ones, or ``None`` if they were not touched.
            voice: the new one, or ``None`` if it was not touched; empty leaves the choice to the server.
        """
        wanted: dict[str, Any] = {}
        if instructions is not None:
            self.instructions = wanted["instructions"] = instructions
        if voice is not None:
            self.voice = voice
            wanted["voice"] = voice or UNSET
        command = EditSession(replace(settings, **wanted), self._profile.tool_specs)
        if not self._saves:
            return command, "sent, not saved: options of the command line override the profile"
        try:
            save_session(self.profile_name, wanted)
        except ProfileError as error:
            return command, f"not saved: {error.sentence} — {error.remedy}"
        return command, ""
