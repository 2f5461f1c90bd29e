"""Formats times in seconds for display."""


def minutes(seconds: float) -> str:
    """Seconds as ``3:57``; with hours (``1:03:57``) from one hour on."""
    whole = max(0, int(seconds))
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def precise(seconds: float) -> str:
    """Seconds with hundredths, as ``3:57.12``."""
    return f"{minutes(seconds)}.{int(seconds * 100) % 100:02}"
