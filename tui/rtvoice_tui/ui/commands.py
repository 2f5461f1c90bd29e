"""Commands of the command palette: named ``area: action``, with one line of explanation."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from rtvoice_tui.controller.talk import TALK_MODES
from rtvoice_tui.session.facts import Phase
from rtvoice_tui.ui.bindings import BY_ID

if TYPE_CHECKING:
    from rtvoice_tui.ui.app import RtvoiceApp


def keyed(words: str, key_id: str) -> str:
    """An explanation with the keys that do the same, so that they are learned from the palette."""
    keys = [BY_ID[known].shown for known in (key_id, f"{key_id}-f") if known in BY_ID]
    return f"{words}  ({' '.join(keys)})"


def _talking(app: "RtvoiceApp") -> Iterable[SystemCommand]:
    """Commands for the talk mode and the microphone's gate."""
    audio, suggested = app.session.audio_settings, app.store.interruptions.gate_db
    if app.controller.talk.by_key:
        yield SystemCommand(
            "Talk: begin or end a turn", keyed("A key starts a turn and ends it", "talk"), app.talk.turn
        )
    else:
        yield SystemCommand(
            "Talk: answer now", keyed("End the turn here and let the agent respond", "talk"), app.talk.turn
        )
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
        yield SystemCommand(
            "Session: connect", keyed("Begin a session with the profile's server", "connect"), app.talk.connect
        )
    else:
        yield SystemCommand("Session: disconnect", keyed("End the session", "connect"), app.talk.connect)
        yield SystemCommand("Agent: interrupt", keyed("Silence the agent now", "interrupt"), app.talk.interrupt)
    yield from _talking(app)
    yield SystemCommand(
        "Microphone: open" if audio.muted else "Microphone: mute", keyed("Send silence or sound", "mute"), app.talk.mute
    )
    yield SystemCommand(
        "Agent: hear" if audio.agent_muted else "Agent: mute",
        keyed("It talks on, but is not played", "mute-agent"),
        app.talk.mute_agent,
    )
    yield SystemCommand(
        "Devices: choose and try", keyed("Microphone, speaker, volume, echo, test tone", "devices"), app.talk.devices
    )
    yield SystemCommand("Volume: louder or softer", "Opens the devices: + and - there", app.talk.devices)
    yield SystemCommand("Sessions: recorded", keyed("Show, export and delete them", "sessions"), app.talk.sessions)
    words = "End the recording of sound" if app.controller.recordings.sound else "Keep the sound from now on"
    yield SystemCommand("Session: record", keyed(words, "record"), app.talk.record)
    yield SystemCommand(
        "Session: findings", keyed("What was wrong so far, and what to do", "findings"), app.events.findings
    )
    yield SystemCommand(
        "Event: send by hand",
        keyed("Write any client event, or change a template", "write-event"),
        app.events.write_event,
    )
    yield SystemCommand(
        "Sound: last ten seconds", keyed("Levels, who spoke, buffer, losses", "sound"), app.talk.sound_history
    )
    yield SystemCommand(
        "Agent: edit", keyed("Change instructions and voice while it talks", "edit"), app.panes.layout.toggle_agent
    )
    if app.store.calls.asking:
        yield SystemCommand(
            "Call: approve", keyed("Let the waiting call run", "agree"), lambda: app.calls.approve(False)
        )
        yield SystemCommand("Call: reject", keyed("The model is told, with a reason", "deny"), app.calls.reject)
    yield SystemCommand("Tool: test", "Run a tool by hand from a form", app.calls.test_tool)
    yield SystemCommand("Profiles: choose", keyed("Open, copy and set up profiles", "profiles"), app.profiles.list)
    yield SystemCommand(
        "Agent: send the edit", keyed("Send it to the server and save it", "send-edit"), app.agent.send_edit
    )
    yield SystemCommand("Agent: undo the edit", keyed("Take the last acknowledged change back", "undo"), app.agent.undo)
    yield SystemCommand("Agent: all edits", keyed("Restore or compare one", "history"), app.agent.history)
    yield SystemCommand("Message: type", keyed("Send a typed turn", "type"), app.action_type)
    yield from looks(app)


def looks(app: "RtvoiceApp") -> Iterable[SystemCommand]:
    """Commands that change only what is seen, in a replay as well."""
    yield SystemCommand("Events: filter", "Show only events with certain words", app.panes.filter_events)
    yield SystemCommand("View: zoom the pane", keyed("The whole screen, or back", "zoom"), app.panes.layout.zoom)
    yield SystemCommand("Themes: try and choose", "See each one while you choose", app.preview_themes)
    for name in sorted(app.own_themes):
        yield SystemCommand(f"Theme: {name}", "Change all colours", lambda name=name: app.choose_theme(name))
    yield SystemCommand("Keys: change", "Give any key another one; kept in keymap.toml", app.action_change_keys)
    yield SystemCommand("Help: keys", keyed("Show all keys", "help"), app.action_help)
    yield SystemCommand("App: quit", keyed("End the session and leave", "quit"), app.action_quit)
