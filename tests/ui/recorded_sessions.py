"""Recordings to be listed."""

import json

import pytest

from rtvoice_tui.engine.observers import FrameReceived, MachineMade, Stepped
from rtvoice_tui.profiles import paths
from rtvoice_tui.profiles.app_settings import RecordingSettings
from rtvoice_tui.profiles.store import load_profile
from rtvoice_tui.protocol.realtime.wire import RealtimeWire
from rtvoice_tui.recording.session_recording import SessionRecording
from rtvoice_tui.session import commands as cmd
from rtvoice_tui.session.inputs import Connecting, Input, Opened, Received, Started
from rtvoice_tui.session.realtime.machine import SessionMachine
from rtvoice_tui.session.talk_mode import OPEN_MICROPHONE


def record(words: str) -> None:
    """A recorded session in which something was typed."""
    profile = load_profile("local")
    clock = [0.0]
    recording = SessionRecording(
        paths.recordings_folder(), RealtimeWire(), lambda: clock[0], lambda notice: pytest.fail(str(notice)), True,
        RecordingSettings(),
    )  # fmt: skip
    machine = SessionMachine(profile.dialect, profile.session, profile.tool_specs, lambda prefix: prefix)
    tools, talk, audio = profile.tool_specs, OPEN_MICROPHONE, machine.audio
    recording(MachineMade("local", profile.session, tools, talk, audio, 20, 0, "local", "local"), 0.0)
    wire = RealtimeWire()

    def step(happened: Input) -> None:
        clock[0] += 1.0
        recording(Stepped(happened, tuple(machine.step(happened, clock[0]))), clock[0])

    for happened in (Started(), Connecting(), Opened()):
        step(happened)
    for kind in ("session.created", "session.updated"):
        text = json.dumps({"type": kind, "session": {"id": "s"}})
        decoded = wire.decode(text)
        step(Received(decoded.event))
        recording(FrameReceived(text, decoded), clock[0])
    step(cmd.SendText(words))
    assert recording.close()
