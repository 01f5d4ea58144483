"""The same settings give the same results, bit for bit, wherever their jobs run."""

from __future__ import annotations

import pickle
import random
import sys
from textwrap import dedent

import pytest

from icarus.orchestration import Orchestrator, Status
from icarus.planning.loading import load_settings

NEIGHBOUR = """
    import random

    from icarus.models.cache import Cache
    from icarus.registry import register_cache_policy


    @register_cache_policy("NEIGHBOUR_POLICY")
    class Neighbour(Cache):
        '''Evicts any item, by the global random.'''

        def __init__(self, maxlen, **kwargs):
            super().__init__(maxlen)
            self.held = []

        def __len__(self):
            return len(self.held)

        def has(self, k):
            return k in self.held

        get = has

        def put(self, k):
            if k in self.held:
                return None
            self.held.append(k)
            if len(self.held) <= self.maxlen:
                return None
            return self.held.pop(random.randrange(self.maxlen))

        def remove(self, k):
            return k in self.held and not self.held.remove(k)

        def dump(self):
            return list(self.held)
"""

SETTINGS = """
    import random
    from copy import deepcopy
    from itertools import pairwise

    import campaign_neighbour
    from icarus.models.strategy import Strategy
    from icarus.registry import register_strategy
    from icarus.util import Tree

    LIKELY = 0.6
    calls = 0


    def coin(p):
        global calls
        calls += 1
        return random.random() < p


    @register_strategy("FILE_LEVEL")
    class FileLevel(Strategy):
        '''Uses what stands around it in the file.'''

        def process_event(self, time, receiver, content, log):
            source = self.view.content_source(content)
            path = self.view.shortest_path(receiver, source)
            self.controller.start_session(time, receiver, content, log)
            for u, v in pairwise(path):
                self.controller.forward_request_hop(u, v)
                if self.view.has_cache(v) and self.controller.get_content(v):
                    break
            else:
                self.controller.get_content(v)
            for u, v in pairwise(path[path.index(v) :: -1]):
                self.controller.forward_content_hop(u, v)
                if self.view.has_cache(v) and coin(LIKELY):
                    self.controller.put_content(v)
            self.controller.end_session()


    N_REPLICATIONS = 2
    PARALLEL_EXECUTION = True
    N_PROCESSES = 2
    START_METHOD = "fork"
    DATA_COLLECTORS = {
        "CACHE_HIT_RATIO": {"content_hits": True},
        "LATENCY": {"cdf": True},
        "LINK_LOAD": {},
        "PATH_STRETCH": {"cdf": True},
    }
    default = Tree(
        topology={"name": "GEANT"},
        workload={
            "name": "STATIONARY", "n_contents": 100, "alpha": 0.8, "n_warmup": 100,
            "n_measured": 300,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.5},
        content_placement={"name": "UNIFORM"},
    )
    EXPERIMENT_QUEUE = []
    for strategy, policy in [
        ("FILE_LEVEL", "NEIGHBOUR_POLICY"),
        ("FILE_LEVEL", "LRU"),
        ("LCE", "NEIGHBOUR_POLICY"),
        ("RAND_BERNOULLI", "RAND"),
        ("PROB_CACHE", "LRU"),
        ("HR_SYMM", "IN_CACHE_LFU"),
    ]:
        experiment = deepcopy(default)
        experiment["strategy"]["name"] = strategy
        experiment["cache_policy"]["name"] = policy
        EXPERIMENT_QUEUE.append(experiment)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A settings module with a neighbour; no trace of either is left in this process."""
    (tmp_path / "campaign_neighbour.py").write_text(dedent(NEIGHBOUR), encoding="utf-8")
    path = tmp_path / "campaign_of_its_own.py"
    path.write_text(dedent(SETTINGS), encoding="utf-8")
    monkeypatch.setattr(sys, "path", sys.path[:])
    modules = set(sys.modules)
    yield path
    for name in set(sys.modules) - modules:
        if name.startswith(("campaign_", "icarus_settings_")):
            del sys.modules[name]


