"""Draw the screenshots, as SVG and PNG, from the scripted conversation.

python screenshots/render.py
"""

import asyncio
import os
import tempfile
from pathlib import Path

import resvg_py
from scripted import Script, conversation

from rtvoice_tui.editing.editor import AgentEditor
from rtvoice_tui.launch import Options, OptionsPlanner
from rtvoice_tui.session.facts import EditChanged, EditState, Level, Notice
from rtvoice_tui.ui.app import RtvoiceApp

FOLDER = Path(__file__).parent
LARGE, SMALL = (120, 40), (80, 24)


async def shot(name: str, script: Script, size: tuple[int, int], *keys: str, theme: str = "rtvoice-dark") -> None:
    """One picture after some key presses."""
    editor = AgentEditor(script.profile_name, script.profile)
    planner = OptionsPlanner(Options(no_audio=True))
    app = RtvoiceApp(script.worker(), script.store, editor, planner, theme_name=theme)
    async with app.run_test(size=size) as pilot:
        for key in ("", *keys):
            if key:
                await pilot.press(key)
            await pilot.pause(0)
            app.pulse()
        await pilot.pause(0.1)
        svg = app.export_screenshot(title="rtvoice-tui")
    (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
    png = resvg_py.svg_to_bytes(svg_string=svg, monospace_family="DejaVu Sans Mono", sans_serif_family="DejaVu Sans")
    (FOLDER / f"{name}.png").write_bytes(bytes(png))
    print(name)


def refused() -> Script:
    """A key that is not accepted."""
    script = Script()
    reason = "ai.api.cloud.yandex.net: the key was not accepted (HTTP 401)"
    script.store.take(Notice(Level.ERROR, reason, "check the key, then press c to connect again"), 1.0)
    return script


def edited() -> Script:
    """Instructions that the server has taken over."""
    script = conversation()
    script.store.take(EditChanged("e-91", ("instructions",), EditState.ACKNOWLEDGED), script.now)
    return script


async def main() -> None:
    os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp()
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    for size, suffix in ((LARGE, "120x40"), (SMALL, "80x24")):
        await shot(f"conversation-{suffix}", conversation(), size)
        await shot(f"events-{suffix}", conversation(), size, "2", "up", "up", "up", "up", "enter")
        await shot(f"tools-{suffix}", conversation(), size, "4")
        await shot(f"agent-{suffix}", edited(), size, "5")
        await shot(f"offline-{suffix}", refused(), size)
        await shot(f"help-{suffix}", conversation(), size, "question_mark")
    await shot("light-120x40", conversation(), LARGE, theme="rtvoice-light")
    await shot("high-contrast-120x40", conversation(), LARGE, theme="high-contrast")


if __name__ == "__main__":
    asyncio.run(main())
