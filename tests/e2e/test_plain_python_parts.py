"""A settings file with a workload of events and a collector of records of its own runs compiled."""

from __future__ import annotations

import pytest

from icarus.registry import DATA_COLLECTOR, WORKLOAD
from icarus.results import read_results_pickle

SETTINGS = '''
import random

from icarus.execution import DataCollector
from icarus.registry import register_data_collector, register_workload
from icarus.util import Tree

N_REPLICATIONS = 1
ENGINE = "auto"
SIZE_AT = None
DATA_COLLECTORS = {"CACHE_HIT_RATIO": {}, "SERVED_BY": {}}


@register_workload("OWN_EVENTS")
class OwnEvents(object):
    """As for Icarus 0.8"""

    def __init__(self, topology, n_contents, n_warmup, n_measured, size_at=None, **kwargs):
        self.receivers = [v for v in topology.nodes()
                          if topology.node[v]["stack"][0] == "receiver"]
        self.n_contents = n_contents
        self.contents = range(1, n_contents + 1)
        self.n_warmup, self.n_measured, self.size_at = n_warmup, n_measured, size_at

    def __iter__(self):
        for i in range(self.n_warmup + self.n_measured):
            event = {"receiver": random.choice(self.receivers),
                     "content": random.randint(1, self.n_contents), "log": i >= self.n_warmup}
            if i == self.size_at:
                event["size"] = 7
            yield (float(i), event)


@register_data_collector("SERVED_BY")
class ServedBy(DataCollector):
    needs_evictions = True

    def __init__(self, view):
        super().__init__(view)
        self.hits, self.sessions, self.evicted = 0, 0, 0

    def take_sessions(self, records):
        self.hits += int(records.from_cache.sum())
        self.sessions += len(records)
        self.evicted += len(records.evictions.content)

    def results(self):
        return {"MEAN": self.hits / self.sessions, "SESSIONS": self.sessions,
                "EVICTED": self.evicted}


EXPERIMENT_QUEUE = [
    Tree(
        topology={"name": "TREE", "k": 2, "h": 2},
        workload={"name": "OWN_EVENTS", "n_contents": 30, "n_warmup": 100, "n_measured": 400,
                  "size_at": SIZE_AT},
        content_placement={"name": "UNIFORM"},
        cache_placement={"name": "UNIFORM", "network_cache": 0.3},
        strategy={"name": "LCE", "note": number},
        cache_policy={"name": "LRU"},
    )
    for number in (1, 2)
]
'''


@pytest.fixture
def cli(inside):
    """The command line in this process, with a settings file that is forgotten afterwards."""
    inside.write("own.py", SETTINGS)
    yield inside
    for registry, name in ((WORKLOAD, "OWN_EVENTS"), (DATA_COLLECTOR, "SERVED_BY")):
        registry.pop(name, None)


def run(cli, *options, code=0):
    done = cli("run", "own.py", "-r", "own.pickle", *options)
    assert done.returncode == code, done.stderr
    return read_results_pickle(cli.folder / "own.pickle"), done


def trees(results):
    return [tree.dict() for _, tree in results]


def engines(results):
    return {(one["engine"], one["engine_reason"]) for one in results.metadata}


def test_both_run_compiled_and_as_before(cli):
    compiled, _ = run(cli, "-c", "ENGINE=compiled")
    assert engines(compiled) == {("compiled", "asked for")}
    for tree in trees(compiled):
        assert tree["SERVED_BY"]["MEAN"] == tree["CACHE_HIT_RATIO"]["MEAN"]
        assert tree["SERVED_BY"]["SESSIONS"] == 400
        assert tree["SERVED_BY"]["EVICTED"] > 0
    reference, _ = run(cli, "-c", "ENGINE=python", "--fresh")
    assert engines(reference) == {("python", "asked for")}
    assert trees(reference) == trees(compiled)


def test_what_is_finished_is_kept_and_can_be_replayed(cli):
    one, _ = run(cli, "-c", "ENGINE=compiled")
    more, _ = run(cli, "-c", "ENGINE=compiled", "-c", "N_REPLICATIONS=2")
    assert (len(one), len(more)) == (2, 4)
    kept = {tuple(sorted(one.items())) for one in map(flat, trees(one))}
    assert kept < {tuple(sorted(one.items())) for one in map(flat, trees(more))}
    started = [one["started"] for one in one.metadata]
    assert set(started) <= {one["started"] for one in more.metadata}
    replayed = cli("replay", "own.pickle.journal", "1")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


def flat(tree):
    return {**tree["SERVED_BY"], "HITS": tree["CACHE_HIT_RATIO"]["MEAN"]}


def test_an_event_with_a_size_is_an_error_as_before(cli):
    _, done = run(cli, "-c", "SIZE_AT=200", code=1)
    assert "unexpected keyword argument 'size'" in done.stdout + done.stderr
