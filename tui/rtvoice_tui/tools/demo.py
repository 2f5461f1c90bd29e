"""The demo functions of the built-in profiles. The weather is made up, and always the same for the same city."""

import zlib
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_CONDITIONS = ("clear", "cloudy", "rain", "snow", "fog", "thunderstorm")
_ADVICE = {
    "clear": "Drink water and avoid the midday sun.",
    "cloudy": "Take along a light jacket.",
    "rain": "An umbrella will come in handy.",
    "snow": "The roads are slippery, so be careful.",
    "fog": "Drive slowly and keep your lights on.",
    "thunderstorm": "Better stay inside.",
}


def get_weather(city: str) -> dict[str, object]:
    """A brief weather report for a city: made-up data that depends on the name alone."""
    seed = zlib.crc32(city.strip().casefold().encode())
    condition = _CONDITIONS[seed % len(_CONDITIONS)]
    coldest, warmest = {"snow": (-10, 1), "rain": (4, 18)}.get(condition, (2, 30))
    return {
        "city": city.strip(),
        "temperature_c": coldest + seed // 7 % (warmest - coldest + 1),
        "condition": condition,
        "wind_m_s": round(0.5 + seed // 251 % 96 / 10, 1),
        "advice": _ADVICE[condition],
        "source": "demo data",
    }


def get_time(place: str = "") -> dict[str, str]:
    """The time now, here or in a city that names a time zone."""
    zone = _zone(place)
    now = datetime.now(zone) if zone else datetime.now().astimezone()
    return {
        "place": place.strip() if zone else "here",
        "time": now.strftime("%H:%M"),
        "day": now.strftime("%A"),
        "zone": str(zone) if zone else str(now.tzinfo),
    }


def _zone(place: str) -> ZoneInfo | None:
    wanted = place.strip().replace(" ", "_").casefold()
    if not wanted:
        return None
    for name in sorted(available_timezones()):
        if name.casefold() == wanted or name.casefold().endswith("/" + wanted):
            try:
                return ZoneInfo(name)
            except ZoneInfoNotFoundError:
                return None
    return None
