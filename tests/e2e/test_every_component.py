"""Every component of the catalogue, run by ``icarus run`` from a settings module of its kind.

The catalogue is written out here. A component that is registered without an entry in it, or
without an experiment of its own below, makes these tests fail.
"""

from __future__ import annotations

import lzma
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pytest

from icarus.core.signatures import accepts_seed
from icarus.registry import CACHE_POLICY, REGISTRIES, RESOURCE
from icarus.results import read_results_pickle
from icarus.util import Tree

CATALOGUE = {
    "topologies": (
        "TREE PATH RING MESH GEANT GEANT_2 TISCALI TISCALI_2 WIDE GARR GARR_2 ROCKET_FUEL "
        "TOPOHUB GRAPH"
    ),
    "workloads": "STATIONARY GLOBETRAFF TRACE_DRIVEN YCSB",
    "content-placements": "UNIFORM WEIGHTED",
    "cache-placements": (
        "UNIFORM DEGREE BETWEENNESS_CENTRALITY CONSOLIDATED RANDOM OPTIMAL_MEDIAN "
        "OPTIMAL_HASHROUTING CLUSTERED_HASHROUTING"
    ),
    "cache-policies": (
        "NULL MIN LRU SLRU IN_CACHE_LFU PERFECT_LFU FIFO CLIMB RAND PATH TREE ARRAY SHARD "
        "CLOCK MRU SIEVE S3_FIFO QD_LP_FIFO CLOCK2Q_PLUS TWO_Q ARC S4LRU K_LRU LRU_PROB "
        "LFU LFUDA LRU_K GDSF BELADY BELADY_SIZE HYPERBOLIC LHD LECAR CACHEUS LIRS W_TINYLFU"
    ),
    "strategies": (
        "NO_CACHE PARTITION EDGE LCE LCD PROB_CACHE CL4M RAND_BERNOULLI RAND_CHOICE NRR "
        "HASHROUTING HR_SYMM HR_ASYMM HR_MULTICAST HR_HYBRID_AM HR_HYBRID_SM HR_EDGE_CACHE "
        "HR_ON_PATH HR_CLUSTER"
    ),
    "collectors": "LINK_LOAD LATENCY CACHE_HIT_RATIO CACHE_USE PATH_STRETCH TIMELINE DUMMY",
    "network-events": (
        "link_down link_up rewire node_down node_up flush resize rate popularity mark"
    ),
    "results-readers": "PICKLE",
    "results-writers": "PICKLE",
}
"""All components, by kind."""

# --------------------------------------------------------------------------------------------
# One experiment for each component, as its section of the experiment.
# --------------------------------------------------------------------------------------------

MAPS = "MAPS"
"""Stands for the folder of the original maps, which are not part of the project."""

Counts = tuple[int, int, int, int, int]

TOPOLOGIES: dict[str, list[tuple[dict[str, Any], Counts]]] = {
    "TREE": [({"k": 2, "h": 3}, (15, 14, 8, 1, 6))],
    "PATH": [({"n": 5}, (5, 4, 1, 1, 3))],
    "RING": [({"n": 6}, (13, 13, 6, 1, 6))],
    "MESH": [({"n": 5, "m": 3}, (13, 18, 5, 3, 5))],
    "GEANT": [
        ({}, (53, 74, 8, 13, 19)),
        ({"path": f"{MAPS}/Geant2012.graphml"}, (53, 74, 8, 13, 19)),
    ],
    "GEANT_2": [
        ({}, (53, 74, 8, 13, 16)),
        ({"path": f"{MAPS}/Geant2012.graphml"}, (53, 74, 8, 13, 16)),
    ],
    "TISCALI": [({"path": f"{MAPS}/3257.r0.cch"}, (240, 404, 36, 44, 36))],
    "TISCALI_2": [({"path": f"{MAPS}/3257.r0.cch"}, (240, 404, 36, 44, 34))],
    "WIDE": [
        ({}, (30, 33, 6, 11, 13)),
        ({"path": f"{MAPS}/WideJpn.graphml"}, (30, 33, 6, 11, 13)),
    ],
    "GARR": [
        ({}, (61, 75, 21, 13, 27)),
        ({"path": f"{MAPS}/Garr201201.graphml"}, (61, 75, 21, 13, 27)),
    ],
    "GARR_2": [
        ({}, (88, 102, 48, 13, 15)),
        ({"path": f"{MAPS}/Garr201201.graphml"}, (88, 102, 48, 13, 15)),
    ],
    "ROCKET_FUEL": [
        (
            {"asn": asn, "path": f"{MAPS}/rocketfuel-latency"},
            (nodes, links, routers, sources, routers),
        )
        for asn, nodes, links, routers, sources in (
            (1221, 218, 265, 104, 10),
            (1239, 661, 1318, 315, 31),
            (1755, 182, 256, 87, 8),
            (3257, 338, 505, 161, 16),
            (3967, 165, 233, 79, 7),
            (6461, 289, 523, 138, 13),
        )
    ],
    "TOPOHUB": [({"map": "topozoo/Abilene", "n_sources": 2}, (24, 27, 11, 2, 11))],
    "GRAPH": [({"path": "net.csv"}, (9, 9, 4, 1, 4))],
}
"""Parameters, and how many nodes, links, receivers, sources and candidates they give."""

