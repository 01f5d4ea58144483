"""Campaigns whose simulations are put aside: results are those of campaigns where nothing is."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import numpy as np
import pytest

from icarus.results import read_results_pickle
from icarus.util import Tree

SETTINGS = """
from icarus import design as d
from icarus.util import Tree

N_REPLICATIONS = 2
ENGINE = "compiled"
PARALLEL_EXECUTION = True
N_PROCESSES = 2
START_METHOD = "fork"
DATA_COLLECTORS = {
    "CACHE_HIT_RATIO": {"content_hits": True}, "LATENCY": {"cdf": True}, "LINK_LOAD": {},
    "PATH_STRETCH": {}, "TIMELINE": {"window": 7.0},
}
BASE = Tree(
    topology={"name": "RING", "n": 6},
    workload={
        "name": "STATIONARY", "n_contents": 200, "alpha": 0.8, "n_warmup": 20_000,
        "n_measured": 30_000, "rate": 1000.0,
    },
    content_placement={"name": "UNIFORM"},
    cache_placement={"name": "UNIFORM", "network_cache": 0.2},
    strategy={"name": "LCE"},
    cache_policy={"name": "RAND"},
)
DOWN = {"at": 25, "event": "link_down", "link": [0, 1]}
TIMELINES = [
    [],
    [DOWN],
    [DOWN, {"at": 40, "event": "link_up", "link": [0, 1]}],
    [DOWN, {"at": 40, "event": "flush"}],
    [{"at": 25, "event": "node_down", "node": 2}],
    [{"at": 30, "event": "popularity", "alpha": 1.2, "shuffle": 0.5}],
    [{"at": 25, "event": "rate", "factor": 3}],
]
STRATEGIES = ["LCE", "RAND_BERNOULLI"]
EXPERIMENT_QUEUE = d.product(BASE, {"strategy.name": STRATEGIES, "timeline": TIMELINES})
"""

LONG = """
from icarus.util import Tree

