"""Components of a user's own, written as for Icarus 0.8, run unchanged by ``icarus run``."""

from __future__ import annotations

import json
import shutil

import pytest

from icarus.results import read_results_pickle

COMPONENTS = '''
"""A strategy, a policy, a topology, placements, a workload, a collector and a writer."""
import json
import random

import fnss

from icarus.execution import DataCollector
from icarus.models import Strategy
from icarus.registry import (
    register_cache_placement, register_cache_policy, register_content_placement,
    register_data_collector, register_results_writer, register_strategy,
    register_topology_factory, register_workload,
)
from icarus.scenarios import IcnTopology
from icarus.tools import TruncatedZipfDist
from icarus.util import inheritdoc, iround, path_links

__all__ = ["FirstCache", "star"]


@register_strategy("FIRST_CACHE")
class FirstCache(Strategy):
    """Ask every cache on the way, fill the one next to the receiver"""

    @inheritdoc(Strategy)
    def __init__(self, view, controller, p=1.0, **kwargs):
        super(FirstCache, self).__init__(view, controller)
        self.p = p

    @inheritdoc(Strategy)
    def process_event(self, time, receiver, content, log):
        source = self.view.content_source(content)
        path = self.view.shortest_path(receiver, source)
        self.controller.start_session(time, receiver, content, log)
        for u, v in path_links(path):
            self.controller.forward_request_hop(u, v)
            if self.view.has_cache(v):
                if self.controller.get_content(v):
                    serving_node = v
                    break
        else:
            self.controller.get_content(v)
            serving_node = v
        path = list(reversed(self.view.shortest_path(receiver, serving_node)))
        self.controller.forward_content_path(serving_node, receiver, path)
        caches = [v for v in path[1:] if self.view.has_cache(v)]
        if caches and random.random() < self.p:
            self.controller.put_content(caches[-1])
        self.controller.end_session()


@register_cache_policy("KEEP_FIRST")
class KeepFirst(object):
    """Keep what came first for ever"""

    def __init__(self, maxlen, *args, **kwargs):
        self.maxlen = maxlen
        self.items = []

    def get(self, k, *args, **kwargs):
        return k in self.items

    def put(self, k, *args, **kwargs):
        if k not in self.items and len(self.items) < self.maxlen:
            self.items.append(k)

    def has(self, k, *args, **kwargs):
        return k in self.items


@register_topology_factory("STAR")
def star(n, delay=3, **kwargs):
    """Routers around a source that is node 0"""
    topology = IcnTopology(fnss.star_topology(n))
    topology.graph["icr_candidates"] = set(range(1, n + 1))
    fnss.add_stack(topology, 0, "source")
    for v in range(1, n + 1):
        fnss.add_stack(topology, v, "router")
        topology.add_edge(v, "rec_%d" % v)
        fnss.add_stack(topology, "rec_%d" % v, "receiver")
    fnss.set_weights_constant(topology, 1.0)
    fnss.set_delays_constant(topology, delay, "ms")
    for u, v in topology.edges():
        topology.adj[u][v]["type"] = "internal"
    return topology


@register_cache_placement("FIRST_HALF")
def first_half(topology, cache_budget, **kwargs):
    candidates = sorted(topology.graph["icr_candidates"])
    for v in candidates[: len(candidates) // 2]:
        size = iround(cache_budget / (len(candidates) // 2))
        topology.node[v]["stack"][1]["cache_size"] = size


@register_content_placement("ALL_AT_ONE")
def all_at_one(topology, contents, seed=None):
    (source,) = topology.sources()
    topology.node[source]["stack"][1]["contents"] = set(contents)


@register_workload("TICKS")
class Ticks(object):
    """A request each second"""

    def __init__(self, topology, n_contents, n_warmup, n_measured, seed=None, **kwargs):
        self.receivers = [v for v in topology.nodes()
                          if topology.node[v]["stack"][0] == "receiver"]
        self.n_contents = n_contents
        self.contents = range(1, n_contents + 1)
        self.n_warmup, self.n_measured = n_warmup, n_measured
        self.zipf = TruncatedZipfDist(1.0, n_contents, seed=seed)
        random.seed(seed)

    def __iter__(self):
        for i in range(self.n_warmup + self.n_measured):
            event = {"receiver": random.choice(self.receivers), "content": int(self.zipf.rv()),
                     "log": i >= self.n_warmup}
            yield (float(i), event)
        return


@register_data_collector("EVENTS")
class Events(DataCollector):
    """Count what happens"""

    def __init__(self, view, **params):
        self.view = view
        self.counts = {"sessions": 0, "hits": 0, "misses": 0, "origin": 0, "hops": 0, "ends": 0}

    def start_session(self, timestamp, receiver, content):
        self.counts["sessions"] += 1
        self.source = self.view.content_source(content)

    def cache_hit(self, node):
        self.counts["hits"] += 1

    def cache_miss(self, node):
        self.counts["misses"] += 1

    def server_hit(self, node):
        assert node == self.source == 0
        self.counts["origin"] += 1

    def request_hop(self, u, v, main_path=True):
        self.counts["hops"] += 1

    def content_hop(self, u, v, main_path=True):
        self.counts["hops"] += 1

    def end_session(self, success=True):
        self.counts["ends"] += success

    def results(self):
        return self.counts


@register_results_writer("LINES")
def write_lines(resultset, path):
    """One line of JSON for each experiment"""
    with open(path, "w") as f:
        for params, results in resultset:
            line = {"p": params["strategy"]["p"], "events": results.getval(["EVENTS"]),
                    "hit_ratio": results["CACHE_HIT_RATIO"]["MEAN"]}
            f.write(json.dumps(line) + "\\n")
'''