CONTENT_PLACEMENTS: dict[str, dict[str, Any]] = {
    "UNIFORM": {},
    "WEIGHTED": {"source_weights": {10: 3, 11: 1}},
}

CACHE_PLACEMENTS: dict[str, tuple[dict[str, Any], Callable[[list[int]], bool]]] = {
    "UNIFORM": ({}, lambda sizes: len(sizes) == 13 and max(sizes) - min(sizes) <= 1),
    "DEGREE": ({}, lambda sizes: len(sizes) == 13 and max(sizes) > 1.5 * min(sizes)),
    "BETWEENNESS_CENTRALITY": ({}, lambda sizes: max(sizes) > 3 * min(sizes)),
    "CONSOLIDATED": ({"spread": 0.25}, lambda sizes: len(sizes) == 3),
    "RANDOM": ({"n_cache_nodes": 4}, lambda sizes: len(sizes) == 4),
    "OPTIMAL_MEDIAN": ({"n_cache_nodes": 5, "hit_ratio": 0.3}, lambda sizes: len(sizes) == 5),
    "OPTIMAL_HASHROUTING": ({"n_cache_nodes": 6, "hit_ratio": 0.3}, lambda sizes: len(sizes) == 6),
    "CLUSTERED_HASHROUTING": (
        {"n_clusters": 4, "policy": "cluster_const"},
        lambda sizes: len(sizes) == 13,
    ),
}
"""Parameters, and what must hold for the sizes of the caches on the map of WIDE."""

POLICIES: dict[str, dict[str, Any]] = {
    "NULL": {},
    "MIN": {},
    "LRU": {},
    "SLRU": {"segments": 3},
    "IN_CACHE_LFU": {},
    "PERFECT_LFU": {},
    "FIFO": {},
    "CLIMB": {},
    "RAND": {},
    "PATH": {},
    "TREE": {},
    "ARRAY": {},
    "CLOCK": {"bits": 2, "initial": 1},
    "MRU": {},
    "SIEVE": {},
    "S3_FIFO": {"small": 0.2, "ghost": 0.8, "threshold": 1, "variant": "paper"},
    "QD_LP_FIFO": {"small": 0.2, "ghost": 0.8},
    "CLOCK2Q_PLUS": {"small": 0.2, "ghost": 0.8},
    "TWO_Q": {"in": 0.3, "out": 0.6},
    "ARC": {"integer_step": True},
    "S4LRU": {"segments": 3},
    "K_LRU": {"k": 3, "names": 20},
    "LRU_PROB": {"p": 0.7},
    "LFU": {},
    "LFUDA": {},
    "LRU_K": {"k": 3, "retain": 30},
    "GDSF": {},
    "BELADY": {},
    "BELADY_SIZE": {"samples": 5},
    "HYPERBOLIC": {"samples": 5},
    "LHD": {"samples": 5, "recent": 2, "period": 1000},
    "LECAR": {},
    "CACHEUS": {},
    "LIRS": {"hot": 0.8, "nonresident": 3.0},
    "W_TINYLFU": {"window": 0.1, "sketch": "exact"},
    "SHARD": {"policy": "SLRU", "nodes": 3, "salt": 0, "policy_attr": {"segments": 2}},
}
SYSTEMS = ("PATH", "TREE", "ARRAY")
"""Policies made of cache objects, which settings cannot give."""

LOOKING_AHEAD = ("MIN", "BELADY", "BELADY_SIZE")
"""Policies that are given the trace."""

DRAWING = {name for name in POLICIES if accepts_seed(CACHE_POLICY[name])} - {"SHARD", "W_TINYLFU"}
"""Policies whose evictions are drawn; the two have a seed for other ends."""

