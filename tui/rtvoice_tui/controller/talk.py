"""Talking with the agent: typed turns, push-to-talk, interrupt, mute, connect, and the audio settings."""

import asyncio
from typing import Any

from msgspec.structs import replace

from rtvoice_tui.controller.edits import ActionResult, Edits
from rtvoice_tui.engine.handle import SessionHandle
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.facts import Level, Notice, Phase
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.store import Store

TALK_MODES = {
    TalkMode.OPEN: ("open microphone", "Just speak: the server hears when a turn ends"),
    TalkMode.TOGGLE: ("push to talk", "Press space, speak, press it again"),
    TalkMode.HOLD: ("hold to talk", "Hold space while you speak; where a release is not seen, press it again"),
}
"""The talk modes, in the order in which the key cycles through them."""

USUAL_GATE_DB = -45.0
"""Below speech into most microphones, above the noise of most rooms."""

MUTED = "the microphone is muted: F2 opens it"

_NOT_YET = {
    Phase.OFFLINE: "not connected: the message stays, F5 connects",
    Phase.CONNECTING: "still connecting: the message stays until then",
    Phase.CONFIGURING: "the session is not open yet: the message stays until then",
    Phase.REFUSED: "the server refuses the settings: the message stays, F6 corrects them",
}


def _messages(count: int) -> str:
    return "one message goes" if count == 1 else f"{count} messages go"


class Talk:
    """The user's actions while talking.

    Args:
        session: the session.
        store: the session's store.
        edits: saves audio settings in the profile.
    """

    def __init__(self, session: SessionHandle, store: Store, edits: Edits) -> None:
        self._session = session
        self._store = store
        self._edits = edits
        self._last_gate_db: float | None = None

    # --- turns

    @property
    def mode(self) -> TalkMode:
        """The talk mode."""
        return self._store.talk.mode

    @property
    def by_key(self) -> bool:
        """Whether a key starts and ends turns."""
        return self.mode is not TalkMode.OPEN or self._session.settings.manual_turns

    @property
    def talks(self) -> bool:
        """Whether a push-to-talk turn is running."""
        return self._store.talk.until is not None

    @property
    def unheard(self) -> str:
        """Why the user cannot be heard now, in a sentence; empty if they can."""
        if self._store.session.phase in _NOT_YET:
            return "not connected: F5 connects"
        return "" if self._store.audio.input_name else "there is no microphone: press t and type"

    @property
    def muted(self) -> bool:
        """Whether the microphone is muted."""
        return self._session.audio_settings.muted

    def start_turn(self) -> str:
        """Start a push-to-talk turn. Returns what the user should know about it, or why it does not start."""
        if not self.by_key or self.talks:
            return ""
        if why := self.unheard:
            return why
        self._session.post(cmd.TalkStart())
        return MUTED if self.muted else ""

    def end_turn(self) -> None:
        """End a push-to-talk turn."""
        self._session.post(cmd.TalkEnd())

    def answer_now(self) -> tuple[str, bool]:
        """With an open microphone: end the turn now. Otherwise returns a sentence, and whether it is a warning."""
        if self._store.session.phase is Phase.HEARING:
            self._session.post(cmd.CommitTurn())
            return "", False
        if why := self.unheard or (MUTED if self.muted else ""):
            return why, True
        return "the microphone is open: just speak, or press T for push-to-talk", False

    def send_text(self, text: str) -> str:
        """Send a typed turn. Returns why it cannot be sent; empty if it is."""
        if self._store.session.phase in _NOT_YET:
            return _NOT_YET[self._store.session.phase]
        self._session.post(cmd.SendText(text))
        return ""

    def interrupt(self) -> None:
        """Interrupt the agent."""
        self._session.post(cmd.Interrupt())

    def toggle_connection(self) -> None:
        """Connect, or disconnect.

        After a lost connection the conversation is passed to the new session; after the user's own end it is not.
        """
        if self._store.session.phase is not Phase.OFFLINE:
            self._session.disconnect()
            return
        history = self._edits.said() if self._store.session.lost else ()
        if history:
            self._session.post(cmd.SetHistory(history))
            words = f"{_messages(len(history))} with the new session"
            self._session.report(Notice(Level.INFO, words))
        elif self._store.transcript.entries and not self._store.session.lost:
            self._session.report(Notice(Level.INFO, "a new conversation, because you ended the last one"))
        if self._edits.needs_plan:  # the profile has another address now
            self._edits.reopen(history)
        else:
            self._session.connect()

    # --- mute, gate and devices

    def toggle_mute(self) -> None:
        """Mute or unmute the microphone."""
        settings = self._session.audio_settings
        self._session.set_audio(replace(settings, muted=not settings.muted))

    def toggle_agent_mute(self) -> None:
        """Mute or unmute the agent."""
        settings = self._session.audio_settings
        self._session.set_audio(replace(settings, agent_muted=not settings.agent_muted))

    def use_mode(self, mode: TalkMode) -> asyncio.Future[str]:
        """Use another talk mode, and keep it in the profile. The future returns where it is kept."""
        self._session.post(cmd.SetTalkMode(mode))
        return self.keep_audio(talk=mode.value)

    @property
    def likely_gate_db(self) -> float:
        """The gate to suggest in dBFS: the last one set, else one above the false interruptions, else a usual one."""
        likely = (self._last_gate_db, self._store.interruptions.gate_db)
        return next((gate for gate in likely if gate is not None), USUAL_GATE_DB)

    def use_gate(self, threshold_db: float | None) -> asyncio.Future[str]:
        """Set the noise gate in dBFS, and keep it; ``None``: no gate. The future returns both in words."""
        settings = self._session.audio_settings
        self._last_gate_db = settings.gate_db if threshold_db is None else threshold_db
        self._session.set_audio(replace(settings, gate_db=threshold_db))
        words = "no gate; " if threshold_db is None else f"a gate at {threshold_db:.0f} dBFS; "
        return self.keep_audio(words, gate_db=threshold_db)

    def keep_audio(self, words: str = "", /, **chosen: Any) -> asyncio.Future[str]:
        """Save keys of the ``[audio]`` table in the profile.

        Returns:
            The words, followed by where it is kept, or why it is not.
        """
        for direction in ("input", "output"):
            if f"{direction}_device" in chosen:
                self._edits.planner.drop_device_option(direction)
        return self._edits.saves.start(self._kept(words, self._edits.keep_audio(**chosen)))

    async def _kept(self, words: str, saving: asyncio.Future[ActionResult]) -> str:
        result = await saving
        return words + (result.save_note or f"kept in {result.profile}.toml")

    @property
    def no_devices(self) -> str:
        """Why the session uses no devices; empty if it uses them."""
        audio = self._session.plan.audio
        if audio.silent:
            return "started with --no-audio"
        return "files are used instead of devices" if audio.input_file or audio.output_file else ""
