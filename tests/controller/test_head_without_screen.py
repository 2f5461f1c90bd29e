"""A head without a screen: it opens a profile, talks with the local agent, approves a call and edits the agent."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from rtvoice_tui.controller.controller import Controller
from rtvoice_tui.controller.planner import Options, Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.engine.observers import Observed, Stepped
from rtvoice_tui.engine.worker import SessionWorker
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.session.effects import Report
from rtvoice_tui.session.facts import CallChanged, CallState, EditChanged, EditState, Fact, Phase, PhaseChanged
from rtvoice_tui.store.store import Store


class Facts:
    """Lets a head wait for facts: an observer that wakes whoever waits."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._seen: asyncio.Queue[Fact] = asyncio.Queue()

    def __call__(self, observed: Observed, at: float) -> None:
        if isinstance(observed, Stepped):
            for effect in observed.effects:
                if isinstance(effect, Report):
                    self._loop.call_soon_threadsafe(self._seen.put_nowait, effect.fact)

    async def wait_for(self, kind: type[Fact], state: object) -> Fact:
        async with asyncio.timeout(30):
            while True:
                fact = await self._seen.get()
                if isinstance(fact, kind) and state in (getattr(fact, "phase", None), getattr(fact, "state", None)):
                    return fact


async def test_twenty_lines_hold_a_conversation_with_no_screen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{folder}_HOME", str(tmp_path))
    profile = load_profile("local")
    profile = replace(profile, tools=[replace(tool, policy="ask") for tool in profile.tools])
    store, planner, facts = Store(), Planner(Options(no_audio=True)), Facts()
    session = SessionWorker(planner.plan(profile, None)[0], store)
    session.observers.append(facts)
    controller = Controller(session, store, AgentEditor("local", profile), planner)
    running = asyncio.create_task(session.run())
    await facts.wait_for(PhaseChanged, Phase.LISTENING)
    assert controller.talk.send_text("What is the weather in Berlin?") == ""
    call = await facts.wait_for(CallChanged, CallState.ASKING)
    controller.calls.approve(call)
    await facts.wait_for(CallChanged, CallState.OK)
    await facts.wait_for(PhaseChanged, Phase.LISTENING)
    controller.edits.editor.instruct("Answer in one word.")
    await controller.edits.send()
    await facts.wait_for(EditChanged, EditState.ACKNOWLEDGED)
    session.stop()
    await running
    said = [(str(entry.speaker), entry.text) for entry in store.transcript.entries]
    store.events.close()

    assert said[0] == ("YOU", "What is the weather in Berlin?")
    assert "Berlin" in said[-1][1]
    assert session.settings.instructions == "Answer in one word."
