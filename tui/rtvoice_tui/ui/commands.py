"""What the command palette offers: ``area: action``, with a line that explains it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from rtvoice_tui.session.facts import Phase

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


def commands(app: "RtvoiceApp") -> Iterable[SystemCommand]:
    """Everything that can be done now."""
    audio, phase = app.store.audio, app.store.session.phase
    if phase is Phase.OFFLINE:
        yield SystemCommand("Session: connect", "Begin a session with the profile's server", app.action_connect)
    else:
        yield SystemCommand("Session: disconnect", "End the session", app.action_connect)
        yield SystemCommand("Agent: interrupt", "Silence the agent now", app.action_interrupt)
    if app.manual_turns:
        yield SystemCommand("Talk: begin or end a turn", "Turn detection is off", app.action_talk)
    yield SystemCommand(
        "Microphone: open" if audio.muted else "Microphone: mute", "Send silence or sound", app.action_mute
    )
    yield SystemCommand(
        "Agent: hear" if audio.agent_muted else "Agent: mute", "The agent speaks on, unheard", app.action_mute_agent
    )
    yield SystemCommand("Devices: choose and try", "Microphone, speaker, volume, echo, test tone", app.action_devices)
    yield SystemCommand("Sound: last ten seconds", "Levels, who spoke, buffer, losses", app.action_sound_history)
    yield SystemCommand("Agent: edit", "Change instructions and voice while it talks", app.action_edit_agent)
    if app.store.calls.asking:
        yield SystemCommand("Call: agree", "Let the call that asks run", lambda: app.action_agree(False))
        yield SystemCommand("Call: do not agree", "The model is told, with a reason", app.action_deny)
    yield SystemCommand("Tool: test", "Run a tool by hand from a form", app.action_test_tool)
    yield SystemCommand("Message: type", "Send a typed turn", app.action_type)
    yield SystemCommand("Events: filter", "Show only events with certain words", app.action_filter_events)
    yield SystemCommand("View: zoom the pane", "The whole screen, or back", app.action_zoom)
    for name in sorted(app.own_themes):
        yield SystemCommand(f"Theme: {name}", "Change all colours", lambda name=name: app.choose_theme(name))
    yield SystemCommand("Help: keys", "Show all keys", app.action_help)
    yield SystemCommand("App: quit", "End the session and leave", app.action_quit_app)
