"""Both engines give the same where a network changes while it is simulated, and where a simulation
is cut, copied and put aside in the middle.
"""

from __future__ import annotations

import pickle

import pytest
from comparison import COLLECTORS, QUICK, assert_equal
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from test_engines import (  # noqa: F401 - a fixture
    ALL_PAIRS,
    EXAMPLES,
    POLICIES,
    STRATEGIES,
    experiments,
    random_topology,
)

from icarus.core.kinds import conformed
from icarus.core.random_streams import root_seed
from icarus.errors import EventError
from icarus.execution.building import build_scenario
from icarus.execution.parameters import Simulation
from icarus.execution.running import RunningSimulation
from icarus.util import Tree

PAIRS = [
    (strategy, policy)
    for strategy in STRATEGIES
    for policy in POLICIES
    if policy in {"LRU", "RAND"} or strategy == "LCE" or ALL_PAIRS
]
FAMILIES = {
    (strategy, "LRU") for strategy in ("LCE", "CL4M", "PROB_CACHE", "NRR", "HR_SYMM", "HR_CLUSTER")
}
"""Of the strategies that look at a network in one way, one."""
CHOSEN = [pair for pair in PAIRS if not QUICK or pair in {*FAMILIES, ("LCE", "RAND")}]

moments = st.one_of(
    st.floats(0, 120).map(lambda time: round(time, 1)),
    st.integers(0, 150).map(lambda number: {"requests": number}),
)
EVENTS = [
    *("link_down", "link_down", "link_up", "rewire", "node_down", "node_down", "node_up"),
    *("flush", "resize", "rate", "popularity", "mark"),
]
moves = st.tuples(
    moments,
    st.sampled_from(EVENTS),
    st.integers(0, 1000),
)


