"""Carries typed commands out on the controller, and prints what comes of them."""

import asyncio
from collections.abc import Awaitable, Callable

from rtvoice_tui.cli.plain import status, turns
from rtvoice_tui.cli.plain.commands import Typed, help_lines, nearest
from rtvoice_tui.cli.plain.outcomes import Outcomes
from rtvoice_tui.cli.plain.pace import Pace
from rtvoice_tui.cli.plain.settings import Settings
from rtvoice_tui.cli.plain.wording import advice, line, typed
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.errors import AudioError, ProfileError
from rtvoice_tui.media import Direction
from rtvoice_tui.session.commands import UseDevice
from rtvoice_tui.session.facts import CallChanged, CallState
from rtvoice_tui.session.talk_mode import TalkMode
from rtvoice_tui.store.transcript import Speaker

Say = Callable[[str], None]
Do = Callable[[str], Awaitable[None] | None]

_MODES = {"open": TalkMode.OPEN, "push": TalkMode.TOGGLE}


class Actions:
    """Does what the user types. For the thread of the head's loop.

    Args:
        controller: carries everything out.
        pace: is told when a session is asked for.
        question: returns the key of the call that the user was asked about last; empty if none waits.
        say: prints a line.
        time: returns the time of day of a time on the store's clock.

    Attributes:
        outcomes: is told what the session reports about changes of the agent, and says it.
    """

    def __init__(
        self,
        controller: Controller,
        pace: Pace,
        question: Callable[[], str],
        say: Say,
        time: Callable[[float], str],
    ) -> None:
        self._controller = controller
        self._pace = pace
        self._question = question
        self._say = say
        self._time = time
        self.outcomes = Outcomes(controller, pace, say)
        settings = Settings(controller, self.outcomes, say)
        self._table: dict[str, Do] = {
            "interrupt": lambda rest: self.interrupt(),
            "mute": lambda rest: controller.talk.toggle_mute(),
            "quiet": lambda rest: controller.talk.toggle_agent_mute(),
            "talk": lambda rest: self._talk(),
            "mode": self._mode,
            "yes": lambda rest: self._approve(always=False),
            "always": lambda rest: self._approve(always=True),
            "no": self._reject,
            "send": self._send_result,
            "event": self._event,
            "last": lambda rest: self._last(),
            "transcript": lambda rest: self._transcript(),
            "status": lambda rest: self._print(status.status(controller, controller.session.clock, self.asked())),
            "connect": lambda rest: self._connect(),
            "reconnect": self._reconnect,
            "set": settings.set,
            "unset": settings.unset,
            "voice": settings.voice,
            "instructions": settings.instructions,
            "apply": lambda rest: settings.apply(),
            "undo": lambda rest: settings.undo(),
            "tools": lambda rest: self._tools(),
            "tool": self._tool,
            "profiles": lambda rest: self._profiles(),
            "profile": self._profile,
            "devices": lambda rest: self._devices(),
            "input": lambda rest: self._use(Direction.INPUT, rest),
            "output": lambda rest: self._use(Direction.OUTPUT, rest),
            "help": lambda rest: self._print(help_lines()),
        }

    @property
    def names(self) -> set[str]:
        """Names of the commands that it carries out: all but the end."""
        return set(self._table)

    async def do(self, command: Typed) -> None:
        """Carry a command out."""
        doing = self._table[command.command.name](command.rest)
        if doing is not None:
            await doing

    def _print(self, lines: list[str]) -> None:
        for words in lines:
            self._say(words)

    # --- talking

    def interrupt(self) -> None:
        """Interrupt the agent."""
        self._controller.talk.interrupt()

    def _talk(self) -> None:
        talk = self._controller.talk
        if not talk.by_key:
            words, warns = talk.answer_now()
        elif talk.talks:
            words, warns = "", False
            talk.end_turn()
        else:
            words, warns = talk.start_turn(), True
        if words:
            self._say(f"{'warning' if warns else 'note'}: {typed(words)}")

    async def _mode(self, name: str) -> None:
        mode = _MODES.get(name.lower())
        if mode is None:
            self._say("type /mode open or /mode push")
            return
        words = "just speak" if mode is TalkMode.OPEN else "/talk starts and ends a turn"
        self._say(line(f"note: {words}; {await self._controller.talk.use_mode(mode)}"))

    def _connect(self) -> None:
        self._pace.connects(not self._controller.edits.live)
        self._controller.talk.toggle_connection()

    def _reconnect(self, words: str) -> None:
        if words not in ("", "new"):
            self._say("type /reconnect, or /reconnect new for a new conversation")
            return
        edits = self._controller.edits
        self._pace.connects()
        result = edits.reopen(edits.said() if not words else ())
        self._print([line(f"warning: {problem}") for problem in result.problems])

    # --- what was said

    def _last(self) -> None:
        entries = self._controller.store.transcript.entries
        last = next(
            (entry for entry in reversed(entries) if entry.speaker is Speaker.AGENT and entry.text.strip()), None
        )
        self._say(
            turns.turn(last, turns.can_be_heard(self._controller.store))
            if last is not None
            else "the agent has not said anything"
        )

    def _transcript(self) -> None:
        store = self._controller.store
        audible = turns.can_be_heard(store)
        lines = [f"{self._time(entry.at)} {turns.turn(entry, audible)}" for entry in list(store.transcript.entries)]
        self._print(lines or ["nothing was said"])

    # --- calls

    def asked(self) -> CallChanged | None:
        """The call that the user was asked about last, if it still waits."""
        key = self._question()
        waiting = self._controller.store.calls.asking
        return next((record.call for record in waiting if record.call.key == key), None)

    def _approve(self, always: bool) -> None:
        call = self.asked()
        if call is None:
            self._say("no call waits for you")
        elif call.kind == "ask":
            self._say("this call waits for its result: /send RESULT")
        else:
            self._controller.calls.approve(call, always)

    def _reject(self, reason: str) -> None:
        call = self.asked()
        if call is not None:
            self._controller.calls.reject(call, reason)
            return
        open_calls = [record.call for record in self._controller.store.calls.open.values()]
        running = next((call for call in open_calls if call.state is CallState.RUNNING and call.kind != "ask"), None)
        if running is None:
            self._say("no call waits for you, and none runs")
        else:
            self._controller.calls.stop(running)

    def _send_result(self, text: str) -> None:
        call = self.asked()
        if call is None:
            self._say("no call waits for you")
        else:
            self._controller.calls.send_result(call, text)

    def _event(self, text: str) -> None:
        """Send an event, or print the template of a type. What is not documented is sent and told."""
        written = self._controller.written
        if not text.startswith("{"):
            templates = written.templates()
            found = templates.get(text) or templates.get(nearest(text, list(templates)), "")
            self._say(" ".join(found.split()) if found else f"there is no template for {line(text)}: type an object")
            return
        if why := written.send(text):
            self._say(f"warning: {line(why)}")
            return
        checked = written.check(text)
        doubt = f", although {line(checked.doubt)}" if checked.doubt else ""
        self._say(f"note: {line(checked.name)} is sent{doubt}")

    def _tools(self) -> None:
        offers = self._controller.calls.offers()
        lines = [f"{offer.name}: {offer.kind}, {offer.policy}. {offer.description}".strip() for offer in offers]
        self._print([line(words) for words in lines] or ["the agent has no tools"])

    def _tool(self, name: str) -> None:
        for result in self._controller.calls.toggle_tool(name):
            self._say(line(f"note: {typed(result.words).replace('/tool NAME', f'/tool {name}')}"))
            self._print([line(f"warning: {problem}") for problem in (result.sent.problems if result.sent else ())])

    # --- profiles and devices

    async def _profiles(self) -> None:
        from rtvoice_tui.profiles import library

        for entry in await asyncio.to_thread(lambda: list(library.listed())):
            here = ", open" if entry.name == self._controller.profiles.current else ""
            self._say(line(f"{entry.name}: {entry.about}{here}"))

    async def _profile(self, name: str) -> None:
        try:
            result = await self._controller.profiles.open(name, connect=True)
        except ProfileError as error:
            self._say(f"warning: {advice(error.sentence, error.remedy, name)}")
            return
        self._pace.connects()
        self._print([line(f"warning: {problem}") for problem in result.problems])

    async def _devices(self) -> None:
        from rtvoice_tui.audio.backends.listing import list_in_subprocess

        used = status.devices(self._controller)
        self._print(used)
        try:
            found = await asyncio.to_thread(list_in_subprocess)
        except AudioError as error:
            problem = f"warning: {advice(error.sentence, error.remedy)}"
            self._print([problem] if problem not in used else [])
            return
        for direction, word in (("input", "microphone"), ("output", "speaker")):
            for device in found:
                if device.has(direction):
                    default = ", the system's default" if device.is_default(direction) else ""
                    self._say(line(f"/{direction} {device.name}: a {word} of {device.host_api}{default}"))

    async def _use(self, direction: Direction, name: str) -> None:
        self._controller.session.post(UseDevice(direction, name))
        kept = await self._controller.talk.keep_audio(**{f"{direction}_device": name})
        part = "microphone" if direction is Direction.INPUT else "speaker"
        self._say(line(f"note: {part}: asked for {name or 'the default of the system'}, {kept}"))
