"""Every form of a strategy does what its twin does, event by event and look-up by look-up.

The forms are the Python object, which goes through the controller of the network, and what runs
over numbers and arrays, interpreted and compiled.
"""

from __future__ import annotations

import itertools
import os
from typing import Any, NamedTuple

import fnss
import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twins import STRATEGY_TWINS

from icarus.compiler.jit import DISABLED, OPTIONS
from icarus.core.signatures import parameters
from icarus.errors import NoKernelError
from icarus.execution import DataCollector, NetworkController, NetworkModel, NetworkView
from icarus.execution.compiled import network_tables as tables
from icarus.execution.compiled.compiled_engine import state_of
from icarus.policies.lru import LruCaches
from icarus.registry import STRATEGY
from icarus.strategies.definition import compiled_state, lacking
from icarus.verbs import request as verbs
from icarus.verbs import sessions as steps
from icarus.verbs.network import AGAIN
from icarus.verbs.sessions import NOT_MEASURED, start_session

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

    def get(self, cache, content):
        self._note(GET, cache)
        return self.caches.get(cache, content)

    def put(self, cache, content):
        self._note(PUT, cache)
        return self.caches.put(cache, content)

    def has(self, cache, content):
        return self.caches.has(cache, content)

    def remove(self, cache, content):
        return self.caches.remove(cache, content)

    def _note(self, operation, cache):
        self.journal[self.used[0], 0] = operation
        self.journal[self.used[0], 1] = cache
        self.used[0] += 1


def serve_request(strategy, net, caches, sessions, receiver, content, measured):
    source = net.source_of[content]
    start = NOT_MEASURED
    if measured:
        start = start_session(sessions, receiver, source)
    sessions.walk[0] = start
    return strategy.process(verbs.Request(net, caches, sessions, receiver, source, content, start))


compiled_request = serve_request if DISABLED else numba.njit(**OPTIONS)(serve_request)


class ScarcePaths(tables.PathTables):
    """Paths that have no room and no trees before somebody asks."""

    def begin_anew(self, shortest_path, numbering) -> None:
        super().begin_anew(shortest_path, numbering)
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


class Numbered:
    """The same strategy over numbers and arrays, on the same network."""

    def __init__(self, strategy, given, case: Case, serve=serve_request) -> None:
        self.serve = serve
        # It is built from an object of its own, whose stream of random numbers it uses.
        self.origin = Reference(strategy, given, case)
        model = self.origin.model
        self.nodes = list(case.topology)
        self.numbering = tables.numbering_of(model, case.receivers, case.contents)
        self.tables = ScarcePaths(model.shortest_path, self.numbering)
        node_of = tables.nodes_of_caches(self.numbering)
        self.net = tables.network_of(model, self.tables.paths, self.numbering, node_of)
        caches = [*model.cache.values(), *model.local_cache.values()]
        self.n_caches = len(caches)
        self.caches = JournalCaches(
            state_of(caches, LruCaches, case.contents),
            np.zeros((200, 2), dtype=np.int64),
            np.zeros(1, dtype=np.int64),
        )
        self.state = compiled_state(self.origin.strategy, self.numbering)
        self.sessions = tables.empty_sessions(len(case.contents))
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
            outcome = int(self.serve(*states, np.int32(number), content, measured))
            walk = int(self.sessions.walk[0])
            assert self.sessions.used[0] <= before + self.most_steps
            if outcome != AGAIN:
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
            [contents[number] for number in self.caches.caches.dump(cache)]
            for cache in range(self.n_caches)
        ]


def hold_against_twin(strategy, parameters_given, kind, serve, data):
    name = next(name for name, cls in STRATEGY.items() if cls is strategy)
    case = data.draw(cases(kind))
    twin = Reference(STRATEGY_TWINS[name], parameters_given, case)
    python = Reference(strategy, parameters_given, case)
    numbered = Numbered(strategy, parameters_given, case, serve)
    served = np.zeros((len(case.contents), 2), dtype=np.int64)
    for request in case.requests:
        receiver, content = case.receivers[request.receiver], case.contents[request.content]
        events, journal = twin.request(receiver, content, request.measured)
        assert python.request(receiver, content, request.measured) == (events, journal)
        assert python.dumps() == twin.dumps()
        found, done = numbered.request(receiver, request.content, request.measured)
        assert found == events
        assert done == journal
        assert numbered.dumps(case.contents) == twin.dumps()
        for event, *_ in events:
            if event in ("cache", "source"):
                served[request.content, int(event == "source")] += 1
    assert numbered.sessions.hits_of[:, :2].tolist() == served.tolist()
    if "seed" in getattr(python.strategy, "parameters", ()):
        drawn = [side.strategy.parameters["seed"] for side in (python, numbered.origin)]
        streams = [one.bit_generator.state for one in (twin.strategy._rng, *drawn)]
        assert streams[0] == streams[1] == streams[2], "all drew as often"


# The differential tests compile each strategy in every run of the suite.
@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(serve_request, id="interpreted"),
        pytest.param(compiled_request, id="compiled", marks=pytest.mark.exhaustive),
    ],
)
@pytest.mark.parametrize(("strategy", "parameters_given", "kind"), CASES)
@settings(
    deadline=None,
    max_examples=int(os.environ.get("STRATEGY_EXAMPLES", "15")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_every_form_does_what_the_twin_does(strategy, parameters_given, kind, serve, data):
    hold_against_twin(strategy, parameters_given, kind, serve, data)


def test_every_strategy_of_icarus_is_tried():
    tried = {case.values[0] for case in CASES}
    own = {cls for cls in STRATEGY.values() if cls.__module__.startswith("icarus.")}
    assert tried == own
    assert not any(lacking(cls, {}) for cls in own)
    assert all("definition" in vars(cls) for cls in own)
    assert {STRATEGY[name] for name in STRATEGY_TWINS} == own


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
        Numbered(STRATEGY["PARTITION"], {}, case)
    assert Numbered(STRATEGY["PARTITION"], {}, network_of_one(cache_assignment={"r": 1})).state


def test_clusters_that_sources_belong_to_are_left_to_the_reference():
    case = network_of_one(clusters=[[1, "s"]])
    with pytest.raises(NoKernelError, match="'s' belongs to a cluster of caches"):
        Numbered(STRATEGY["HR_CLUSTER"], {"intra_routing": "SYMM"}, case)
