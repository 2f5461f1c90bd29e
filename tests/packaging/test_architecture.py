"""The layers hold without circles, and everything below the screen works where there is no Textual."""

import graphlib
import subprocess
import sys

import grimp
import pytest

BLOCKED = """
import importlib.abc, sys
class NoTextual(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("textual", "rich"):
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, NoTextual())
"""


def test_no_module_imports_one_that_needs_it_itself() -> None:
    graph = grimp.build_graph("rtvoice_tui", exclude_type_checking_imports=True, cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(needs) > 200
    graphlib.TopologicalSorter(needs).prepare()  # raises CycleError with the circle


@pytest.mark.parametrize(
    "modules",
    [
        "rtvoice_tui.controller.controller, rtvoice_tui.controller.planner",
        "rtvoice_tui.engine.driver, rtvoice_tui.engine.worker, rtvoice_tui.engine.idle",
        "rtvoice_tui.cli.main, rtvoice_tui.cli.profiles, rtvoice_tui.cli.doctor, rtvoice_tui.cli.launch",
        "rtvoice_tui.cli.plain.head",
        "rtvoice_tui.editing.editor, rtvoice_tui.store.store, rtvoice_tui.session.realtime.machine",
    ],
)
def test_it_can_be_imported_where_textual_is_not_installed(modules: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{BLOCKED}import {modules}"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