SETTINGS = """
from multiprocessing import cpu_count
from collections import deque
import copy
from icarus.util import Tree
import components

LOG_LEVEL = 'INFO'
PARALLEL_EXECUTION = True
N_PROCESSES = min(2, cpu_count())
CACHING_GRANULARITY = 'OBJECT'
RESULTS_FORMAT = 'LINES'
N_REPLICATIONS = 2
DATA_COLLECTORS = ['EVENTS', 'CACHE_HIT_RATIO', 'LATENCY', 'LINK_LOAD', 'PATH_STRETCH']
P = [0.0, 1.0]

EXPERIMENT_QUEUE = deque()
default = Tree()
default['topology'] = {'name': 'STAR', 'n': 6}
default['workload'] = {'name': 'TICKS', 'n_contents': 40, 'n_warmup': 200, 'n_measured': 300}
default['cache_placement']['name'] = 'FIRST_HALF'
default['cache_placement']['network_cache'] = 0.3
default['content_placement']['name'] = 'ALL_AT_ONE'
default['cache_policy']['name'] = 'KEEP_FIRST'
default['strategy']['name'] = 'FIRST_CACHE'
for p in P:
    experiment = copy.deepcopy(default)
    experiment['strategy']['p'] = p
    EXPERIMENT_QUEUE.append(experiment)
"""


@pytest.fixture
def extension(cli):
    cli.write("components.py", COMPONENTS)
    return cli.write("config.py", SETTINGS)


def test_all_kinds_of_components_in_one_campaign(cli, extension):
    done = cli("run", "--results", "out.jsonl", "config.py")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (cli.folder / "out.jsonl").read_text().splitlines()]
    assert sorted(line["p"] for line in lines) == [0, 0, 1, 1]
    for line in lines:
        events = line["events"]
        assert events["sessions"] == events["ends"] == 300
        assert events["hits"] + events["origin"] == 300
        assert line["hit_ratio"] == pytest.approx(events["hits"] / 300)
        # Two hops each way, one if the only cache on the way has it.
        assert events["hops"] == 4 * events["origin"] + 2 * events["hits"]
    empty, filled = ([line for line in lines if line["p"] == p] for p in (0, 1))
    assert [line["hit_ratio"] for line in empty] == [0, 0]
    assert all(0.05 < line["hit_ratio"] < 0.9 for line in filled)


def test_results_are_the_same_on_any_number_of_processes(cli, extension):
    for parallel in (True, False):
        options = ("-r", f"{parallel}.jsonl", "-c", f"PARALLEL_EXECUTION={parallel}")
        assert cli("run", "config.py", *options).returncode == 0
    both = [(cli.folder / f"{parallel}.jsonl").read_text() for parallel in (True, False)]
    assert both[0] == both[1]


def test_listed_and_validated_like_built_in_ones(cli, extension):
    done = cli("validate", "config.py")
    assert done.returncode == 0
    assert "strategy.p" in done.stdout
    cli.write(
        "wrong.py", SETTINGS.replace("'n': 6", "'m': 6").replace("'KEEP_FIRST'", "'KEEP_FRIST'")
    )
    done = cli("validate", "wrong.py")
    assert done.returncode == 2
    assert "STAR needs it" in done.stderr
    assert "did you mean 'KEEP_FIRST'?" in done.stderr


def test_the_example_of_an_extension_by_classes(cli, project):
    shutil.copy(project / "config" / "extension_classes.py", cli.folder / "extension.py")
    small = (
        *("-c", "N_REPLICATIONS=1", "-c", "N_WARMUP_REQUESTS=500", "-c"),
        *("N_MEASURED_REQUESTS=2000", "-c", "NETWORK_CACHE=[0.2]"),
    )
    done = cli("run", "extension.py", "-r", "extension.pickle", *small)
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(cli.folder / "extension.pickle")
    assert len(results) == 6
    for _, tree in results:
        distance = tree["SERVING_DISTANCE"]
        assert 1 < distance["MEAN"] <= 5
        assert sum(distance["SHARE"].values()) == pytest.approx(1)
    ratios = {
        (p["strategy"]["name"], p["cache_policy"]["name"]): tree["CACHE_HIT_RATIO"]["MEAN"]
        for p, tree in results
    }
    # Where popularity does not change, evicting what was used last is the worst that one can do.
    assert all(ratios[name, "LRU"] > ratios[name, "MRU"] for name in ("LCE", "LCD", "MIDWAY"))


def test_the_example_of_an_extension(cli, project):
    shutil.copy(project / "config" / "extension.py", cli.folder / "extension.py")
    small = (
        *("-c", "N_REPLICATIONS=1", "-c", "N_WARMUP_REQUESTS=20000", "-c", "ENGINE=python"),
        *("-c", "N_MEASURED_REQUESTS=20000", "-c", "NETWORK_CACHE=[0.5]", "-c"),
        *("STRATEGIES=[{'name': 'LCE'}]", "-c", "N_CONTENTS=1000", "-c"),
        "DATA_COLLECTORS={'CACHE_HIT_RATIO': {}, 'HIT_RATIO_OVER_TIME': {'seconds': 20.0}}",
    )
    done = cli("run", "extension.py", "-r", "extension.pickle", *small)
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(cli.folder / "extension.pickle")
    for _, tree in results:
        over_time = tree["HIT_RATIO_OVER_TIME"]["MEAN_FROM"]
        assert len(over_time) > 5
        assert min(over_time.values()) < tree["CACHE_HIT_RATIO"]["MEAN"] < max(over_time.values())
    ratios = {p["cache_policy"]["name"]: tree["CACHE_HIT_RATIO"]["MEAN"] for p, tree in results}
    # Where popularity does not change, SIEVE keeps what is popular.
    assert ratios["MY_SIEVE"] > 1.1 * ratios["LRU"]
