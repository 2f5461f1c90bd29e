"""Checks audio: the sound system, the default devices, and why there may be none."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rtvoice_tui.audio.backends.base import DeviceInfo
from rtvoice_tui.audio.backends.listing import query_in_subprocess
from rtvoice_tui.errors import AudioError, DeviceListTimeout
from rtvoice_tui.profiles.model import AudioPreferences


class Sound(NamedTuple):
    """One finding about audio: verdict (``ok`` or ``note``), sentence and remedy."""

    verdict: str
    sentence: str
    remedy: str = ""


class AudioCheck(NamedTuple):
    """Findings about audio, and the listed devices; ``None`` if listing them timed out."""

    findings: list[Sound]
    devices: list[DeviceInfo] | None


def check_audio() -> AudioCheck:
    """Check the sound system and its default devices, or find out why there are none."""
    try:
        listed = query_in_subprocess()
    except DeviceListTimeout as error:
        return AudioCheck([_without(error)], None)
    except AudioError as error:
        return AudioCheck([_without(error), *environment_hints(os.environ)], [])
    devices = listed.devices
    parts = (("microphone", "input"), ("speaker", "output"))
    about = [_about(part, way, [device for device in devices if device.has(way)]) for part, way in parts]
    return AudioCheck([Sound("ok", f"through {listed.through}"), *about], devices)


def _without(error: AudioError) -> Sound:
    return Sound("note", f"{error.sentence}: typing and files work", error.remedy)


def _about(part: str, direction: str, found: list[DeviceInfo]) -> Sound:
    if not found:
        return Sound("note", f"there is no {part}", "plug one in, or use --input-file, --output-file")
    device = next((device for device in found if device.is_default(direction)), found[0])
    latency = device.input_latency_ms if direction == "input" else device.output_latency_ms
    facts = [device.host_api, f"{device.rate} Hz"] + ([f"{latency:.0f} ms"] if latency else [])
    more = f", and {len(found) - 1} more" if found[1:] else ""
    return Sound("ok", f"{part}: {device.name} ({', '.join(facts)}){more}")


def unknown_devices(audio: AudioPreferences, devices: list[DeviceInfo] | None) -> Iterator[Sound]:
    """Yield a note for each device that a profile names and that is not listed. A part of a name is enough.

    Args:
        audio: the profile's ``[audio]`` table.
        devices: the listed devices; ``None`` if they are unknown, then nothing is checked.
    """
    for part, direction, name in (
        ("microphone", "input", audio.input_device),
        ("speaker", "output", audio.output_device),
    ):
        if not name or devices is None:
            continue
        if not any(device.has(direction) and name.lower() in device.name.lower() for device in devices):
            yield Sound(
                "note",
                f"no {part} is called {name!r}",
                f"plug it in, or correct audio.{direction}_device: 'rtvoice-tui devices' lists the names",
            )


def environment_hints(environ: Mapping[str, str], root: Path = Path("/")) -> Iterator[Sound]:
    """Yield notes on how to get audio over ssh, in WSL or in a container, if this machine is one of them.

    Args:
        environ: our own environment.
        root: root of the file system.
    """
    if environ.get("SSH_CONNECTION"):
        yield Sound(
            "note",
            "this is an ssh session: microphone and speaker are at the other end",
            "run rtvoice-tui there, or forward its sound server: ssh -R 4713:localhost:4713, "
            "then export PULSE_SERVER=tcp:localhost:4713",
        )
    if "microsoft" in _text(root / "proc/version").lower():
        yield Sound(
            "note",
            "this is WSL: sound comes from WSLg's own server",
            "wsl --update in Windows, sudo apt install libportaudio2 libasound2-plugins here",
        )
    if sys.platform.startswith("linux") and _in_container(environ, root):
        yield Sound(
            "note",
            "this is a container: it has sound only if the machine's server is passed in",
            "docker run -v $XDG_RUNTIME_DIR/pulse/native:/tmp/pulse -e PULSE_SERVER=unix:/tmp/pulse ...",
        )


def _in_container(environ: Mapping[str, str], root: Path) -> bool:
    marks = (".dockerenv", "run/.containerenv")
    return bool(environ.get("container")) or any((root / mark).exists() for mark in marks)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
