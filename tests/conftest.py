"""What tests share."""

from __future__ import annotations

import os
import signal
import zlib
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from icarus.core import randomness
from icarus.registry import JOB_KIND, REGISTRIES
from icarus.scenarios.workload import request_streams

PROJECT = Path(__file__).resolve().parents[1]

# All processes of all test runs share one folder for compiled code, which is not the user's.
os.environ.setdefault("ICARUS_CACHE_DIR", str(PROJECT / ".pytest_cache" / "kernels"))

# Under nohup, or started by a script in the background, the process ignores these signals, and so
# would the campaigns that it starts, as they should; tests send them.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

# Half of what Hypothesis tries by default, where a test does not say how much it is to try, and the
# same each time: the suite is to be run often, and what it says is to depend on the code alone.
# Processes of the suite share cores, so that times say little.
hypothesis.settings.register_profile("suite", max_examples=50, deadline=None, derandomize=True)
hypothesis.settings.load_profile("suite")
# Of what is made of parts that others are tried with in full.
hypothesis.settings.register_profile(
    "few", hypothesis.settings.get_profile("suite"), max_examples=15
)
# For `make fuzz`, which goes on looking elsewhere in rounds of some minutes.
hypothesis.settings.register_profile("fuzz", max_examples=300, deadline=None, print_blob=True)


@pytest.fixture(autouse=True)
def _the_same_draws(request, monkeypatch):
    """What a test builds without a seed draws the same in every run of the test."""
    if request.node.get_closest_marker("unpredictable"):
        return
    root = np.random.SeedSequence(zlib.crc32(request.node.nodeid.encode()))
    original = randomness.seed_sequence

    def derived(seed):
        if seed is None and randomness._root.get() is None:
            return root.spawn(1)[0]
        return original(seed)

    for place in (randomness, request_streams):
        monkeypatch.setattr(place, "seed_sequence", derived)


@pytest.fixture(autouse=True)
def _the_same_components():
    """What a test registers, or the settings that it runs, is known to that test alone."""
    before = [
        (one, one.copy(), [(known, {**known}) for known in (one.checks, one.fits)])
        for one in (*REGISTRIES, JOB_KIND)
    ]
    yield
    for registry, components, parts in before:
        dict.clear(registry)
        dict.update(registry, components)
        for known, entries in parts:
            known.clear()
            known.update(entries)


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