class Walk:
    """Makes events that a network allows of random numbers, one after another."""

    def __init__(self, topology, workload) -> None:
        self.topology = topology
        self.links = [tuple(link) for link in topology.edges()]
        self.nodes = list(topology)
        self.down_links, self.down_nodes = [], []
        self.stationary = workload["name"] == "STATIONARY"
        self.n_contents = workload["n_contents"]

    def event(self, name, number):
        """Return the parameters of an event; None if there is none of this name."""
        return getattr(self, name)(number)

    def _standing(self):
        return [
            link
            for link in self.links
            if link not in self.down_links and not set(link) & set(self.down_nodes)
        ]

    def link_down(self, number):
        if not (links := self._standing()):
            return None
        link = links[number % len(links)]
        self.down_links.append(link)
        return {"link": link[::-1] if number % 2 else link}

    def link_up(self, number):
        if not self.down_links:
            return None
        return {"link": self.down_links.pop(number % len(self.down_links))}

    def rewire(self, number):
        links = self._standing()
        nodes = [node for node in self.nodes if node not in self.down_nodes]
        pairs = [
            (u, v)
            for u in nodes
            for v in nodes
            if u != v and not {(u, v), (v, u)} & set(self.links)
        ]
        if not links or not pairs:
            return None
        link, to = links[number % len(links)], pairs[number // 7 % len(pairs)]
        self.links[self.links.index(link)] = to
        return {"link": link, "to": to}

    def node_down(self, number):
        nodes = [node for node in self.nodes if node not in self.down_nodes]
        if not nodes:
            return None
        self.down_nodes.append(nodes[number % len(nodes)])
        return {"node": self.down_nodes[-1], "contents": ["kept", "lost"][number // 5 % 2]}

    def node_up(self, number):
        if not self.down_nodes:
            return None
        return {"node": self.down_nodes.pop(number % len(self.down_nodes))}

    def flush(self, number):
        stacks = self.topology.nodes(data="stack")
        caches = [node for node, stack in stacks if "cache_size" in stack[1]]
        if not caches or number % 3 == 0:
            return {}
        return {"node": caches[number % len(caches)]}

    def resize(self, number):
        how = {"factor": [0.4, 2.5][number % 2]} if number % 5 else {"size": number % 6 + 4}
        return {**self.flush(number), **how}

    def rate(self, number):
        return {"factor": [0.5, 1, 3.0][number % 3]}

    def popularity(self, number):
        if not self.stationary:
            return None
        return {
            "alpha": [None, 0, 1.2][number % 3],
            "shuffle": [0, 0.4, 1][number // 3 % 3],
            "promote": [] if number % 2 else [number % self.n_contents + 1],
        }

    def mark(self, number):
        return {"text": str(number)}


def with_timeline(experiment, seed, drawn):
    """Return an experiment with a timeline that its network allows."""
    params = conformed(Tree(experiment))
    topology, _ = build_scenario(params, root_seed(seed, 0))
    walk = Walk(topology, experiment["workload"])
    timeline = []
    # As they are due in this order, whatever the requests: one kind of moments only.
    by_time = not drawn or isinstance(drawn[0][0], float)
    drawn = [move for move in drawn if isinstance(move[0], float) == by_time]
    drawn.sort(key=lambda move: move[0] if by_time else move[0]["requests"])
    for at, name, number in drawn:
        given_ = walk.event(name, number)
        if given_ is not None:
            timeline.append({"at": at, "event": name, **given_})
    return {**experiment, "timeline": timeline}


def opened(experiment, seed, engine, window):
    collectors = {**COLLECTORS, "TIMELINE": {"window": window}}
    return RunningSimulation(Simulation(Tree(experiment), collectors, seed, 0, engine))


def caches_of(run):
    """Return what all caches hold, also those of nodes that are away, by node and kind."""
    model = run.view.model
    if run.engine == "compiled":
        inner = run._run.engine
        numbering = inner._numbering
        return {
            **{("own", node): inner.cache_dump(i) for node, i in numbering.caches.items()},
            **{("local", node): inner.cache_dump(i) for node, i in numbering.local_caches.items()},
        }
    return {
        **{("own", n): c.dump() for n, c in {**model.cache, **model.removed_caches}.items()},
        **{
            ("local", n): c.dump()
            for n, c in {**model.local_cache, **model.removed_local_caches}.items()
        },
    }


def outcome(run):
    """Return all that can be seen of a simulation at its end."""
    return {
        "results": run.results(),
        "requests": run.requests,
        "time": run.time,
        "caches": caches_of(run),
    }


def assert_alike(one, other):
    assert one["requests"] == other["requests"]
    assert one["time"] == other["time"]
    assert one["caches"] == other["caches"]
    assert_equal(one["results"], other["results"])


def failure_or(function):
    try:
        return function(), None
    except (EventError, ValueError, KeyError) as error:
        return None, repr(error)


def assert_engines_agree(experiment, seed, window):
    python, problem = failure_or(lambda: opened(experiment, seed, "python", window).advance())
    compiled, other = failure_or(lambda: opened(experiment, seed, "compiled", window).advance())
    assert other == problem
    if problem is not None:
        event(f"both fail: {problem[:60]}")
        return
    assert_alike(outcome(compiled), outcome(python))
    timeline = python.results()["TIMELINE"]
    event("some requests fail" if (timeline["SERVED"] < 1).any() else "none fails")


def law(strategy, policy, check):
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        experiments(strategy, policy),
        st.integers(0, 2**32),
        st.lists(moves, max_size=8),
        st.sampled_from([7.5, 30, {"requests": 1}, {"requests": 20}]),
        st.data(),
    )
    def found(experiment, seed, drawn, window, data):
        try:
            experiment = with_timeline(experiment, seed, drawn)
        except ValueError:
            event("cannot be built")
            return
        check(experiment, seed, window, data)

    found()


@pytest.mark.parametrize(("strategy", "policy"), CHOSEN)
def test_engines_agree_on_networks_that_change(strategy, policy):
    law(strategy, policy, lambda *given_: assert_engines_agree(*given_[:3]))


def assert_cuts_change_nothing(experiment, seed, window, data):
    engine = data.draw(st.sampled_from(["python", "compiled"]), label="engine")
    whole, problem = failure_or(lambda: opened(experiment, seed, engine, window).advance())
    if problem is not None:
        return

    def in_parts():
        run = opened(experiment, seed, engine, window)
        for how, by_time, amount in data.draw(
            st.lists(
                st.tuples(st.sampled_from(["on", "fork", "pickle"]), st.booleans(), moments_),
                max_size=4,
            ),
            label="cuts",
        ):
            if by_time:
                run.advance(until=run.time + amount)
            else:
                run.advance(requests=run.requests + int(amount))
            if how == "fork":
                fork = run.fork()
                fork.advance(requests=run.requests + 10)
            elif how == "pickle":
                run = pickle.loads(pickle.dumps(run))
        return run.advance()

    assert_alike(outcome(in_parts()), outcome(whole))


moments_ = st.floats(0, 60)


@pytest.mark.parametrize(("strategy", "policy"), CHOSEN)
def test_cuts_and_copies_change_nothing(strategy, policy):
    law(strategy, policy, assert_cuts_change_nothing)
