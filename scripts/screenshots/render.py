"""Draw the screenshots, as SVG and PNG, from the scripted conversation.

python scripts/screenshots/render.py
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import replayed
import resvg_py
import sound
import tool_calls
from scripted import Script, conversation, in_force

from rtvoice_tui.audio.backends import listing
from rtvoice_tui.controller.planner import Options, Planner
from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.profiles.store import profile_text
from rtvoice_tui.recording.library import Listed
from rtvoice_tui.session.facts import Level, Notice, SessionEnded
from rtvoice_tui.ui.app import RtvoiceApp
from rtvoice_tui.ui.bridge import COUNTERS_EVERY
from rtvoice_tui.ui.themes import load_themes

FOLDER = Path(__file__).parents[2] / "screenshots"
LARGE, SMALL = (120, 40), (80, 24)
OTHERS = ((60, 20), (140, 25), (200, 60))


def named(size: tuple[int, int]) -> str:
    """A size as it stands in the name of a picture."""
    return f"{size[0]}x{size[1]}"


async def shot(
    name: str,
    script: Script,
    size: tuple[int, int],
    *keys: str,
    theme: str = "rtvoice-dark",
    drawing: bool = True,
    act: Callable[[RtvoiceApp, Script], Awaitable[None]] | None = None,
) -> None:
    """One picture after some key presses and something done; as SVG, too, unless ``drawing`` is false."""
    editor = AgentEditor(script.profile_name, script.profile, profile_text(script.profile_name))
    planner = Planner(Options(no_audio=True))
    app = RtvoiceApp(script.session(), script.store, editor, planner, theme_name=theme)
    async with app.run_test(size=size) as pilot:
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            await pilot.pause(0)
            app.pulse()
        if act is not None:
            await act(app, script)
            await pilot.pause(0)
            app.pulse()
        await pilot.pause(0.1)
        for _ in range(COUNTERS_EVERY):  # counters are repainted with every seventh pulse only
            app.pulse()
        await pilot.pause(0)
        picture(name, app, drawing)
    os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp()  # what was saved for this picture is not in the next


def picture(name: str, app: RtvoiceApp, drawing: bool = True) -> None:
    """Write what an app shows as PNG; as SVG, too, if it is a drawing."""
    svg = app.export_screenshot(title="rtvoice-tui")
    if drawing:
        (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
    png = resvg_py.svg_to_bytes(svg_string=svg, monospace_family="DejaVu Sans Mono", sans_serif_family="DejaVu Sans")
    (FOLDER / f"{name}.png").write_bytes(bytes(png))
    print(name)


def rejected() -> Script:
    """A key that is not accepted."""
    script = Script()
    reason, remedy = "ai.api.cloud.yandex.net: the key was not accepted (HTTP 401)", "press p, then k to type the key"
    script.store.record(Notice(Level.ERROR, reason, remedy), 1.0)
    script.store.record(SessionEnded(reason, remedy, wanted=False), 1.0)
    return script


WORDS = "You are a patient assistant. Answer in one sentence, and ask back when a question is unclear."


async def typed(app: RtvoiceApp, script: Script) -> None:
    """Instructions, voice and turn detection are typed, and not sent."""
    fields = {field.path: field for field in app.editor.fields}
    app.editor.instruct(WORDS)
    app.editor.type(fields["voice"], "jane")
    app.editor.type(fields["role"], "good")
    app.editor.type(fields["turn_detection.threshold"], "0.6")
    app.agent.pane.reload()


async def acknowledged(app: RtvoiceApp, script: Script) -> None:
    """The server took everything over but the threshold."""
    await typed(app, script)
    app.agent.show(await app.controller.edits.send())
    script.at(script.now + 0.2)
    script.server("session.updated", session=in_force(script, "jane", 0.5, WORDS))


async def opened_tool(app: RtvoiceApp, script: Script) -> None:
    """The dialog of a tool."""
    app.agent.open_tool("get_weather")


async def changed(app: RtvoiceApp, script: Script) -> None:
    """The changes of the agent."""
    await acknowledged(app, script)
    app.agent.history()


async def refused(app: RtvoiceApp, script: Script) -> None:
    """The server does not know the voice."""
    await typed(app, script)
    app.agent.show(await app.controller.edits.send())
    script.at(script.now + 0.2)
    cause = script.store.edits[-1][1].event_id
    error = {"type": "invalid_request_error", "code": "invalid_value", "event_id": cause,
             "message": "There is no voice 'jane' in this folder", "param": "session.audio.output.voice"}  # fmt: skip
    script.server("error", error=error)


async def sound_shots(size: tuple[int, int], suffix: str) -> None:
    """Meters in their states, ten seconds of them, and both devices."""
    listing.list_in_subprocess = lambda: list(sound.DEVICES)  # type: ignore[assignment,arg-type]
    for state in (sound.talking, sound.clipping, sound.muted, sound.silent):
        await shot(f"meters-{state.__name__}-{suffix}", state(), size)
    await shot(f"sound-{suffix}", sound.room(), size, "H", act=sound.live_through)
    await shot(f"devices-{suffix}", sound.talking(), size, "d", "down", "down")
    await shot(f"devices-silent-{suffix}", sound.silent(), size, "d")


async def sessions(app: RtvoiceApp, script: Script) -> None:
    """The list of recorded sessions."""
    folder = tempfile.TemporaryDirectory()
    entries = replayed.listed(Path(folder.name))

    async def listed() -> list[Listed]:
        return entries

    app.controller.recordings.listed = listed  # type: ignore[method-assign]
    app.talk.sessions()
    await asyncio.sleep(1.0)
    folder.cleanup()


async def states(size: tuple[int, int], suffix: str) -> None:
    """Every state of the screen, in one size."""
    await shot(f"conversation-{suffix}", conversation(), size)
    await shot(f"events-{suffix}", conversation(), size, "2", "up", "up", "up", "up", "enter")
    await shot(f"events-filtered-{suffix}", conversation(), size, "2", "z", "f", *"speech", "enter")
    await shot(f"tools-streaming-{suffix}", tool_calls.streaming(), size, "4")
    await shot(f"tools-asking-{suffix}", tool_calls.asking(), size)
    await shot(f"tools-failed-{suffix}", tool_calls.failed(), size, "4", "z")
    await shot(
        f"tools-form-{suffix}", tool_calls.tried(), size, "4", "h", "ctrl+n", "ctrl+n", *"2", "tab", *"19:00", "f7"
    )
    for name, act in (("edited", typed), ("acknowledged", acknowledged), ("refused", refused)):
        await shot(f"agent-{name}-{suffix}", conversation(), size, "5", act=act)
    await shot(f"agent-choosing-{suffix}", conversation(), size, "5", "down", "enter", "down", "down")
    await shot(f"tool-{suffix}", conversation(), size, "5", act=opened_tool)
    await shot(f"history-{suffix}", conversation(), size, "5", act=changed)
    await shot(f"profiles-{suffix}", conversation(), size, "p")
    await shot(f"offline-{suffix}", rejected(), size)
    await shot(f"first-{suffix}", Script(profile_name="local"), size)
    await sound_shots(size, suffix)
    await shot(f"timing-{suffix}", conversation(), size, "3", "z")
    await shot(f"log-{suffix}", rejected(), size, "6")
    await shot(f"help-{suffix}", conversation(), size, "question_mark")
    await shot(f"keys-{suffix}", conversation(), size, "question_mark", "c", "down", "enter")
    await shot(f"palette-{suffix}", conversation(), size, "ctrl+p", *"theme")
    await shot(f"sessions-{suffix}", conversation(), size, act=sessions)
    await shot(f"events-query-{suffix}", conversation(), size, "2", "z", "f", *"type:response -audio turn:2-3", "enter")
    await replayed.replay(lambda app: picture(f"replay-{suffix}", app), size, 5.0)
    await replayed.replay(lambda app: picture(f"replay-go-to-{suffix}", app), size, 2.4, "colon")
    await replayed.replay(lambda app: picture(f"findings-{suffix}", app), size, 5.0, "F")
    compare = ("2", "G", "l", "D", *["up"] * 8, "D")
    await replayed.replay(lambda app: picture(f"compare-{suffix}", app), size, 5.0, *compare)
    await shot(f"written-event-{suffix}", conversation(), size, "2", "E")
    await shot(f"typing-{suffix}", conversation(), size, "t", *"The 9:12 is fine.", "alt+enter", *"Book two seats.")


async def main() -> None:
    """Every state in two sizes, and the conversation in all sizes and themes."""
    os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp()
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    for size in (LARGE, SMALL):
        await states(size, named(size))
    (FOLDER / "themes").mkdir(exist_ok=True)
    for theme in load_themes()[0]:
        for size in (LARGE, *OTHERS):
            await shot(f"themes/{theme.name}-{named(size)}", conversation(), size, theme=theme.name, drawing=False)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()  # it takes none, and --help draws nothing
    asyncio.run(main())
