"""Names and ids of the devices that miniaudio lists.

miniaudio crashes when it queries a device that has disappeared since it was listed. So with a sound server only the
list is read, and polling runs in a subprocess:

    python -m rtvoice_tui.audio.backends.miniaudio_names    # a line of JSON twice a second, until standard input ends
"""

import json
import select
import sys
from typing import Any

import miniaudio

LOOK_S = 0.5

Named = list[tuple[str, Any]]
"""Device names with their miniaudio ids."""


def named_devices(devices: miniaudio.Devices) -> tuple[Named, Named]:
    """Return the output devices and the input devices.

    Raises:
        miniaudio.MiniaudioError: the devices cannot be listed.
    """
    if devices.backend != "PulseAudio":  # only PulseAudio crashes; other backends list devices that do not work
        outputs, inputs = devices.get_playbacks(), devices.get_captures()
        return [(each["name"], each["id"]) for each in outputs], [(each["name"], each["id"]) for each in inputs]
    return _at_pulse(devices)


def _at_pulse(devices: miniaudio.Devices) -> tuple[Named, Named]:
    ffi, lib = miniaudio.ffi, miniaudio.lib
    outputs, inputs = ffi.new("ma_device_info**"), ffi.new("ma_device_info**")
    output_count, input_count = ffi.new("ma_uint32*"), ffi.new("ma_uint32*")
    result = lib.ma_context_get_devices(devices._context, outputs, output_count, inputs, input_count)
    if result != lib.MA_SUCCESS:
        raise miniaudio.MiniaudioError("cannot list devices", result)
    return _copied(outputs[0], output_count[0]), _copied(inputs[0], input_count[0])


def _copied(infos: Any, count: int) -> Named:
    ffi = miniaudio.ffi
    return [
        (ffi.string(infos[index].name).decode("utf-8", "replace"), ffi.new("ma_device_id *", infos[index].id))
        for index in range(count)
    ]


def server_device_names() -> dict[str, list[str]] | None:
    """Return the device names of a PulseAudio or PipeWire server by direction; None if no server responds."""
    try:
        outputs, inputs = named_devices(miniaudio.Devices([miniaudio.Backend.PULSEAUDIO]))
    except miniaudio.MiniaudioError:
        return None
    return {"inputs": [name for name, _ in inputs], "outputs": [name for name, _ in outputs]}


def main() -> None:
    """Entry point of the subprocess: write the device names to standard output every LOOK_S seconds."""
    while True:
        sys.stdout.write(json.dumps(server_device_names()) + "\n")
        sys.stdout.flush()
        if select.select([sys.stdin], [], [], LOOK_S)[0]:
            return


if __name__ == "__main__":
    main()