STRATEGIES: dict[str, dict[str, Any]] = {
    "NO_CACHE": {},
    "PARTITION": {},
    "EDGE": {},
    "LCE": {},
    "LCD": {},
    "PROB_CACHE": {"t_tw": 8},
    "CL4M": {"use_ego_betw": False},
    "RAND_BERNOULLI": {"p": 0.3},
    "RAND_CHOICE": {},
    "NRR": {"metacaching": "LCD"},
    "HASHROUTING": {"routing": "MULTICAST"},
    "HR_SYMM": {},
    "HR_ASYMM": {},
    "HR_MULTICAST": {},
    "HR_HYBRID_AM": {"max_stretch": 0.3},
    "HR_HYBRID_SM": {},
    "HR_EDGE_CACHE": {"routing": "SYMM", "edge_cache_ratio": 0.5},
    "HR_ON_PATH": {"routing": "MULTICAST", "on_path_cache_ratio": 0.5},
    "HR_CLUSTER": {"intra_routing": "MULTICAST", "inter_routing": "LCE"},
}
OFF_PATH = {name for name in STRATEGIES if name.startswith("H")} | {"NRR", "PARTITION"}
"""Strategies that ask caches off the shortest path to the source."""

WORKLOADS = ("STATIONARY", "GLOBETRAFF", "TRACE_DRIVEN", *(f"YCSB {mix}" for mix in "ABCDE"))

COLLECTORS: dict[str, tuple[dict[str, Any], str, str]] = {
    "CACHE_HIT_RATIO": (
        {"off_path_hits": True, "content_hits": True},
        "MEAN PER_NODE_CACHE_HIT_RATIO PER_NODE_SERVER_HIT_RATIO",
        "MEAN_OFF_PATH MEAN_ON_PATH PER_CONTENT",
    ),
    "LATENCY": ({"cdf": True, "percentiles": True}, "MEAN", "CDF P50 P90 P99"),
    "LINK_LOAD": (
        {"req_size": 100, "content_size": 2000},
        "MEAN_INTERNAL MEAN_EXTERNAL N_INTERNAL N_EXTERNAL PER_LINK_INTERNAL PER_LINK_EXTERNAL",
        "",
    ),
    "CACHE_USE": (
        {"per_node": True},
        "LOOKUPS HITS INSERTIONS EVICTIONS TOO_LARGE SIZE_CHANGES CONTENTS MEAN_CONTENTS PER_NODE",
        "",
    ),
    "PATH_STRETCH": (
        {"cdf": True},
        "MEAN MEAN_REQUEST MEAN_CONTENT",
        "CDF CDF_REQUEST CDF_CONTENT",
    ),
    "TIMELINE": (
        {"window": {"requests": 100}, "req_size": 100, "content_size": 2000},
        "START END FIRST REQUESTS HIT_RATIO SERVED LATENCY LINK_LOAD_INTERNAL LINK_LOAD_EXTERNAL "
        "WINDOW EVENTS",
        "",
    ),
}
"""Options, the metrics there always are, and those that the options add; DUMMY has none."""

TIMELINE: list[dict[str, Any]] = [
    {"at": {"requests": 100 * i}, **event}
    for i, event in enumerate(
        [
            {"event": "mark", "text": "begin"},
            {"event": "link_down", "link": [0, 1]},
            {"event": "link_up", "link": [1, 0]},
            {"event": "node_down", "node": 2, "contents": "lost"},
            {"event": "node_up", "node": 2},
            {"event": "rewire", "link": [0, 1], "to": [0, 4]},
            {"event": "flush", "node": 3},
            {"event": "resize", "factor": 2},
            {"event": "rate", "factor": 0.5},
            {"event": "popularity", "alpha": 1.1, "shuffle": 0.5, "promote": [7]},
        ],
        start=1,
    )
]
"""On a ring of six."""

EXPERIMENTS: dict[str, Iterable[str]] = {
    "topologies": TOPOLOGIES,
    "workloads": [name.split()[0] for name in WORKLOADS],
    "content-placements": CONTENT_PLACEMENTS,
    "cache-placements": CACHE_PLACEMENTS,
    "cache-policies": POLICIES,
    "strategies": STRATEGIES,
    "collectors": [*COLLECTORS, "DUMMY"],
    "network-events": [event["event"] for event in TIMELINE],
    "results-readers": ["PICKLE"],
    "results-writers": ["PICKLE"],
}
"""What is run below, by kind."""

# --------------------------------------------------------------------------------------------
# The catalogue.
# --------------------------------------------------------------------------------------------


@pytest.fixture
def cli(inside):
    """Without starting a process for each command, which takes most of the time."""
    return inside


def test_the_catalogue_is_what_is_registered():
    built_in = {
        registry.plural: {
            name for name, entry in registry.items() if entry.__module__.startswith("icarus.")
        }
        for registry in REGISTRIES
        # Those are of scenarios and cases, and not of simulations.
        if registry is not RESOURCE
    }
    assert built_in == {kind: set(names.split()) for kind, names in CATALOGUE.items()}


@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_component_has_an_experiment(kind):
    assert set(EXPERIMENTS[kind]) == set(CATALOGUE[kind].split())


