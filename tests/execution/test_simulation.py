"""One simulation from its parameters: random streams, reproducibility, what is left behind."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest

from icarus.execution import DataCollector
from icarus.execution.simulation import Simulation, simulate
from icarus.models.strategy import LeaveCopyEverywhere
from icarus.registry import CACHE_POLICY, CONTENT_PLACEMENT, DATA_COLLECTOR, STRATEGY, WORKLOAD
from icarus.scenarios.contentplacement import uniform_content_placement
from icarus.scenarios.workload import StationaryWorkload
from icarus.types import Seed
from icarus.util import Tree

STRATEGIES = ["NO_CACHE", "LCE", "LCD", "PROB_CACHE", "EDGE", "RAND_BERNOULLI", "HR_SYMM"]


class Requests(DataCollector):
    """Keeps who requested what, when."""

    def __init__(self, view):
        super().__init__(view)
        self.seen = []

    def start_session(self, timestamp, receiver, content):
        self.seen.append((timestamp, receiver, content))

    def results(self):
        return {"SEEN": self.seen}


@pytest.fixture(autouse=True)
def collector(monkeypatch):
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_REQUESTS", Requests)


def params(strategy="LCE", policy="LRU", network_cache=0.2, n_measured=400, **strategy_params):
    return Tree(
        topology={"name": "TREE", "k": 2, "h": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 80,
            "alpha": 0.8,
            "n_warmup": 100,
            "n_measured": n_measured,
        },
        cache_placement={"name": "UNIFORM", "network_cache": network_cache},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy, **strategy_params},
        cache_policy={"name": policy},
    )


def run(experiment=None, seed=1, replication=0, collectors=("CACHE_HIT_RATIO", "LATENCY")):
    chosen = {name: {} for name in collectors}
    done = simulate(Simulation(experiment or params(), chosen, seed, replication))
    return done.results


def seen(experiment=None, **kwargs):
    return run(experiment, collectors=["TEST_REQUESTS"], **kwargs)["TEST_REQUESTS"]["SEEN"]


def test_the_result():
    told = []
    done = simulate(Simulation(params(), {"CACHE_HIT_RATIO": {}}, 1, 0, "compiled"), told.append)
    assert (done.engine, done.engine_reason) == ("compiled", "asked for")
    assert done.n_requests == 500
    assert told[-1] == 500
    assert list(done.results.keys()) == ["CACHE_HIT_RATIO"]
    assert 0 < done.results.getval(["CACHE_HIT_RATIO", "MEAN"]) < 1


def test_parameters_are_left_alone():
    experiment = params()
    before = copy.deepcopy(experiment)
    run(experiment)
    assert experiment == before
    assert experiment["strategy"]["name"] == "LCE"
    assert experiment["cache_placement"]["network_cache"] == 0.2


def test_components_cannot_spoil_the_parameters(monkeypatch):
    class Spoils(LeaveCopyEverywhere):
        def __init__(self, view, controller, history):
            super().__init__(view, controller)
            history.append("spoilt")

    monkeypatch.setitem(STRATEGY, "TEST_SPOILS", Spoils)
    experiment = params("TEST_SPOILS", history=[])
    run(experiment)
    assert experiment["strategy"]["history"] == []


def test_every_component_has_a_stream_of_its_own(monkeypatch):
    streams = {}

    class Strategy(LeaveCopyEverywhere):
        def __init__(self, view, controller, seed: Seed = None):
            super().__init__(view, controller)
            streams["strategy"] = seed

    class Workload(StationaryWorkload):
        def __init__(self, topology, seed: Seed = None, **kwargs):
            super().__init__(topology, seed=seed, **kwargs)
            streams["workload"] = seed

    def placement(topology, contents, seed: Seed = None):
        streams["placement"] = seed
        uniform_content_placement(topology, contents, seed=seed)

    monkeypatch.setitem(STRATEGY, "TEST_STRATEGY", Strategy)
    monkeypatch.setitem(WORKLOAD, "TEST_WORKLOAD", Workload)
    monkeypatch.setitem(CONTENT_PLACEMENT, "TEST_PLACEMENT", placement)
    experiment = params("TEST_STRATEGY")
    experiment["workload"]["name"] = "TEST_WORKLOAD"
    experiment["content_placement"]["name"] = "TEST_PLACEMENT"
    states = set()
    for seed in (1, 2):
        for replication in (0, 1):
            run(experiment, seed=seed, replication=replication)
            assert all(isinstance(one, np.random.SeedSequence) for one in streams.values())
            states |= {tuple(one.generate_state(4)) for one in streams.values()}
    assert len(states) == 3 * 4


def test_requests_depend_on_the_workload_only():
    reference = seen()
    assert len(reference) == 400
    for strategy in STRATEGIES:
        assert seen(params(strategy)) == reference
    for policy in ("FIFO", "RAND", "IN_CACHE_LFU", "NULL"):
        assert seen(params(policy=policy)) == reference
    for network_cache in (0.1, 0.5, 1.0):
        assert seen(params(network_cache=network_cache)) == reference
    uncached = params("NO_CACHE")
    del uncached["cache_placement"]
    assert seen(uncached) == reference


def test_replications_and_seeds_differ():
    runs = [seen(seed=seed, replication=i) for seed in (1, 2) for i in range(3)]
    contents = [[content for _, _, content in one] for one in runs]
    times = [[time for time, _, _ in one] for one in runs]
    receivers = [[receiver for _, receiver, _ in one] for one in runs]
    for column in (contents, times, receivers):
        assert len({tuple(one) for one in column}) == 6
    assert seen(seed=2, replication=1) == runs[4]


def test_a_seed_in_the_settings_fixes_the_requests_of_all_replications():
    fixed = params()
    fixed["workload"]["seed"] = 7
    assert seen(fixed) == seen(fixed, replication=1) == seen(fixed, seed=5)
    assert seen(fixed) != seen()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("policy", ["LRU", "RAND"])
def test_the_same_simulation_gives_the_same_results(strategy, policy):
    experiment = params(strategy, policy)
    first = run(experiment)
    assert run(experiment) == first
    # And so whatever ran before it.
    random.random()
    run(params("RAND_BERNOULLI", "RAND"), seed=9)
    assert run(experiment) == first
    if strategy != "NO_CACHE":
        assert run(experiment, seed=2) != first
        assert run(experiment, replication=1) != first


def test_random_policies_and_strategies_depend_on_the_seed_alone():
    fixed = params("RAND_BERNOULLI", p=0.5)
    fixed["workload"]["seed"] = 7
    fixed["strategy"]["seed"] = 8
    assert run(fixed, seed=1) == run(fixed, seed=2)
    del fixed["strategy"]["seed"]
    assert run(fixed, seed=1) != run(fixed, seed=2)
    assert run(fixed, seed=1) == run(fixed, seed=1)


class Flip(LeaveCopyEverywhere):
    """Written for Icarus 0.8: draws from the global generators."""

    def process_event(self, time, receiver, content, log):
        if random.random() < 0.5 and np.random.random() < 0.9:  # noqa: NPY002
            super().process_event(time, receiver, content, log)


def test_global_randomness_is_reproducible_and_put_back(monkeypatch):
    monkeypatch.setitem(STRATEGY, "TEST_FLIP", Flip)
    random.seed(123)
    np.random.seed(123)  # noqa: NPY002
    before = random.getstate()
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(123)
    np.random.seed(123)  # noqa: NPY002

    first = seen(params("TEST_FLIP"))
    assert random.getstate() == before
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002
    assert 0 < len(first) < 400
    assert seen(params("TEST_FLIP")) == first, "although the caller has drawn in between"
    assert seen(params("TEST_FLIP"), replication=1) != first
    assert seen(params("TEST_FLIP"), seed=2) != first


def test_the_global_state_is_put_back_after_a_failure(monkeypatch):
    class Broken(Flip):
        def process_event(self, time, receiver, content, log):
            random.random()
            raise RuntimeError("broken on purpose")

    monkeypatch.setitem(STRATEGY, "TEST_BROKEN", Broken)
    before = random.getstate()
    with pytest.raises(RuntimeError, match="on purpose"):
        run(params("TEST_BROKEN"))
    assert random.getstate() == before


def test_a_workload_in_the_old_style_runs(monkeypatch):
    class Old:
        def __init__(self, topology, length, seed=None, **kwargs):
            assert isinstance(seed, int)
            random.seed(seed)
            stacks = topology.stacks().items()
            self.receivers = [node for node, stack in stacks if stack[0] == "receiver"]
            self.contents = list(range(10))
            self.n_contents = 10
            self.length = length

        def __iter__(self):
            for t in range(self.length):
                event = {
                    "receiver": random.choice(self.receivers),
                    "content": random.choice(self.contents),
                    "log": True,
                }
                yield t, event

    monkeypatch.setitem(WORKLOAD, "TEST_OLD", Old)
    experiment = params()
    experiment["workload"] = {"name": "TEST_OLD", "length": 60}
    first = seen(experiment)
    assert len(first) == 60
    assert seen(experiment) == first
    assert seen(experiment, replication=1) != first
    experiment["strategy"]["name"] = "LCD"
    assert seen(experiment) == first


def test_the_budget_is_a_fraction_of_the_catalogue(monkeypatch):
    sizes = []

    class Sized:
        def __init__(self, maxlen, **kwargs):
            sizes.append(maxlen)
            self.maxlen = maxlen

        def get(self, k):
            return False

        has = remove = get

        def put(self, k):
            return None

    monkeypatch.setitem(CACHE_POLICY, "TEST_SIZED", Sized)
    run(params(policy="TEST_SIZED", network_cache=0.35))
    # 0.35 of 80 contents over the 14 routers of a binary tree with four levels of links.
    assert sizes == [2] * 14


def test_netconf_reaches_the_model():
    experiment = params("NO_CACHE")
    experiment["topology"] = {"name": "PATH", "n": 3}
    experiment["netconf"]["shortest_path"] = {0: {2: [0, 1, 0, 1, 2]}}
    assert run(experiment)["LATENCY"]["MEAN"] == 8


@pytest.mark.parametrize(
    ("event", "latency"),
    [({"event": "resize", "size": 1}, 8), ({"event": "link_up", "link": [1, 2]}, 4)],
)
def test_paths_that_were_given_stay_until_links_change(event, latency):
    experiment = params("NO_CACHE")
    experiment["topology"] = {"name": "PATH", "n": 3}
    experiment["netconf"]["shortest_path"] = {0: {2: [0, 1, 0, 1, 2]}}
    down = {"at": 0, "event": "link_down", "link": [1, 2]}
    experiment["timeline"] = [*([down] if "link" in event else []), {"at": 0, **event}]
    assert run(experiment)["LATENCY"]["MEAN"] == latency


def test_plain_dicts_will_do():
    assert run(params().dict()) == run(params())
