"""Compiled strategies do what the reference does, event by event and look-up by look-up.

The kernels run compiled here. The last test runs this file once more without the compiler, so
that they are also tried as the plain Python that they are written in.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import fnss
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import icarus.kernels.strategies  # noqa: F401 - registers the kernels
from icarus.compiler.jit import DISABLED, kernel
from icarus.core.signatures import parameters
from icarus.errors import NoKernelError
from icarus.execution import DataCollector, NetworkController, NetworkModel, NetworkView
from icarus.execution.compiled import network_tables as tables
from icarus.kernels import sessions as steps
from icarus.kernels.dispatch import cache_get, cache_has, cache_put, cache_remove, define, process
from icarus.strategies.definition import Contents, policy_kernel, strategy_kernel
from icarus.verbs.network import AGAIN
from icarus.verbs.sessions import NOT_MEASURED, start_session
from icarus.models.cache import LruCache
from icarus.registry import STRATEGY

NODES = [0, "", "a", (1, 2), 5, -1, "z", 2.5, 7, "q", 11, "w", "b", 3]
CONTENTS = {"text": [0, "", "c", 3, ("d", 1)], "range": range(2, 17, 3)}
GET, PUT = 0, 1
ROUTINGS = ["SYMM", "ASYMM", "MULTICAST"]


class Kind(NamedTuple):
    """What a strategy needs of the network."""

    caches_everywhere: bool = False
    clusters: bool = False


def _cases() -> list[Any]:
    def product(name: str, **options: list[Any]) -> list[tuple[str, dict[str, Any]]]:
        chosen = itertools.product(*options.values())
        return [(name, dict(zip(options, values, strict=True))) for values in chosen]

    ratios = [0, 0.5, 1]
    cases = [
        *itertools.chain.from_iterable(
            product(name)
            for name in (
                *("NO_CACHE", "LCE", "LCD", "RAND_CHOICE", "EDGE", "PARTITION"),
                *("HR_SYMM", "HR_ASYMM", "HR_MULTICAST", "HR_HYBRID_SM"),
            )
        ),
        *product("PROB_CACHE", t_tw=[10, 1, 0.3]),
        *product("CL4M", use_ego_betw=[False, True]),
        *product("RAND_BERNOULLI", p=[0, 0.4, 1]),
        *product("NRR", metacaching=["LCE", "LCD"]),
        *product("HASHROUTING", routing=ROUTINGS),
        *product("HR_SYMM", salt=[0, 7]),
        *product("HR_ASYMM", assignment=["round_robin"]),
        *product("HR_HYBRID_AM", max_stretch=[0, 0.2, 0.5, 2]),
        *product("HR_EDGE_CACHE", routing=ROUTINGS, edge_cache_ratio=ratios),
        *product("HR_ON_PATH", routing=ROUTINGS, on_path_cache_ratio=ratios),
        *product("HR_CLUSTER", intra_routing=ROUTINGS, inter_routing=["LCE", "EDGE"]),
    ]
    kinds = {"HR_EDGE_CACHE": Kind(caches_everywhere=True), "HR_CLUSTER": Kind(clusters=True)}
    return [
        pytest.param(
            STRATEGY[name],
            given,
            kinds.get(name, Kind()),
            id="-".join([name, *map(str, given.values())]),
        )
        for name, given in cases
    ]


CASES = _cases()


class Request(NamedTuple):
    """One request, by position in the lists of receivers and contents."""

    receiver: int
    content: int
    measured: bool


class Case(NamedTuple):
    """A network and what is requested."""

    topology: fnss.Topology
    receivers: list[Any]
    contents: Any
    requests: list[Request]


@st.composite
def cases(draw, kind: Kind) -> Case:
    """Random trees of routers with further links, and receivers and sources attached.

    Receivers and sources may have several links, so that others' paths lead through them and
    that their own links are not always the shortest way.
    """
    names = iter(draw(st.permutations(NODES)))
    topology = fnss.Topology()

    def link(u, v):
        topology.add_edge(u, v, weight=draw(st.sampled_from([0, 0.5, 1, 1, 1, 2, 5])))
        topology.edges[u, v]["delay"] = draw(st.integers(0, 4))

    routers = [next(names) for _ in range(draw(st.integers(5 if kind.clusters else 1, 8)))]
    ends = {
        stack: [next(names) for _ in range(draw(st.integers(1, most)))]
        for stack, most in (("receiver", 3), ("source", 2))
    }
    topology.add_nodes_from(draw(st.permutations([*routers, *itertools.chain(*ends.values())])))
    for i, router in enumerate(routers[1:], start=1):
        link(router, routers[draw(st.integers(0, i - 1))])
    for u, v in itertools.combinations(routers, 2):
        if not topology.has_edge(u, v) and draw(st.integers(0, 3)) == 0:
            link(u, v)
    for stack, nodes in ends.items():
        for node in nodes:
            for router in draw(st.sets(st.sampled_from(routers), min_size=1, max_size=2)):
                link(node, router)
            topology.nodes[node]["stack"] = (stack, {})
    contents = CONTENTS[draw(st.sampled_from(sorted(CONTENTS)))]
    enter_contents(draw, topology, ends["source"], contents)
    caches = set(routers)
    if not kind.caches_everywhere:
        caches = draw(st.sets(st.sampled_from(routers), min_size=1))
    for node in routers:
        properties = {"cache_size": draw(st.integers(1, 3))} if node in caches else {}
        fnss.add_stack(topology, node, "router", properties)
    receivers = ends["receiver"]
    assigned = st.sampled_from(routers)
    topology.graph["cache_assignment"] = {node: draw(assigned) for node in receivers}
    if kind.clusters:
        label_clusters(draw, topology, routers)
    request = st.builds(
        Request,
        st.integers(0, len(receivers) - 1),
        st.integers(0, len(contents) - 1),
        st.sampled_from([True, True, True, False]),
    )
    return Case(topology, receivers, contents, draw(st.lists(request, min_size=1, max_size=25)))


def enter_contents(draw, topology, sources, contents):
    held: dict[Any, set[Any]] = {source: set() for source in sources}
    for content in contents:
        held[draw(st.sampled_from(sources))].add(content)
    for node, own in held.items():
        fnss.add_stack(topology, node, "source", {"contents": own})


def label_clusters(draw, topology, routers):
    """Divide the routers into clusters, to which receivers may belong as well."""
    number = draw(st.sampled_from([1, 2, 4, 5]))
    clusters: list[list[Any]] = [[] for _ in range(number)]
    for i, node in enumerate(draw(st.permutations(routers))):
        topology.nodes[node]["cluster"] = i if i < number else draw(st.integers(0, number - 1))
        clusters[topology.nodes[node]["cluster"]].append(node)
    for node in topology:
        if "cluster" not in topology.nodes[node]:
            neighbour = draw(st.sampled_from(list(topology.adj[node])))
            topology.nodes[node]["cluster"] = topology.nodes[neighbour]["cluster"]
            is_source = topology.nodes[node]["stack"][0] == "source"
            if not is_source and draw(st.integers(0, 4)) == 0:
                clusters[topology.nodes[node]["cluster"]].append(node)
    topology.graph["clusters"] = clusters


class Witness(DataCollector):
    """Writes the events of one session into a list, but for misses, which kernels do not tell."""

    def __init__(self) -> None:
        super().__init__(None)
        self.events: list[tuple[Any, ...]] = []

    def cache_hit(self, node):
        self.events.append(("cache", node))

    def server_hit(self, node):
        self.events.append(("source", node))

    def request_hop(self, u, v, main_path=True):
        self.events.append(("request", u, v, main_path))

    def content_hop(self, u, v, main_path=True):
        self.events.append(("content", u, v, main_path))


class WatchedController(NetworkController):
    """Keeps which caches are asked and stored at, in order."""

    def __init__(self, model: NetworkModel) -> None:
        super().__init__(model)
        self.journal: list[tuple[int, str, Any]] = []

    def _note(self, operation, table, node):
        if node in getattr(self.model, table):
            self.journal.append((operation, table, node))

    def get_content(self, node):
        self._note(GET, "cache", node)
        return super().get_content(node)

    def put_content(self, node):
        self._note(PUT, "cache", node)
        return super().put_content(node)

    def get_content_local_cache(self, node):
        self._note(GET, "local_cache", node)
        return super().get_content_local_cache(node)

    def put_content_local_cache(self, node):
        self._note(PUT, "local_cache", node)
        return super().put_content_local_cache(node)


class Reference:
    """A strategy on a network."""

    def __init__(self, strategy, given, case: Case) -> None:
        self.model = NetworkModel(case.topology, {"name": "LRU"})
        self.view = NetworkView(self.model)
        self.controller = WatchedController(self.model)
        self.witness = Witness()
        self.controller.attach_collector(self.witness)
        if "seed" in parameters(strategy):
            given = {**given, "seed": 1}
        self.strategy = strategy(self.view, self.controller, **given)

    def request(self, receiver, content, measured):
        """Serve one request; return its events, and the look-ups and copies."""
        self.witness.events, self.controller.journal = [], []
        self.strategy.process_event(0.0, receiver, content, measured)
        return self.witness.events, self.controller.journal

    def dumps(self):
        caches = [*self.model.cache.values(), *self.model.local_cache.values()]
        return [cache.dump() for cache in caches]


class JournalCaches(NamedTuple):
    """Caches that keep a record of what is done to them."""

    caches: Any
    journal: np.ndarray
    """int64, (n, 2): get or put, and the cache."""
    used: np.ndarray


@kernel
def note(caches, operation, cache):
    caches.journal[caches.used[0], 0] = operation
    caches.journal[caches.used[0], 1] = cache
    caches.used[0] += 1


def journal_get(caches, cache, content):
    note(caches, GET, cache)
    return cache_get(caches.caches, cache, content)


def journal_put(caches, cache, content):
    note(caches, PUT, cache)
    return cache_put(caches.caches, cache, content)


def journal_has(caches, cache, content):
    return cache_has(caches.caches, cache, content)


def journal_remove(caches, cache, content):
    return cache_remove(caches.caches, cache, content)


define(JournalCaches, get=journal_get, put=journal_put, has=journal_has, remove=journal_remove)


@kernel
def serve_request(strategy, net, caches, sessions, receiver, content, measured):
    source = net.source_of[content]
    walk = NOT_MEASURED
    if measured:
        walk = start_session(sessions, receiver, source)
    return process(strategy, net, caches, sessions, walk, receiver, source, content)


class ScarcePaths(tables.PathTables):
    """Paths that have no room and no trees before somebody asks."""

    def __init__(self, shortest_path, numbering) -> None:
        super().__init__(shortest_path, numbering)
        n_nodes = len(numbering.nodes)
        self.paths = self.paths._replace(
            table=np.zeros(2, dtype=np.int32),
            ends=np.zeros(1, dtype=np.int64),
            start=np.zeros(2, dtype=np.int64),
            nodes=np.zeros((1, 2), dtype=np.int32),
            trees=np.empty((1, n_nodes), dtype=np.int32),
            row_of=np.full(n_nodes, -1, dtype=np.int32),
        )
        self._n_trees = 0


class Compiled:
    """The same strategy as a kernel, on the same network."""

    def __init__(self, strategy, given, case: Case) -> None:
        # The kernel is built from an object of its own, whose stream of random numbers it uses.
        self.origin = Reference(strategy, given, case)
        model = self.origin.model
        self.nodes = list(case.topology)
        contents = Contents(case.contents)
        self.numbering = tables.numbering_of(model, case.receivers, contents)
        self.tables = ScarcePaths(model.shortest_path, self.numbering)
        self.net = tables.network_of(model, self.tables.paths, self.numbering, contents)
        self.policy = policy_kernel(LruCache)
        caches = [*model.cache.values(), *model.local_cache.values()]
        self.n_caches = len(caches)
        self.caches = JournalCaches(
            self.policy.build(caches, contents),
            np.zeros((200, 2), dtype=np.int64),
            np.zeros(1, dtype=np.int64),
        )
        self.state = strategy_kernel(strategy).build(self.origin.strategy, self.numbering)
        self.sessions = tables.empty_sessions(len(contents.names))
        self.most_steps = 16 + 4 * len(case.topology.graph.get("clusters", ()))

    def request(self, receiver, content, measured):
        """Serve one request; return its events, and the look-ups and copies."""
        number = self.numbering.nodes[receiver]
        self.caches.used[0] = 0
        while True:
            before = int(self.sessions.used[0])
            if before + self.most_steps > len(self.sessions.count):
                self.sessions = tables.with_more_steps(self.sessions, self.most_steps)
            states = (self.state, self.net, self.caches, self.sessions)
            walk = int(serve_request(*states, np.int32(number), content, measured))
            assert self.sessions.used[0] <= before + self.most_steps
            if walk != AGAIN:
                break
            assert self.caches.used[0] == 0, "nothing is done before all paths are known"
            assert self.sessions.used[0] <= before + 1
            self.tables.provide()
            self.net = self.net._replace(paths=self.tables.paths)
        if not measured:
            assert walk == NOT_MEASURED
            assert self.sessions.used[0] == before
            return [], self.journal()
        return self.events(walk, number, self.net.source_of[content]), self.journal()

    def journal(self):
        number = {
            **{cache: ("cache", node) for node, cache in self.numbering.caches.items()},
            **{cache: ("local_cache", node) for node, cache in self.numbering.local_caches.items()},
        }
        done = self.caches.journal[: self.caches.used[0]].tolist()
        return [(operation, *number[cache]) for operation, cache in done]

    def events(self, walk, receiver, source):
        """Return the events that the steps of a session stand for."""
        found = []
        while walk > 0:
            found.append(int(self.sessions.step[walk]))
            walk = int(self.sessions.after[walk])
        start, *rest = found[::-1]
        assert start == steps.START | (receiver << 3) | (int(source) << 33)
        return [event for step in rest for event in self.expand(step)]

    def expand(self, step):
        kind, first, last, path = step & 7, (step >> 3) & 0xFFFF, (step >> 19) & 0xFFFF, step >> 35
        if kind in (steps.CACHE_SERVES, steps.SOURCE_SERVES):
            return [self.served(kind == steps.CACHE_SERVES, step >> 3)]
        if kind == steps.REQUEST:
            return self.hops("request", path, first, last, True)
        if kind in (steps.CONTENT, steps.BRANCH):
            return self.hops("content", path, first, last, kind == steps.CONTENT)
        assert kind in (steps.ROUND_TRIP_TO_CACHE, steps.ROUND_TRIP_TO_SOURCE)
        assert first == 0
        start = int(self.tables.paths.start[path])
        server = int(self.tables.paths.nodes[start + last, 0])
        return [
            *self.hops("request", path, 0, last, True),
            self.served(kind == steps.ROUND_TRIP_TO_CACHE, server),
            *self.hops("content", path, last, 0, True),
        ]

    def served(self, from_cache, node):
        return "cache" if from_cache else "source", self.nodes[node]

    def hops(self, what, path, first, last, main_path):
        paths = self.tables.paths
        on_path = paths.nodes[paths.start[path] : paths.start[path + 1], 0].tolist()
        positions = range(first, last + 1) if first <= last else range(first, last - 1, -1)
        assert max(positions) < len(on_path)
        nodes = [self.nodes[on_path[position]] for position in positions]
        return [(what, u, v, main_path) for u, v in itertools.pairwise(nodes)]

    def dumps(self, contents):
        return [
            [contents[number] for number in self.policy.dump(self.caches.caches, cache)]
            for cache in range(self.n_caches)
        ]


# The differential tests compile each strategy in every run of the suite.
@pytest.mark.exhaustive
@pytest.mark.parametrize(("strategy", "parameters_given", "kind"), CASES)
@settings(
    deadline=None,
    max_examples=int(os.environ.get("STRATEGY_EXAMPLES", "25")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_a_kernel_does_what_the_reference_does(strategy, parameters_given, kind, data):
    case = data.draw(cases(kind))
    reference = Reference(strategy, parameters_given, case)
    compiled = Compiled(strategy, parameters_given, case)
    served = np.zeros((len(case.contents), 2), dtype=np.int64)
    for request in case.requests:
        receiver, content = case.receivers[request.receiver], case.contents[request.content]
        events, journal = reference.request(receiver, content, request.measured)
        found, done = compiled.request(receiver, request.content, request.measured)
        assert found == events
        assert done == journal
        assert compiled.dumps(case.contents) == reference.dumps()
        for event, *_ in events:
            if event in ("cache", "source"):
                served[request.content, int(event == "source")] += 1
    assert compiled.sessions.hits_of.tolist() == served.tolist()
    if hasattr(reference.strategy, "_rng"):
        streams = [side.strategy._rng.bit_generator.state for side in (reference, compiled.origin)]
        assert streams[0] == streams[1], "both drew as often"


def test_every_strategy_of_icarus_is_tried():
    tried = {case.values[0] for case in CASES}
    own = {cls for cls in STRATEGY.values() if cls.__module__.startswith("icarus.")}
    assert tried == own
    assert all(strategy_kernel(cls) is not None for cls in own)


def network_of_one(**of_the_graph):
    topology = fnss.Topology([("r", 1), (1, "s")])
    fnss.add_stack(topology, "r", "receiver", {})
    fnss.add_stack(topology, 1, "router", {"cache_size": 1})
    fnss.add_stack(topology, "s", "source", {"contents": {0}})
    for node in topology:
        topology.nodes[node]["cluster"] = 0
    topology.graph.update(of_the_graph)
    return Case(topology, ["r"], [0], [])


@pytest.mark.parametrize("assignment", [{}, {"r": "s"}, {"r": "elsewhere"}])
def test_receivers_that_are_not_assigned_to_a_router_are_left_to_the_reference(assignment):
    case = network_of_one(cache_assignment=assignment)
    with pytest.raises(NoKernelError, match="receiver 'r' is assigned to"):
        Compiled(STRATEGY["PARTITION"], {}, case)
    assert Compiled(STRATEGY["PARTITION"], {}, network_of_one(cache_assignment={"r": 1})).state


def test_clusters_that_sources_belong_to_are_left_to_the_reference():
    case = network_of_one(clusters=[[1, "s"]])
    with pytest.raises(NoKernelError, match="'s' belongs to a cluster of caches"):
        Compiled(STRATEGY["HR_CLUSTER"], {"intra_routing": "SYMM"}, case)


@pytest.mark.exhaustive
@pytest.mark.skipif(DISABLED, reason="this is that run")
def test_kernels_are_plain_python_as_well(project):
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "STRATEGY_EXAMPLES": "8"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run(
        [*command, "-m", "not statistical", str(Path(__file__).relative_to(project))],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-4000:]
