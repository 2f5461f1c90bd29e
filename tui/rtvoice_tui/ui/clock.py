"""Times as a user reads them."""


def minutes(seconds: float) -> str:
    """``3:57``; hours only when there are any."""
    whole = max(0, int(seconds))
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def precise(seconds: float) -> str:
    """``3:57.12``."""
    return f"{minutes(seconds)}.{int(seconds * 100) % 100:02}"