def outcome(path, **overrides):
    """Run the campaign; return its params and results as bytes."""
    orchestrator = Orchestrator(load_settings(path, overrides))
    orchestrator.run()
    assert orchestrator.counts == {Status.OK: orchestrator.n_exp}, orchestrator.results.failures
    assert len(orchestrator.results) == orchestrator.n_exp
    return [pickle.dumps(exact(pair)) for pair in orchestrator.results]


def exact(value):
    """Return nested plain values without what pickles remember of object identity."""
    if isinstance(value, dict):
        return {"".join(map(repr, [k])): exact(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [exact(item) for item in value]
    if hasattr(value, "tobytes"):
        return [str(value.dtype), value.shape, value.tobytes()]
    return f"{type(value).__name__} {value.hex() if isinstance(value, float) else value!r}"


def test_the_number_of_processes_and_how_they_start_change_nothing(module):
    random.seed(99)
    before = random.getstate()
    in_process = outcome(module, PARALLEL_EXECUTION=False)
    assert random.getstate() == before, "the caller's generator is left alone"
    random.seed(100)
    assert outcome(module, PARALLEL_EXECUTION=False) == in_process
    assert outcome(module, N_PROCESSES=1) == in_process
    for method in ("fork", "forkserver", "spawn"):
        assert outcome(module, START_METHOD=method) == in_process, method
    assert len(set(in_process)) == len(in_process) == 12


def test_the_seed_and_nothing_else_changes_results(module):
    serial = {"PARALLEL_EXECUTION": False, "N_REPLICATIONS": 1}
    reference = outcome(module, **serial)
    assert outcome(module, **serial) == reference
    assert outcome(module, **serial, SEED=1) == reference, "1 is the default"
    for old, new in zip(reference, outcome(module, **serial, SEED=2), strict=True):
        assert old != new
    # More replications leave the first ones as they were.
    assert outcome(module, PARALLEL_EXECUTION=False, N_REPLICATIONS=3)[::3] == reference


def test_the_place_in_the_queue_changes_nothing(module):
    forwards = load_settings(module, {"PARALLEL_EXECUTION": False})
    backwards = load_settings(module, {"PARALLEL_EXECUTION": False})
    backwards["EXPERIMENT_QUEUE"] = backwards["EXPERIMENT_QUEUE"][::-1]
    results = []
    for chosen in (forwards, backwards):
        orchestrator = Orchestrator(chosen)
        orchestrator.run()
        results.append({pickle.dumps(exact(pair)) for pair in orchestrator.results})
    assert results[0] == results[1]


def test_a_module_that_breaks_in_the_worker_is_a_failure_of_its_jobs(module):
    text = module.read_text(encoding="utf-8")
    guard = dedent("""
        import multiprocessing
        if multiprocessing.parent_process() is not None:
            raise ValueError("not in a worker")
    """)
    module.write_text(guard + text, encoding="utf-8")
    overrides = {"START_METHOD": "forkserver", "N_REPLICATIONS": 1}
    orchestrator = Orchestrator(load_settings(module, overrides))
    orchestrator.run()
    assert orchestrator.counts == {Status.FAILED: 6}
    for _, facts in orchestrator.results.failures:
        assert "settings module" in facts["error"]
        assert "not in a worker" in facts["traceback"]


def test_metadata_keeps_the_settings_module(module):
    orchestrator = Orchestrator(load_settings(module, {"N_REPLICATIONS": 1}))
    orchestrator.run()
    campaign = orchestrator.results.metadata[0]["campaign"]
    assert campaign["settings_path"] == str(module)
    assert campaign["settings_text"] == module.read_text(encoding="utf-8")
    assert campaign["overrides"] == {"N_REPLICATIONS": 1}
