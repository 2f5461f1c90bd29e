"""Whether echo is to be expected at all."""

_HEADSETS = ("headset", "headphone", "earphone", "earbud", "airpods", "buds", "handsfree", "hands-free", "hfp", "hsp")


def is_headset(name: str) -> bool:
    """Whether a device's name says that only its wearer hears it."""
    return any(word in name.lower() for word in _HEADSETS)


def echo_mode(wanted: str, input_name: str, output_name: str) -> str:
    """What to do about echo: ``on``, ``half-duplex`` or ``off``.

    Args:
        wanted: ``auto``, ``on``, ``half-duplex`` or ``off``.
        input_name: the open microphone; empty where there is none.
        output_name: the open speaker; empty where nobody hears anything.
    """
    if not input_name or output_name in ("", "silent"):
        return "off"
    if wanted != "auto":
        return wanted
    return "off" if is_headset(output_name) else "on"
