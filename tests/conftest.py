"""Fixtures that all tests share: where the real data is, and small inputs made on the spot."""

import os
from pathlib import Path

import hypothesis
import pytest

JIT_OFF = os.environ.get("NUMBA_DISABLE_JIT", "0") == "1"

hypothesis.settings.register_profile(
    "netmodel", deadline=None, derandomize=True, max_examples=10 if JIT_OFF else 40
)
hypothesis.settings.load_profile("netmodel")


def pytest_collection_modifyitems(items):
    if JIT_OFF:
        for item in items:
            if item.get_closest_marker("national"):
                item.add_marker(pytest.mark.skip(reason="the national grid needs compiled code"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the repository; skipped, or failed in CI, if absent."""
    here = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("NETMODEL_FIXTURES") or here.parent / "shared")
    if not (folder / "data").is_dir():
        reason = "no fixtures: set NETMODEL_FIXTURES to the folder that holds data/"
        if os.environ.get("NETMODEL_REQUIRE_FIXTURES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return folder
