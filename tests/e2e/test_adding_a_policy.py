"""What the page "Adding a policy to Icarus" says: one file in the package, and one line."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.registry import CACHE_POLICY
from icarus.results import read_results_pickle
from icarus.testing import PolicyLaws

PROJECT = Path(__file__).resolve().parents[2]
PAGE = (PROJECT / "docs" / "adding.md").read_text(encoding="utf-8")

TESTS = """
from icarus.testing import PolicyLaws

class TestClock(PolicyLaws):
    policy = "SECOND_CHANCE"
"""

FEW = (
    "import hypothesis as h; h.settings.register_profile('few', max_examples=10, derandomize=True)"
)

SETTINGS = """
from icarus.util import Tree

PARALLEL_EXECUTION = False
EXPERIMENT_QUEUE = []
for engine in ("python", "compiled"):
    for network_cache in (0.05, 0.3):
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 3}
        experiment["workload"] = {
            "name": "STATIONARY", "n_contents": 500, "alpha": 0.8, "n_warmup": 1000,
            "n_measured": 3000,
        }
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": network_cache}
        experiment["strategy"] = {"name": "LCE"}
        experiment["cache_policy"] = {"name": "SECOND_CHANCE"}
        experiment["engine"] = experiment["study"]["engine"] = engine
        EXPERIMENT_QUEUE.append(experiment)
"""


def shown(kind: str) -> str:
    """Return the one block of the page that is of a kind."""
    (block,) = re.findall(rf"^```{kind}\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return block


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a copy of Icarus to which the file is added as the page says."""
    folder = tmp_path_factory.mktemp("with_clock")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "icarus", folder / "icarus", ignore=ignored)
    (name,) = re.findall(r"it would stand in `(.+?)`", PAGE)
    assert not (folder / name).exists()
    (folder / name).write_text(shown("python"), encoding="utf-8")
    return folder


def python(folder: Path, *args: object) -> str:
    """Run the copy; it shares no compiled code with the package, of which it is no version."""
    done = subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "ICARUS_CACHE_DIR": str(folder / "kept")},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_file_is_found_and_its_docstring_shown(folder):
    shown_by_list = python(folder, "-m", "icarus", "list", "cache-policies", "SECOND_CHANCE")
    assert "whose reference bit is clear" in shown_by_list
    assert "Corbato" in shown_by_list


def test_it_obeys_all_laws_of_policies(folder):
    (folder / "test_clock.py").write_text(TESTS, encoding="utf-8")
    (folder / "conftest.py").write_text(FEW, encoding="utf-8")
    options = ("-q", "-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-profile=few")
    done = python(folder, "-m", "pytest", "test_clock.py", *options)
    laws = [name for name in dir(PolicyLaws) if name.startswith("test_")]
    assert f"{len(laws)} passed" in done


def test_compiled_and_interpreted_it_gives_the_same_results(folder):
    (folder / "clock_campaign.py").write_text(SETTINGS, encoding="utf-8")
    python(folder, "-m", "icarus", "run", "clock_campaign.py", "-q", "-r", "clock.pickle")
    done = read_results_pickle(folder / "clock.pickle")
    assert [one["engine"] for one in done.metadata] == ["python"] * 2 + ["compiled"] * 2
    found = [tree.dict() for _, tree in done]
    assert found[:2] == found[2:]
    ratios = [one["CACHE_HIT_RATIO"]["MEAN"] for one in found]
    assert 0.01 < ratios[0] < ratios[1] < 0.9


def test_the_line_is_as_those_that_are_there():
    line = shown("text").rstrip("\n")
    reference = (PROJECT / "config" / "reference.py").read_text(encoding="utf-8").splitlines()
    columns = [one.index("the one inserted first") for one in reference if "#   FIFO" in one]
    assert columns == [line.index("the first one")]
    assert len(line) <= 100


# Held against CLOCK with a hand that moves over a list.


class Clock:
    """A ring of contents, each with its bit, and the index that the hand is at."""

    def __init__(self, maxlen):
        self.maxlen, self.ring, self.hand = maxlen, [], 0

    def get(self, item):
        for entry in self.ring:
            if entry[0] == item:
                entry[1] = True
                return True
        return False

    def put(self, item):
        if self.get(item):
            return None
        evicted = None
        if len(self.ring) == self.maxlen:
            while self.ring[self.hand][1]:
                self.ring[self.hand][1] = False
                self.hand = (self.hand + 1) % self.maxlen
            evicted, _ = self.ring.pop(self.hand)
        self.ring.insert(self.hand, [item, False])
        self.hand = (self.hand + 1) % len(self.ring)
        return evicted

    def remove(self, item):
        for index, entry in enumerate(self.ring):
            if entry[0] == item:
                del self.ring[index]
                self.hand -= index < self.hand
                self.hand %= len(self.ring) or 1
                return True
        return False

    def dump(self):
        return [item for item, _ in self.ring[self.hand :] + self.ring[: self.hand]][::-1]


@pytest.fixture(scope="module")
def clock_of_the_page(tmp_path_factory):
    file = tmp_path_factory.mktemp("page") / "clock.py"
    file.write_text(shown("python"), encoding="utf-8")
    try:
        return runpy.run_path(str(file), run_name="clock_of_the_page")["SecondChanceCaches"].Cache
    finally:
        CACHE_POLICY.pop("SECOND_CHANCE", None)


# Not short ones, of which Hypothesis would try most: the hand has to go round.
CALLS = st.lists(
    st.tuples(st.sampled_from(["get", "put", "put", "put", "remove"]), st.integers(0, 5)),
    min_size=30,
    max_size=80,
)


@given(maxlen=st.integers(1, 4), calls=CALLS)
def test_it_does_what_a_simple_clock_does(clock_of_the_page, maxlen, calls):
    cache, simple = clock_of_the_page(maxlen), Clock(maxlen)
    for name, item in calls:
        assert getattr(cache, name)(item) == getattr(simple, name)(item)
        assert cache.dump() == simple.dump()
        assert len(cache) == len(simple.ring)