def test_icarus_list_names_every_component(cli):
    done = cli("list")
    assert (done.returncode, done.stderr) == (0, "")
    listed = {}
    for line in done.stdout.splitlines():
        kind, count, names = line.split(maxsplit=2)
        listed[kind] = set(names.split(", "))
        assert int(count) == len(listed[kind])
    for kind, names in CATALOGUE.items():
        assert set(names.split()) <= listed[kind]


# --------------------------------------------------------------------------------------------
# Running.
# --------------------------------------------------------------------------------------------

NETWORK = '''
from icarus.execution import DataCollector
from icarus.registry import register_data_collector


@register_data_collector("NETWORK")
class Network(DataCollector):
    """What the network of a simulation is made of."""

    def results(self):
        topology = self.view.topology()
        return {
            "COUNTS": [
                len(topology), topology.number_of_edges(), len(topology.receivers()),
                len(topology.sources()), len(topology.graph["icr_candidates"]),
            ],
            "RECEIVERS": list(topology.receivers()),
            "SIZES": self.view.cache_nodes(size=True),
            "CONTENTS": {
                node: len(properties.get("contents", ()))
                for node, (name, properties) in topology.stacks().items() if name == "source"
            },
        }
'''

USUAL = ("CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH")
N_WARMUP, N_MEASURED = 500, 1500


