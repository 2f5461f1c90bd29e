"""Commands of the command palette: named ``area: action``, with one line of explanation."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from rtvoice_tui.controller.talk import TALK_MODES
from rtvoice_tui.session.facts import Phase

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


def _talking(app: "RtvoiceApp") -> Iterable[SystemCommand]:
    """Commands for the talk mode and the microphone's gate."""
    audio, suggested = app.session.audio_settings, app.store.interruptions.gate_db
    if app.controller.talk.by_key:
        yield SystemCommand("Talk: begin or end a turn", "A key starts a turn and ends it", app.talk.turn)
    else:
        yield SystemCommand("Talk: answer now", "End the turn here and let the agent respond", app.talk.turn)
    for mode, (name, words) in TALK_MODES.items():
        if mode is not app.controller.talk.mode:
            yield SystemCommand(f"Talk: {name}", words, lambda mode=mode: app.talk.choose_mode(mode))
    if suggested is not None and suggested != audio.gate_db:
        words = "It would have avoided all false interruptions so far"
        yield SystemCommand(f"Microphone: gate at {suggested:.0f} dBFS", words, lambda: app.talk.set_gate(suggested))
    elif audio.gate_db is None:
        likely = app.controller.talk.likely_gate_db
        words = "Sound below this level, such as room noise, is sent as silence"
        yield SystemCommand(f"Microphone: gate at {likely:.0f} dBFS", words, lambda: app.talk.set_gate(likely))
    if audio.gate_db is not None:
        yield SystemCommand("Microphone: no gate", "All sound is sent, however quiet", lambda: app.talk.set_gate(None))


def commands(app: "RtvoiceApp") -> Iterable[SystemCommand]:
    """The commands available in the current state."""
    audio, phase = app.session.audio_settings, app.store.session.phase
    if phase is Phase.OFFLINE:
        yield SystemCommand("Session: connect", "Begin a session with the profile's server", app.talk.connect)
    else:
        yield SystemCommand("Session: disconnect", "End the session", app.talk.connect)
        yield SystemCommand("Agent: interrupt", "Silence the agent now", app.talk.interrupt)
    yield from _talking(app)
    yield SystemCommand(
        "Microphone: open" if audio.muted else "Microphone: mute", "Send silence or sound", app.talk.mute
    )
    yield SystemCommand(
        "Agent: hear" if audio.agent_muted else "Agent: mute", "It talks on, but is not played", app.talk.mute_agent
    )
    yield SystemCommand("Devices: choose and try", "Microphone, speaker, volume, echo, test tone", app.talk.devices)
    yield SystemCommand("Volume: louder or softer", "Opens the devices: + and - there", app.talk.devices)
    yield SystemCommand("Sound: last ten seconds", "Levels, who spoke, buffer, losses", app.talk.sound_history)
    yield SystemCommand("Agent: edit", "Change instructions and voice while it talks", app.panes.layout.toggle_agent)
    if app.store.calls.asking:
        yield SystemCommand("Call: agree", "Let the waiting call run", lambda: app.calls.approve(False))
        yield SystemCommand("Call: do not agree", "The model is told, with a reason", app.calls.reject)
    yield SystemCommand("Tool: test", "Run a tool by hand from a form", app.calls.test_tool)
    yield SystemCommand("Message: type", "Send a typed turn", app.action_type)
    yield SystemCommand("Events: filter", "Show only events with certain words", app.panes.filter_events)
    yield SystemCommand("View: zoom the pane", "The whole screen, or back", app.panes.layout.zoom)
    for name in sorted(app.own_themes):
        yield SystemCommand(f"Theme: {name}", "Change all colours", lambda name=name: app.choose_theme(name))
    yield SystemCommand("Help: keys", "Show all keys", app.action_help)
    yield SystemCommand("App: quit", "End the session and leave", app.action_quit)
