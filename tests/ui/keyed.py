"""The cockpit with a stand-in for its session, and the register of what each key of the table is to do."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace
from textual.pilot import Pilot

from rtvoice_tui.controller.planner import Options, Planner, make_plan
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.media import AudioSettings
from rtvoice_tui.profiles.store import load_profile, profile_text
from rtvoice_tui.protocol.settings import SessionSettings, ToolSpec
from rtvoice_tui.session.facts import (
    AgentSaid,
    AudioSet,
    CallChanged,
    CallState,
    Fact,
    Phase,
    PhaseChanged,
    TurnStarted,
    UserSaid,
)
from rtvoice_tui.store.store import Store
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.panes.pane import Pane
from rtvoice_tui.ui.widgets.follow_view import FollowView
from rtvoice_tui.ui.widgets.message_area import MessageArea

TURNS = 12


class StandIn:
    """Takes the place of the session: notes what the screen asks of it, and does the little that shows."""

    def __init__(self, store: Store, turn_detection: bool = True) -> None:
        profile = load_profile("local")
        if not turn_detection:
            profile = replace(profile, session=replace(profile.session, turn_detection=None))
        self.plan = make_plan(profile, Options(no_audio=True), {})
        self.settings: SessionSettings = self.plan.settings
        self.clock = 100.0
        self.told: list[object] = []
        self._store = store
        self.audio_settings = AudioSettings()
        self._stopped = threading.Event()

    async def run(self) -> None:
        await asyncio.to_thread(self._stopped.wait)

    def post(self, command: object) -> None:
        self.told.append(command)

    def edit(self, command: object, toolset: object, source: object = None) -> None:
        self.told.append(command)

    def start_manual_run(self, name: str, arguments: str) -> None:
        self.told.append(("try", name, arguments))

    def play_test_tone(self) -> None:
        self.told.append("tone")

    def monitor_microphone(self, on: bool) -> None:
        self._store.audio.trying = "microphone" if on else ""
        self.told.append(("hear myself", on))

    @property
    def tools(self) -> tuple[ToolSpec, ...]:
        return self.plan.tools

    def connect(self) -> None:
        self.told.append("connect")

    def disconnect(self) -> None:
        self.told.append("disconnect")

    def report(self, fact: Fact) -> None:
        self._store.record(fact, self.clock)

    def set_audio(self, settings: AudioSettings) -> None:
        self.audio_settings = settings
        self.report(AudioSet(settings))

    def release_devices(self, released: Callable[[], None]) -> None:
        released()

    def reclaim_devices(self) -> None:
        self.told.append("reclaim devices")

    def stop(self) -> None:
        self._stopped.set()
        self.told.append("stop")


class Cockpit(RtvoiceApp):
    """The app with its stand-in at hand."""

    CSS_PATH = Path(inspect.getfile(RtvoiceApp)).with_name("app.tcss")

    def __init__(self, turn_detection: bool = True, columns: Sequence[int] = ()) -> None:
        store = Store()
        _talk(store)
        self.stand_in = StandIn(store, turn_detection)
        self.remembered: dict[str, object] = {}
        editor = AgentEditor("local", load_profile("local"), profile_text("local"))
        super().__init__(
            self.stand_in,  # type: ignore[arg-type]
            store,
            editor,
            Planner(Options()),
            lambda **chosen: self.remembered.update(chosen),
            columns=columns,
        )

    @property
    def told(self) -> list[object]:
        return self.stand_in.told

    @property
    def message(self) -> MessageArea:
        """The field of the message, once it is open."""
        return self.screen_stack[0].query_one(MessageArea)

    def phase(self, phase: Phase) -> None:
        self.store.record(PhaseChanged(phase), 0.0)


def _talk(store: Store) -> None:
    """A conversation of some turns, each with a call and a few events."""
    store.record(PhaseChanged(Phase.LISTENING), 0.0)
    store.audio.input.name = "microphone"
    for turn in range(1, TURNS + 1):
        store.record(TurnStarted(turn), float(turn))
        store.record(UserSaid(turn, f"you_{turn}", f"question {turn}", final=True), float(turn))
        name = f"call_{turn}"
        call = {"call_id": name, "item_id": f"item_{turn}", "name": "get_weather", "arguments": f'{{"n": {turn}}}'}
        call |= {"key": name} if "key" in CallChanged.__struct_fields__ else {}
        store.record(CallChanged(turn=turn, state=CallState.OK, output="{}", **call), float(turn))
        store.record(AgentSaid(turn, f"agent_{turn}", f"answer {turn} " + "word " * 20, final=True), float(turn))
        for name in ("response.created", "response.output_item.added", "response.done"):
            store.events.append(float(turn), False, name, f'{{"type": "{name}", "turn": {turn}}}')


@asynccontextmanager
async def opened(app: Cockpit, size: tuple[int, int] = (100, 28)) -> AsyncIterator[Pilot[None]]:
    try:
        async with app.run_test(size=size) as pilot:
            app.pulse()
            await pilot.pause(0)
            yield pilot
    finally:
        app.store.events.close()


async def until(pilot: Pilot[None], holds: Callable[[], object], what: str = "the key acted") -> None:
    """Let the app work until a condition holds."""
    for _ in range(500):
        if holds():
            await pilot.pause(0)  # and what came with it is done, too
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"in vain waited until {what}; focus is on {pilot.app.focused}")


async def focus(pilot: Pilot[None], number: int) -> FollowView:
    """Go to a pane by its digit."""
    app = pilot.app
    pane = next(pane for pane in app.screen_stack[0].query(Pane) if pane.number == number)
    await pilot.press(str(number))
    await until(pilot, lambda: app.focused is pane.view)
    laid_out = asyncio.Event()
    app.screen.call_after_refresh(laid_out.set)
    await laid_out.wait()
    app.pulse()  # type: ignore[attr-defined]
    await pilot.pause(0)  # what it changed has its place
    return pane.view


Check = Callable[[Cockpit, Pilot[None], str], Awaitable[None]]
CHECKS: dict[str, Check] = {}


def shows(*ids: str) -> Callable[[Check], Check]:
    """This check is for the rows with these ids."""

    def remember(check: Check) -> Check:
        CHECKS.update(dict.fromkeys(ids, check))
        return check

    return remember
