"""What tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import pytest

PROJECT = Path(__file__).resolve().parents[1]

# All processes of all test runs share one folder for compiled code, which is not the user's.
os.environ.setdefault("ICARUS_CACHE_DIR", str(PROJECT / ".pytest_cache" / "kernels"))

# Under nohup, or started by a script in the background, the process ignores these signals, and so
# would the campaigns that it starts, as they should; tests send them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# Half of what Hypothesis tries by default, where a test does not say how much it is to try: the
# suite is to be run often. Processes of the suite share cores, so that times say little.
hypothesis.settings.register_profile("suite", max_examples=50, deadline=None)
hypothesis.settings.load_profile("suite")
# For `make fuzz`, which loads it by its option.
hypothesis.settings.register_profile("fuzz", max_examples=1000, deadline=None, print_blob=True)


@pytest.fixture(scope="session")
def project() -> Path:
    """The root of the project."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real maps and traces beside the project; tests that need them are skipped without."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            "needs the maps and traces in ../shared/data, which are not part of the project"
        )
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(report):
    """Have workers send reports that can be encoded: tests of odd texts log and compare these."""
    return _encodable((yield))


def _encodable(value):
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_encodable(item) for item in value)
    return value