def experiment(**sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return an experiment on a ring of routers, of which sections are replaced."""
    return {
        "topology": {"name": "RING", "n": 6},
        "workload": {
            "name": "STATIONARY",
            "n_contents": 200,
            "alpha": 0.8,
            "n_warmup": N_WARMUP,
            "n_measured": N_MEASURED,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.25},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
        **sections,
    }


def run(
    cli: Any,
    queue: list[dict[str, Any]],
    collectors: Any = (*USUAL, "NETWORK"),
    definitions: str = "",
    results_format: str = "PICKLE",
) -> list[Tree]:
    """Run a queue of experiments by ``icarus run`` and return their results, in that order."""
    settings = f"{NETWORK}\n{definitions}\nRESULTS_FORMAT = {results_format!r}\n"
    settings += f"DATA_COLLECTORS = {collectors!r}\nEXPERIMENT_QUEUE = {queue!r}\n"
    (cli.folder / "settings.py").write_text(settings, encoding="utf-8")
    done = cli("run", "settings.py", "-r", "out.pickle")
    assert done.returncode == 0, done.stderr
    found = read_results_pickle(cli.folder / "out.pickle")
    assert [params.dict() for params, _ in found] == queue
    return [tree for _, tree in found]


def check(tree: Tree, name: str, caching: bool = True) -> None:
    """Check what must hold for the usual metrics of any simulation."""
    hits, latency, load, stretch = (tree[collector] for collector in USUAL)
    for path, value in tree.paths().items():
        if path[0] in USUAL:
            assert math.isfinite(value), (name, path)
            assert value >= 0, (name, path)
    caches = hits["PER_NODE_CACHE_HIT_RATIO"]
    servers = hits["PER_NODE_SERVER_HIT_RATIO"]
    assert sum(caches.values()) == pytest.approx(hits["MEAN"]), name
    assert sum(caches.values()) + sum(servers.values()) == pytest.approx(1), name
    assert caches.keys() <= tree["NETWORK"]["SIZES"].keys(), name
    assert servers.keys() <= tree["NETWORK"]["CONTENTS"].keys(), name
    assert (0 < hits["MEAN"] < 1) if caching else hits["MEAN"] == 0, name
    assert min(latency["MEAN"], stretch["MEAN"], load["MEAN_INTERNAL"]) > 0, name


# --------------------------------------------------------------------------------------------
# Each kind.
# --------------------------------------------------------------------------------------------

NET = """from,to,delay
a,b,3
b,c,4
c,d,1.5
d,a,2
"""


def run_topologies(cli: Any, cases: list[tuple[dict[str, Any], Counts]]) -> None:
    workload = {
        "name": "STATIONARY",
        "n_contents": 3000,
        "alpha": 0.8,
        "n_warmup": 3000,
        "n_measured": 5000,
    }
    queue = [
        experiment(topology=section, workload=workload, strategy={"name": "HR_SYMM"})
        for section, _ in cases
    ]
    for tree, (section, counts) in zip(run(cli, queue), cases, strict=True):
        name = str(section)
        network, hits, load = tree["NETWORK"], tree["CACHE_HIT_RATIO"], tree["LINK_LOAD"]
        check(tree, name)
        assert tuple(network["COUNTS"]) == counts, name
        assert len(network["RECEIVERS"]) == counts[2], name
        assert len(network["SIZES"]) == counts[4], name
        assert sum(network["SIZES"].values()) == 750, name
        # Hash-routing gives every cache its share, and every source serves what it has.
        assert hits["PER_NODE_SERVER_HIT_RATIO"].keys() == network["CONTENTS"].keys(), name
        assert len(network["CONTENTS"]) == counts[3], name
        assert len(hits["PER_NODE_CACHE_HIT_RATIO"]) > 0.9 * counts[4], name
        links = [*load["PER_LINK_INTERNAL"].keys(), *load["PER_LINK_EXTERNAL"].keys()]
        assert set(network["RECEIVERS"]) <= {node for link in links for node in link}, name
        if section["name"] not in ("TREE", "PATH"):
            sources = network["CONTENTS"].keys()
            external = load["PER_LINK_EXTERNAL"].keys()
            assert all(sources & set(link) for link in external), name
            assert load["MEAN_EXTERNAL"] > 0, name


def test_topologies(cli):
    cli.write("net.csv", NET)
    run_topologies(
        cli,
        [
            ({"name": name, **parameters}, counts)
            for name, cases in TOPOLOGIES.items()
            for parameters, counts in cases
            if MAPS not in str(parameters)
        ],
    )


def test_topologies_from_original_maps(cli, shared_data):
    # Those without a path find their maps in the folder that the environment names.
    cli.environment["ICARUS_DATA"] = str(shared_data)
    folder = str(shared_data / "topologies")
    cases = []
    for name, of_name in TOPOLOGIES.items():
        for parameters, counts in of_name:
            if MAPS not in parameters.get("path", ""):
                continue
            given = {"name": name, **parameters}
            if name in ("TISCALI", "TISCALI_2", "ROCKET_FUEL"):
                del given["path"]
            else:
                given["path"] = given["path"].replace(MAPS, folder)
            cases.append((given, counts))
    run_topologies(cli, cases)


def test_content_placements(cli):
    queue = [
        experiment(
            topology={"name": "MESH", "n": 5, "m": 3},
            content_placement={"name": name, **parameters},
        )
        for name, parameters in CONTENT_PLACEMENTS.items()
    ]
    uniform, weighted = run(cli, queue)
    for tree, name in zip((uniform, weighted), CONTENT_PLACEMENTS, strict=True):
        check(tree, name)
        assert sum(tree["NETWORK"]["CONTENTS"].values()) == 200
    # Within four standard deviations of what is expected.
    for count in uniform["NETWORK"]["CONTENTS"].values():
        assert abs(count - 200 / 3) < 4 * math.sqrt(200 * 2 / 9)
    contents = weighted["NETWORK"]["CONTENTS"]
    assert contents[12] == 0
    assert abs(contents[10] - 150) < 4 * math.sqrt(200 * 3 / 16)
    assert weighted["CACHE_HIT_RATIO"]["PER_NODE_SERVER_HIT_RATIO"].keys() == {10, 11}


def test_cache_placements(cli):
    net = ["from,to,delay"]
    net += [f"r{i},r{i + 1},{1 + i % 3}" for i in range(12)]
    net += [f"r{i},r{i + 4},2" for i in (0, 4, 8)]
    cli.write("net.csv", "\n".join(net) + "\n")
    queue = [
        experiment(
            topology={"name": "GRAPH", "path": "net.csv", "n_sources": 3},
            cache_placement={"name": name, "network_cache": 0.625, **parameters},
            strategy={"name": "HR_SYMM"},
        )
        for name, (parameters, _) in CACHE_PLACEMENTS.items()
    ]
    trees = run(cli, queue)
    for tree, (name, (_, holds)) in zip(trees, CACHE_PLACEMENTS.items(), strict=True):
        check(tree, name)
        sizes = tree["NETWORK"]["SIZES"]
        assert sum(sizes.values()) == 125, name
        assert holds(list(sizes.values())), (name, sizes)
        assert tree["CACHE_HIT_RATIO"]["PER_NODE_CACHE_HIT_RATIO"].keys() == sizes.keys(), name


OWN_SYSTEMS = """
from icarus.models.cache import LruCache
from icarus.registry import CACHE_POLICY, register_cache_policy


@register_cache_policy("OWN_PATH")
def own_path(maxlen, **kwargs):
    return CACHE_POLICY["PATH"]([LruCache(maxlen // 4), LruCache(maxlen - maxlen // 4)])


@register_cache_policy("OWN_TREE")
def own_tree(maxlen, **kwargs):
    leaves = [LruCache(maxlen // 4) for _ in range(2)]
    return CACHE_POLICY["TREE"](leaves, LruCache(maxlen - 2 * (maxlen // 4)), seed=3)


@register_cache_policy("OWN_ARRAY")
def own_array(maxlen, **kwargs):
    halves = [LruCache(maxlen // 2), LruCache(maxlen - maxlen // 2)]
    return CACHE_POLICY["ARRAY"](halves, weights=[0.75, 0.25], seed=3)
"""


def policy_section(name: str, trace: list[str]) -> dict[str, Any]:
    if name in SYSTEMS:
        return {"name": f"OWN_{name}"}
    return {"name": name, **POLICIES[name], **({"trace": trace} if name in LOOKING_AHEAD else {})}


def replayed(cache: Any, trace: list[str]) -> float:
    """Return the hit ratio of one cache, filled on each miss, after the warm-up."""
    hits = 0
    for place, k in enumerate(trace):
        hit = cache.get(k)
        if not hit:
            cache.put(k)
        hits += hit and place >= N_WARMUP
    return hits / N_MEASURED


def naive_line(size: int, trace: list[str], refresh: bool) -> float:
    """Return the hit ratio of LRU, or without `refresh` of FIFO, told as plainly as can be."""
    line: list[str] = []
    hits = 0
    for place, k in enumerate(trace):
        if k in line:
            hits += place >= N_WARMUP
            if refresh:
                line.remove(k)
                line.append(k)
            continue
        line.append(k)
        del line[:-size]
    return hits / N_MEASURED


def test_cache_policies(cli):
    # One cache, so that the whole trace is what it sees: 20 of 100 contents, named by strings.
    rng = np.random.default_rng(7)
    share = np.arange(1, 101) ** -0.8
    drawn = rng.choice(100, size=N_WARMUP + N_MEASURED, p=share / share.sum())
    trace = [f"c{rank}" for rank in (*range(100), *drawn[100:])]
    cli.write("trace.txt", "\n".join(trace) + "\n")
    queue = [
        experiment(
            topology={"name": "PATH", "n": 3},
            workload={"name": "TRACE_DRIVEN", "reqs_file": "trace.txt", "n_warmup": N_WARMUP},
            cache_placement={"name": "UNIFORM", "network_cache": 0.2},
            cache_policy=policy_section(name, trace),
        )
        for name in POLICIES
    ]
    # To compile all of them takes a minute; tests/kernels compares each with its compiled form.
    definitions = f'ENGINE = "python"\n{OWN_SYSTEMS}'
    collectors = {
        **{name: {} for name in USUAL},
        "CACHE_HIT_RATIO": {"content_hits": True},
        "NETWORK": {},
    }
    trees = dict(zip(POLICIES, run(cli, queue, collectors, definitions), strict=True))
    ratios = {}
    for name, tree in trees.items():
        check(tree, name, caching=name != "NULL")
        ratios[name] = tree["CACHE_HIT_RATIO"]["MEAN"]
        if name != "NULL":
            # Systems of caches tell what Icarus 0.8 tells as their size; see `capacity`.
            size = {"PATH": 2, "TREE": 0, "ARRAY": 0}.get(name, 20)
            assert tree["NETWORK"]["SIZES"].dict() == {1: size}, name
            assert 0.1 < ratios[name] <= ratios["MIN"], name
    for name in POLICIES.keys() - {*SYSTEMS, *DRAWING}:
        parameters = policy_section(name, trace)
        cache = CACHE_POLICY[parameters.pop("name")](20, **parameters)
        assert ratios[name] == pytest.approx(replayed(cache, trace), abs=1e-12), name
    assert ratios["LRU"] == pytest.approx(naive_line(20, trace, True), abs=1e-12)
    assert ratios["FIFO"] == pytest.approx(naive_line(20, trace, False), abs=1e-12)
    # A path fills all its caches, so that it hits what the larger one alone would.
    assert ratios["PATH"] == pytest.approx(naive_line(15, trace, True), abs=0.02)
    # By chance two may have as many hits, but not of the same contents.
    hits = {name: tree["CACHE_HIT_RATIO"]["PER_CONTENT"].dict() for name, tree in trees.items()}
    assert len({str(sorted(one.items())) for one in hits.values()}) == len(hits), ratios


def test_systems_of_cache_objects_are_refused_in_settings(cli):
    queue = [experiment(cache_policy={"name": name}) for name in SYSTEMS]
    cli.write("settings.py", f"EXPERIMENT_QUEUE = {queue!r}\n")
    done = cli("run", "settings.py")
    assert done.returncode == 2
    assert done.stderr.count("only scripts can use it; in settings use SHARD") == len(SYSTEMS)


def strategy_experiment(name: str, **others: Any) -> dict[str, Any]:
    placements = {
        "PARTITION": {"name": "OPTIMAL_MEDIAN", "n_cache_nodes": 3, "hit_ratio": 0.95},
        "HR_CLUSTER": {
            "name": "CLUSTERED_HASHROUTING",
            "n_clusters": 3,
            "policy": "cluster_const",
        },
    }
    placement = placements.get(name, {"name": "UNIFORM"})
    return experiment(
        topology={"name": "TOPOHUB", "map": "topozoo/Abilene", "n_sources": 2},
        cache_placement={**placement, "network_cache": 0.3},
        strategy={"name": name, **STRATEGIES[name], **others},
    )


def test_strategies(cli):
    queue = [strategy_experiment(name) for name in STRATEGIES]
    collectors = {name: {} for name in (*USUAL, "NETWORK")}
    collectors["CACHE_HIT_RATIO"] = {"off_path_hits": True}
    trees = dict(zip(STRATEGIES, run(cli, queue, collectors), strict=True))
    for name, tree in trees.items():
        check(tree, name, caching=name != "NO_CACHE")
        hits, stretch = tree["CACHE_HIT_RATIO"], tree["PATH_STRETCH"]
        assert (hits["MEAN_OFF_PATH"] > 0) == (name in OFF_PATH), name
        if name not in OFF_PATH:
            # Contents come back the way their requests went, which hits make shorter.
            assert stretch["MEAN_CONTENT"] == stretch["MEAN_REQUEST"] <= 1, name
        # A part of each cache is local in these two, and no longer coordinated.
        total = sum(tree["NETWORK"]["SIZES"].values())
        assert total < 60 if name in ("HR_EDGE_CACHE", "HR_ON_PATH") else total == 60, name
    assert trees["NO_CACHE"]["PATH_STRETCH"]["MEAN"] == 1
    assert trees["NO_CACHE"]["LATENCY"]["MEAN"] == max(
        trees[name]["LATENCY"]["MEAN"] for name in STRATEGIES.keys() - OFF_PATH
    )
    # A strategy and its alias are the same; all others differ in what they do.
    assert trees["HASHROUTING"] == trees["HR_MULTICAST"]
    loads = {tuple(tree["LINK_LOAD"].paths().items()) for tree in trees.values()}
    assert len(loads) == len(trees) - 1
    assert trees["NRR"]["PATH_STRETCH"]["MEAN_REQUEST"] <= 1
    # Each receiver of PARTITION has one of three caches.
    assert len(trees["PARTITION"]["NETWORK"]["SIZES"]) == 3
    # Of hash-routing, SYMM goes the whole way to the cache and back, ASYMM only there.
    symmetric, asymmetric = trees["HR_SYMM"]["PATH_STRETCH"], trees["HR_ASYMM"]["PATH_STRETCH"]
    assert symmetric["MEAN_CONTENT"] == symmetric["MEAN_REQUEST"] > 1
    assert asymmetric["MEAN_CONTENT"] < asymmetric["MEAN_REQUEST"]


def workload_section(name: str) -> dict[str, Any]:
    plan = {"n_warmup": N_WARMUP, "n_measured": N_MEASURED}
    name, _, mix = name.partition(" ")
    return {
        "name": name,
        **plan,
        **{
            "STATIONARY": {"n_contents": 200, "alpha": 0.9, "beta": 0.5, "rate": 20.0},
            "GLOBETRAFF": {"reqs_file": "requests.dat", "contents_file": "contents.dat"},
            "TRACE_DRIVEN": {"reqs_file": "trace.csv.xz", "contents_file": "ids.txt"},
            "YCSB": {"workload": mix, "n_contents": 200},
        }[name],
    }


def write_traces(cli: Any) -> None:
    rng = np.random.default_rng(5)
    share = np.arange(1, 201) ** -0.9
    ids = rng.choice(200, size=N_WARMUP + N_MEASURED, p=share / share.sum())
    times = np.cumsum(rng.exponential(0.5, size=len(ids)))
    sizes = 1000 + 100 * np.arange(200)
    rows = [(f"{t:.3f}", int(k), int(sizes[k])) for t, k in zip(times, ids, strict=True)]
    catalogue = [f"{k}\t{share[k]:.6f}\t{sizes[k]}\t{k % 5}" for k in range(200)]
    cli.write("contents.dat", "\n".join(catalogue) + "\n")
    cli.write("requests.dat", "".join(f"{t}\t{k}\t{size}\n" for t, k, size in rows))
    cli.write("ids.txt", "".join(f"video/{k}\n" for k in range(200)))
    table = "time,id,size\n" + "".join(f"{t},video/{k},{size}\n" for t, k, size in rows)
    (cli.folder / "trace.csv.xz").write_bytes(lzma.compress(table.encode()))


def test_workloads(cli):
    write_traces(cli)
    queue = [experiment(workload=workload_section(name)) for name in WORKLOADS]
    collectors = {name: {} for name in (*USUAL, "NETWORK")}
    collectors["CACHE_HIT_RATIO"] = {"content_hits": True}
    trees = dict(zip(WORKLOADS, run(cli, queue, collectors), strict=True))
    requests = read_results_pickle(cli.folder / "out.pickle").metadata
    for (name, tree), facts in zip(trees.items(), requests, strict=True):
        check(tree, name)
        hits = tree["CACHE_HIT_RATIO"]
        inserted = sum(tree["NETWORK"]["CONTENTS"].values()) - 200
        assert (inserted > 0) == (name in ("YCSB D", "YCSB E")), name
        assert sum(tree["NETWORK"]["SIZES"].values()) == 50, name
        if name == "YCSB E":
            assert facts["n_requests"] > 20 * (N_WARMUP + N_MEASURED)  # scans of 50 on average
        else:
            assert facts["n_requests"] == N_WARMUP + N_MEASURED, name
        sized = name in ("GLOBETRAFF", "TRACE_DRIVEN")
        assert ("BYTE_HIT_RATIO" in hits) == sized, name
        if sized:
            assert 0 < hits["BYTE_HIT_RATIO"] < hits["MEAN"], name  # popular contents are small
        assert len(hits["PER_CONTENT"]) > 100, name
        texts = {isinstance(content, str) for (content,) in hits["PER_CONTENT"].paths()}
        assert texts == {name == "TRACE_DRIVEN"}, name
    # The same requests but for their names and receivers.
    one, other = (
        tree["CACHE_HIT_RATIO"]["PER_CONTENT"]
        for tree in (trees["GLOBETRAFF"], trees["TRACE_DRIVEN"])
    )
    assert {f"video/{k}" for (k,) in one.paths()} == {k for (k,) in other.paths()}
    # Writes invalidate copies.
    ratio = {mix: trees[f"YCSB {mix}"]["CACHE_HIT_RATIO"]["MEAN"] for mix in "ABC"}
    assert ratio["A"] < ratio["B"] < ratio["C"]


@pytest.mark.parametrize("configured", [False, True], ids=["defaults", "options"])
def test_collectors(cli, configured):
    collectors: dict[str, dict[str, Any]] = {"DUMMY": {}}
    for name, (options, _, _) in COLLECTORS.items():
        collectors[name] = options if configured else {}
    (tree,) = run(cli, [experiment()], collectors if configured else list(collectors))
    assert tree.keys() == COLLECTORS.keys()  # DUMMY gives no results
    for name, (_, always, further) in COLLECTORS.items():
        metrics = set(always.split()) | (set(further.split()) if configured else set())
        assert tree[name].keys() == metrics, name
    if not configured:
        return
    hits, latency, stretch = (tree[name] for name in ("CACHE_HIT_RATIO", "LATENCY", "PATH_STRETCH"))
    assert hits["MEAN_OFF_PATH"] + hits["MEAN_ON_PATH"] == pytest.approx(hits["MEAN"])
    assert all(0 <= ratio <= 1 for ratio in hits["PER_CONTENT"].values())
    for tree_, metric in ((latency, "CDF"), (stretch, "CDF"), (stretch, "CDF_REQUEST")):
        x, p = tree_[metric]
        assert p[-1] == 1
        assert (np.diff(x) > 0).all()
        assert (np.diff(p) > 0).all()
        mean = tree_[metric.replace("CDF", "MEAN")]
        assert np.dot(x, np.diff(p, prepend=0)) == pytest.approx(mean)
    assert latency["P50"] <= latency["P90"] <= latency["P99"]


@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_network_events(cli, engine):
    changing = experiment(topology={"name": "RING", "n": 6}, timeline=TIMELINE, engine=engine)
    (tree,) = run(cli, [changing], {"TIMELINE": {"window": {"requests": 100}}})
    told = tree["TIMELINE"]["EVENTS"]
    assert [requests for _, requests, _ in told] == [100 * i for i in range(1, 11)]
    assert [text.split()[0] for _, _, text in told[1:]] == [one["event"] for one in TIMELINE[1:]]


def test_sizes_given_to_link_load_scale_it(cli):
    loads = []
    for scale in (1, 3):
        options = {"req_size": 100 * scale, "content_size": 2000 * scale}
        (tree,) = run(cli, [experiment()], {"LINK_LOAD": options})
        loads.append(tree["LINK_LOAD"]["MEAN_INTERNAL"])
        (cli.folder / "out.pickle").unlink()
    assert loads[1] == pytest.approx(3 * loads[0])


def test_a_campaign_may_measure_nothing(cli):
    (tree,) = run(cli, [experiment()], ["DUMMY"])
    assert tree.empty


def test_results_formats(cli):
    for name in CATALOGUE["results-writers"].split():
        (tree,) = run(cli, [experiment()], results_format=name)
        check(tree, name)
