"""Chooses the echo mode from the user's setting and the device names."""

_HEADSETS = ("headset", "headphone", "earphone", "earbud", "airpods", "buds", "handsfree", "hands-free", "hfp", "hsp")


def is_headset(name: str) -> bool:
    """Whether a device name looks like a headset or headphones."""
    return any(word in name.lower() for word in _HEADSETS)


def echo_mode(wanted: str, input_name: str, output_name: str) -> str:
    """Return the echo mode: ``on``, ``half-duplex`` or ``off``.

    Args:
        wanted: ``auto``, ``on``, ``half-duplex`` or ``off``.
        input_name: the open microphone; empty if there is none.
        output_name: the open speaker; empty if there is none.
    """
    if not input_name or output_name in ("", "silent"):
        return "off"
    if wanted != "auto":
        return wanted
    return "off" if is_headset(output_name) else "on"
