"""The line mode: runs a session beside standard input and output."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

from rtvoice_tui import garbage
from rtvoice_tui.cli.plain import keyboard, status
from rtvoice_tui.cli.plain.actions import Actions
from rtvoice_tui.cli.plain.beside import SessionThread
from rtvoice_tui.cli.plain.commands import BY_NAME, Line, Message, Typed, Unknown, read
from rtvoice_tui.cli.plain.follow import follow_profile
from rtvoice_tui.cli.plain.lines import Lines
from rtvoice_tui.cli.plain.output import Output
from rtvoice_tui.cli.plain.pace import Pace
from rtvoice_tui.cli.plain.recorded import until_said
from rtvoice_tui.cli.plain.waiting import WaitingLines
from rtvoice_tui.cli.session import Chosen, Opened, choose, open_session, stderr_to_log
from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.planner import Options
from rtvoice_tui.profiles.state import remember
from rtvoice_tui.session.facts import EditChanged, Fact

AGAIN_S = 2.0
"""Ctrl+C pressed again within this time ends the program."""

ENDING_S = 8.0
"""How long the end of the session may take."""

SAVING_S = 6.0
"""How long the end waits for another program that holds the profile."""

RELEASE_S = 1.0
"""How long ctrl+Z waits for the devices to be closed."""

NOBODY = "nobody is there to answer"


def run(options: Options) -> int:
    """Run the line mode until the user, the input or a signal ends it; returns the exit code.

    Raises:
        ProfileError: the profile or an option cannot be used.
        NoTemporaryFolder: the event log's temporary file cannot be created.
    """
    chosen = choose(options)
    with contextlib.suppress(AttributeError):  # a stream of another kind
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    with stderr_to_log():
        terminal = sys.stdin.isatty()
        opened = open_session(chosen, introduces=terminal)
        if not chosen.problem:
            remember(profile=chosen.name)
        head = PlainHead(opened, terminal)
        code = asyncio.run(head.run(_greeting(chosen) if head.terminal else ""))
    if head.output.broken is not None:
        raise head.output.broken
    return code


def _greeting(chosen: Chosen) -> str:
    first = "this is the built-in agent, /profiles lists others; " if chosen.first else ""
    return f"note: {first}type a message, or /help for the commands"


class PlainHead:
    """A head without a screen. Runs on the main thread; the session has a thread and a loop of its own.

    Args:
        opened: the session, which does not run yet.
        terminal: whether a user types, instead of a pipe or a file that is read.

    Attributes:
        terminal: whether a user types.
        output: prints its lines; the run ends if that is not possible.
    """

    def __init__(self, opened: Opened, terminal: bool) -> None:
        self.terminal = terminal
        self.output = Output(lambda: self._finish(1))
        self._say = self.output.say
        self._session = opened.session
        self._store = opened.store
        self._controller = Controller(
            opened.session,
            opened.store,
            opened.editor,
            opened.planner,
            lambda name: remember(profile=name),
            opened.recording,
        )
        self._lines = Lines(
            opened.store,
            self._time_of_day,
            lambda: status.session_words(self._controller),
            lambda: self._controller.profiles.current,
        )
        self._pace = Pace(opened.session.plan.connect, lambda: bool(self._lines.question))
        self._actions = Actions(
            self._controller, self._pace, lambda: self._lines.question, self._say, self._time_of_day
        )
        self._recorded = opened.session.plan.audio.input_file
        self._pace.listening = self._recorded is not None
        self._spawned: set[asyncio.Future[None]] = set()
        self._waiting = WaitingLines(self._pace, terminal)
        self._woken = asyncio.Event()
        self._code: int | None = None
        self._interrupted_at = -AGAIN_S

    # --- the run

    async def run(self, greeting: str = "") -> int:
        """Run until the end; returns the exit code."""
        self._loop = asyncio.get_running_loop()
        self._running = SessionThread(self._session, self._lines, self._happened)
        if greeting:
            self._say(greeting)
        with keyboard.signals(self._interrupt_from_signal, self._end_from_signal, self._suspend_from_signal):
            self._running.start()
            reading = threading.Thread(target=self._read, name="keyboard", daemon=True)
            reading.start()
            if garbage.waits():
                garbage.enable_tuned_gc()
            following = asyncio.ensure_future(follow_profile(self._controller, self._say))
            await self._work()
            following.cancel()
            await self._end()
        return self._code or 0

    async def _work(self) -> None:
        """Carry out what is typed, until the end."""
        while self._code is None:
            await self._woken.wait()
            self._woken.clear()
            while self._code is None and (line := self._waiting.take()) is not None:
                await self._act(line)
            self._end_of_input()

    async def _end(self) -> None:
        await self._controller.edits.saves.finish(SAVING_S)
        if not await self._running.stop(ENDING_S):
            os._exit(self._code or 1)
        self._store.events.close()

    # --- what happens in the session

    def _happened(self, fact: Fact, lines: list[str]) -> None:
        for line in lines:
            self._say(line)
        self._pace.observe(fact)
        if self._pace.live and self._recorded is not None:
            recorded, self._recorded = self._recorded, None
            self._spawned.add(asyncio.ensure_future(self._listen(recorded)))
        if isinstance(fact, EditChanged):
            self._controller.edits.outcome(fact)
            self._actions.outcomes.observe(fact)
        self._woken.set()

    async def _listen(self, recorded: Path) -> None:
        await until_said(recorded, self._pace.noticed)
        self._pace.listening = False
        self._woken.set()

    # --- input

    def _read(self) -> None:
        def heard(line: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._typed, line)

        keyboard.read_lines(0, heard)

    def _typed(self, text: str | None) -> None:
        if text is None:
            self._waiting.ended = True
        elif (line := read(text)) is not None:
            self._waiting.add(line)
            if self.terminal and isinstance(line, Message) and not self._pace.live:
                self._say(f"note: {'/connect sends it' if self._pace.dead else 'sent once the session is live'}")
        self._woken.set()

    def _end_of_input(self) -> None:
        """The input has ended: at a terminal that is the end; a pipe waits for the answers to what it has said."""
        if self._code is not None:
            return
        if self._waiting.unanswered:
            self._refuse()
        elif self._waiting.over and (self.terminal or self._pace.idle or self._pace.dead):
            self._finish()

    async def _act(self, line: Line) -> None:
        match line:
            case Unknown():
                self._say(f"warning: {line.sentence}")
            case Message():
                self._send(line)
            case Typed(command=command) if command.name == "quit":
                self._quit()
            case Typed():
                await self._actions.do(line)
        self._request()

    def _send(self, message: Message) -> None:
        if self._controller.talk.send_text(message.text):
            self._say(f"error: not sent, because there is no session: {message.text}")
            if not self.terminal:
                self._finish(1)
        elif self.terminal:
            self._controller.typed.add(message.text)

    def _quit(self) -> None:
        if self.terminal or not self._pace.asks:
            self._finish()
        else:
            self._refuse()
            self._waiting.put_back(Typed(BY_NAME["quit"], ""))

    def _refuse(self) -> None:
        """Nobody is left to answer a question."""
        call = self._actions.asked()
        if call is not None:
            self._say(f"note: {NOBODY}, so the call is refused")
            self._controller.calls.reject(call, NOBODY)
            self._request()

    def _request(self) -> None:
        """Something was asked of the session: what it leads to is known once the request was passed on."""
        self._pace.requests += 1
        self._running.after_requests(self._passed_on)

    def _passed_on(self) -> None:
        self._pace.requests -= 1
        self._woken.set()

    # --- the end

    def _finish(self, code: int | None = None) -> None:
        """End; without a code it is 1 if the session has failed, and 0 otherwise."""
        if self._code is None:
            self._code = int(self._pace.failed) if code is None else code
        self._woken.set()

    def _end_from_signal(self, number: int) -> None:
        self._loop.call_soon_threadsafe(self._finish, 128 + number)

    def _interrupt_from_signal(self) -> None:
        self._loop.call_soon_threadsafe(self._interrupt)

    def _suspend_from_signal(self) -> None:
        self._loop.call_soon_threadsafe(self._suspend)

    def _interrupt(self) -> None:
        """Ctrl+C: interrupt the agent; pressed again, end."""
        now = time.monotonic()
        if now - self._interrupted_at <= AGAIN_S:
            self._finish(128 + signal.SIGINT)
            return
        self._interrupted_at = now
        if not self._pace.answering:
            self._say("note: ctrl+C once more ends")
        self._actions.interrupt()

    def _suspend(self) -> None:
        """Ctrl+Z: stop until the shell goes on; the microphone is closed meanwhile."""
        released = threading.Event()
        self._session.release_devices(released.set)
        released.wait(RELEASE_S)
        os.kill(os.getpid(), signal.SIGSTOP)
        self._session.reclaim_devices()

    def _time_of_day(self, at: float) -> str:
        return time.strftime("%H:%M", time.localtime(time.time() - self._session.clock + at))
