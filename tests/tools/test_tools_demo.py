"""The demo's functions answer the same for the same question, in every process."""

import json
import os
import subprocess
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from rtvoice_tui.tools.demo import get_time, get_weather

PROGRAM = """
import json
from rtvoice_tui.tools.demo import get_time, get_weather
tokyo = get_time("Tokyo")
print(json.dumps([get_weather("Tokyo"), get_weather("Омск"), tokyo["zone"], tokyo["place"]]))
"""


def test_another_process_with_another_hash_seed_answers_the_same():
    outputs = set()
    for seed in ("1", "2"):
        environ = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.add(
            subprocess.run([sys.executable, "-c", PROGRAM], env=environ, check=True, capture_output=True).stdout
        )
    (output,) = outputs
    weather, _, zone, place = json.loads(output)
    assert weather == get_weather("Tokyo")
    assert (zone, place) == ("Asia/Tokyo", "Tokyo")


@pytest.mark.parametrize("city", ["Tokyo", "Омск", "São Paulo", "x" * 10_000, "", " ", "[/b]", "\x1b[2J"])
def test_the_weather_of_any_city_is_plausible(city):
    weather = get_weather(city)
    assert weather["city"] == city.strip()
    assert -10 <= weather["temperature_c"] <= 30
    assert weather["advice"]
    assert "demo" in weather["source"]


def test_case_and_spaces_do_not_change_the_weather():
    assert {**get_weather(" tokyo "), "city": ""} == {**get_weather("TOKYO"), "city": ""}


def test_cities_differ():
    cities = [get_weather(city)["temperature_c"] for city in ("Omsk", "Perm", "Ufa", "Kazan", "Sochi", "Tver")]
    assert len(set(cities)) > 2


@pytest.mark.parametrize("place", ["Tokyo", "tokyo", " Asia/Tokyo "])
def test_the_time_in_a_city_is_that_of_its_zone(place):
    before = datetime.now(ZoneInfo("Asia/Tokyo")).replace(second=0, microsecond=0)
    told = get_time(place)
    after = datetime.now(ZoneInfo("Asia/Tokyo"))
    assert told["zone"] == "Asia/Tokyo"
    assert told["time"] in {before.strftime("%H:%M"), after.strftime("%H:%M")}
    assert told["day"] in {before.strftime("%A"), after.strftime("%A")}


def test_a_city_of_two_words_is_found():
    assert get_time("New York")["zone"] == "America/New_York"


@pytest.mark.parametrize("place", ["", "  ", "Nowhere at all", "../../etc/passwd", "\x00"])
def test_the_time_of_an_unknown_place_is_the_time_here(place):
    told = get_time(place)
    assert told["place"] == "here"
    assert told["time"]