DATA_COLLECTORS = {"CACHE_HIT_RATIO": {}, "LATENCY": {}, "TIMELINE": {"window": 10.0}}
CHECKPOINT_EVERY = "100ms"
ENGINE = "python"
EXPERIMENT_QUEUE = [
    Tree(
        topology={"name": "RING", "n": 6},
        workload={
            "name": "STATIONARY", "n_contents": 200, "alpha": 0.8, "n_warmup": 0,
            "n_measured": 80_000, "rate": 1000.0,
        },
        content_placement={"name": "UNIFORM"},
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        strategy={"name": "RAND_BERNOULLI"},
        cache_policy={"name": "RAND"},
        timeline=[{"at": 50, "event": "link_down", "link": [0, 1]}],
    )
]
"""


def equal(one, other):
    if isinstance(one, (dict, Tree)):
        one, other = dict(one.items()), dict(other.items())
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return one == other or (one != one and other != other)


def assert_equal_results(folder, *names):
    first, *others = (list(read_results_pickle(folder / name)) for name in names)
    assert first
    for other in others:
        assert len(other) == len(first)
        for (params, results), (same_params, same) in zip(first, other, strict=True):
            assert params == same_params
            assert equal(results, same)


def run(cli, *args):
    done = cli("run", *args)
    assert done.returncode == 0, done.stderr
    return done


def test_sharing_what_is_common_changes_no_bit(cli):
    cli.write("s.py", SETTINGS)
    run(cli, "s.py", "-r", "shared.pickle", "--log-file", "log")
    run(cli, "s.py", "-r", "alone.pickle", "-c", "SHARE_PREFIXES=False")
    run(cli, "s.py", "-r", "serial.pickle", "-c", "PARALLEL_EXECUTION=False")
    assert_equal_results(cli.folder, "alone.pickle", "shared.pickle", "serial.pickle")
    assert not list(cli.folder.glob("*.states"))


def test_the_plan_says_what_is_shared(cli):
    cli.write("s.py", SETTINGS)
    done = cli("plan", "s.py")
    assert "the first 25 s, once for 7 experiments (2 times)" in done.stdout
    assert "the first 40 s, once for 3 experiments (2 times)" in done.stdout
    done = cli("plan", "s.py", "-c", "SHARE_PREFIXES=False")
    assert "once for" not in done.stdout


def kill_again_and_again(cli, draw, settings, results, pauses):
    """Run a campaign until it ends, killing it and all its processes; return how often."""
    kills = 0
    while True:
        process = cli.start("run", settings, "-r", results, "--log-file", f"{results}.log")
        try:
            # Ever longer, so that it comes to its end on a slow machine, too.
            process.communicate(timeout=draw.uniform(*pauses) * 1.1**kills)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            kills += 1
            assert kills < 200
            continue
        assert process.returncode == 0
        return kills


@pytest.mark.parametrize(
    "seed",
    [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 12))],
)
def test_a_campaign_with_shared_states_that_is_killed(cli, seed):
    cli.write("s.py", SETTINGS)
    run(cli, "s.py", "-r", "whole.pickle", "-c", "SHARE_PREFIXES=False")
    kills = kill_again_and_again(cli, random.Random(seed), "s.py", "killed.pickle", (0.5, 1.2))
    assert kills
    assert_equal_results(cli.folder, "whole.pickle", "killed.pickle")
    assert not list(cli.folder.glob("*.states"))


def test_a_long_simulation_that_is_killed_goes_on_from_where_it_was(cli):
    cli.write("long.py", LONG)
    run(cli, "long.py", "-r", "whole.pickle", "-c", "CHECKPOINT_EVERY=never")
    kills = kill_again_and_again(cli, random.Random(7), "long.py", "killed.pickle", (1.0, 1.6))
    assert kills
    log = (cli.folder / "killed.pickle.log").read_text()
    assert "it goes on after" in log
    assert_equal_results(cli.folder, "whole.pickle", "killed.pickle")
    assert not list(cli.folder.glob("*.states"))


def test_a_damaged_state_is_told_and_the_simulation_begins_anew(cli):
    cli.write("long.py", LONG)
    process = cli.start("run", "long.py", "-r", "out.pickle")
    states = cli.folder / "out.states"
    deadline = time.monotonic() + 30
    while not list(states.glob("*-0")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    (file,) = states.glob("*-0")
    file.write_bytes(file.read_bytes()[:-100])
    done = run(cli, "long.py", "-r", "out.pickle")
    assert "begins anew" in done.stderr
    assert "damaged" in done.stderr
    assert not states.exists()


def test_what_cannot_be_put_aside_runs_all_the_same(cli):
    text = LONG.replace(
        "from icarus.util import Tree",
        """from icarus.models import LeaveCopyEverywhere
from icarus.registry import register_strategy
from icarus.util import Tree


@register_strategy("WITH_A_FUNCTION")
class WithAFunction(LeaveCopyEverywhere):
    def __init__(self, view, controller):
        super().__init__(view, controller)
        self.function = lambda: None
""",
    ).replace("RAND_BERNOULLI", "WITH_A_FUNCTION")
    cli.write("long.py", text)
    done = run(cli, "long.py", "-r", "out.pickle")
    assert "after a crash it would begin anew" in done.stderr
    assert done.stderr.count("would begin anew") == 1


def test_a_wrong_interval_is_one_line(cli):
    cli.write("long.py", LONG)
    done = cli("run", "long.py", "-c", "CHECKPOINT_EVERY=soon")
    assert done.returncode == 2
    assert "CHECKPOINT_EVERY: should be seconds, or a duration such as" in done.stderr


def test_a_campaign_that_is_stopped_keeps_what_it_goes_on_from(cli):
    """A second signal breaks off what runs; the states are there for the next time."""
    cli.write("s.py", SETTINGS)
    run(cli, "s.py", "-r", "whole.pickle", "-c", "SHARE_PREFIXES=False")
    process = cli.start("run", "s.py", "-r", "out.pickle")
    states = cli.folder / "out.states"
    deadline = time.monotonic() + 30
    while not list(states.glob("*")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGHUP
    assert list(states.glob("*"))
    run(cli, "s.py", "-r", "out.pickle")
    assert_equal_results(cli.folder, "whole.pickle", "out.pickle")
    assert not states.exists()
