"""What is shipped, and what importing it costs."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("textual", "rich", "numpy", "aiohttp", "sounddevice", "miniaudio", "samplerate", "tomlkit")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_carries_every_module_theme_style_and_profile(wheel: zipfile.ZipFile):
    names = set(wheel.namelist())
    package = ROOT / "tui"
    wanted = [p for p in package.rglob("*") if p.suffix in (".py", ".tcss", ".toml", ".typed") and p.is_file()]
    assert len(wanted) > 50
    for path in wanted:
        assert path.relative_to(package).as_posix() in names
    for theme in (ROOT / "themes").glob("*.toml"):
        assert f"rtvoice_tui/themes/{theme.name}" in names


def test_the_wheel_carries_no_tests_or_pictures(wheel: zipfile.ZipFile):
    assert not [
        n for n in wheel.namelist() if n.startswith(("tests", "screenshots", "benchmarks")) or n.endswith(".png")
    ]


def test_every_dependency_has_its_reason_beside_it():
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    for requirement in [*project["dependencies"], *extras["local"], *extras["dev"]]:
        (line,) = [line for line in text.splitlines() if line.strip().startswith(f'"{requirement}"')]
        assert "#" in line, requirement


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    ["rtvoice_tui", "rtvoice_tui.cli.main", "rtvoice_tui.protocol.realtime.codec", "rtvoice_tui.engine.worker"],
)
def test_importing_it_loads_nothing_heavy(module: str):
    assert not loaded_after(f"import {module}") & set(HEAVY)


def test_the_app_itself_loads_neither_sound_nor_network():
    loaded = loaded_after("import rtvoice_tui.ui.app, rtvoice_tui.cli.launch")
    assert "textual" in loaded
    assert not loaded & {
        "numpy",
        "aiohttp",
        "sounddevice",
        "miniaudio",
        "samplerate",
        "tomlkit",
        "textual.widgets.markdown",
    }
