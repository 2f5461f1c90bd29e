"""What several folders of tests share."""

import os

import pytest

import virtual_audio


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run, and say why. RTVOICE_REQUIRE_DEVICES=1 makes a missing device a failure."""
    if item.get_closest_marker("device") and (lacks := virtual_audio.missing_for_devices()):
        if os.environ.get("RTVOICE_REQUIRE_DEVICES") == "1":
            pytest.fail(f"RTVOICE_REQUIRE_DEVICES is set, but there is no {lacks}", pytrace=False)
        pytest.skip(f"needs {lacks}")
    if item.get_closest_marker("speech") and (lacks := virtual_audio.missing_for_speech()):
        pytest.skip(f"needs the [local] extra: there is no {lacks}")
