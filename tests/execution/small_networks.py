"""A network of a few nodes, requests that are listed one by one, and what became of each.

Delays of links are powers of two, so that the latency of a request tells the way that it went.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import fnss
import numpy as np

from icarus.execution import DataCollector
from icarus.execution.parameters import Simulation
from icarus.execution.running import RunningSimulation
from icarus.registry import CONTENT_PLACEMENT, DATA_COLLECTOR, TOPOLOGY_FACTORY, WORKLOAD
from icarus.scenarios.workload.requests import RequestBatch
from icarus.util import Tree

ENGINES = ["python", "compiled"]

LINKS = {
    ("a", 1): 1,
    (1, 2): 2,
    (2, "s"): 4,
    (1, 3): 8,
    (3, 2): 16,
    ("b", 3): 32,
    (3, "t"): 64,
}
"""::

    a -- 1 -- 2 -- s          receivers a and b, sources s and t,
          \\   |               caches at 1 and 2
           \\  |
       b --- 3 --- t
"""
SOURCES = {"s": ["v", "w", "x", "y"], "t": ["z"]}
CONTENTS = ["v", "w", "x", "y", "z"]


def network(sizes=(2, 2), links=LINKS):
    """Return the network, with caches of these sizes at 1 and 2."""
    topology = fnss.Topology()
    for node in ("a", "b"):
        topology.add_node(node, stack=("receiver", {}))
    for node, size in zip((1, 2), sizes, strict=True):
        topology.add_node(node, stack=("router", {"cache_size": size} if size else {}))
    topology.add_node(3, stack=("router", {}))
    for node in SOURCES:
        topology.add_node(node, stack=("source", {}))
    for (u, v), delay in links.items():
        external = "s" in (u, v) or "t" in (u, v)
        kind = "external" if external else "internal"
        topology.add_edge(u, v, delay=delay, type=kind, weight=1)
    topology.graph["icr_candidates"] = {1, 2, 3}
    return topology


def line(sizes=(2, 0)):
    """Return the nodes ``a -- 1 -- 2 -- s`` of the network: 4 internal ways and 2 external ones."""
    topology = network(sizes)
    topology.remove_nodes_from(["b", 3, "t"])
    return topology


def place(topology, contents):
    """Have each source originate what it is to."""
    for node in SOURCES.keys() & set(topology):
        own = SOURCES[node] if "t" in topology else CONTENTS
        topology.nodes[node]["stack"][1]["contents"] = set(own)


class Listed:
    """Requests as they are listed.

    Parameters
    ----------
    topology : fnss.Topology
    requests : sequence of (float, node, content)
    size : int, optional
        Requests in a batch.
    n_warmup : int, optional
        The first ones, which are not measured.
    bytes_of : mapping or list, optional
        From contents to their sizes; or those of the requests, over and over again.
    """

    can_change = frozenset({"rate"})

    def __init__(self, topology, requests, size=2, n_warmup=0, bytes_of=None):
        self.receivers = [node for node in ("a", "b") if node in topology]
        self.contents = CONTENTS
        self.n_contents, self.n_requests = len(CONTENTS), len(requests)
        self._requests, self._size, self._n_warmup = requests, size, n_warmup
        self._bytes = bytes_of

    def batches(self):
        for start in range(0, len(self._requests), self._size):
            part = self._requests[start : start + self._size]
            yield RequestBatch(
                np.array([time for time, _, _ in part], dtype=np.float64),
                np.array([self.receivers.index(who) for _, who, _ in part], dtype=np.int32),
                np.array([self.contents.index(what) for *_, what in part], dtype=np.int64),
                np.arange(start, start + len(part)) >= self._n_warmup,
                self._bytes and np.array(self._sizes(part, start)),
            )

    def _sizes(self, part, start):
        if isinstance(self._bytes, list):
            return [self._bytes[i % len(self._bytes)] for i in range(start, start + len(part))]
        return [self._bytes[what] for *_, what in part]


class Events:
    """The same requests as pairs of a time and an event, as with Icarus 0.8."""

    def __init__(self, topology, requests):
        self.contents, self.n_contents = CONTENTS, len(CONTENTS)
        self._requests = requests

    def __iter__(self):
        for time, receiver, content in self._requests:
            yield time, {"receiver": receiver, "content": content, "log": True}


class Counted:
    """Events of which each is told by its number, as a generator of Icarus 0.8 yields them."""

    def __init__(self, topology, n=300, n_contents=40):
        self.receivers = sorted(topology.receivers(), key=str)
        self.n_contents, self.contents = n_contents, range(1, n_contents + 1)
        self.n = n

    def __iter__(self):
        number = 7
        for i in range(self.n):
            number = (number * 1103515245 + 12345) % 2**31
            yield float(i), self.event(number // 7, number // 1000)

    def event(self, receiver, content):
        """Return an event of a receiver and a content by number."""
        return {
            "receiver": self.receivers[receiver % len(self.receivers)],
            "content": content % self.n_contents + 1,
            "log": True,
        }


class Drawn(Counted):
    """Events that are drawn from the global generators of Python and NumPy."""

    def __iter__(self):
        for i in range(self.n):
            yield i + random.random(), self.event(random.randrange(100), np.random.randint(1000))  # noqa: NPY002


class Other(Counted):
    """Other events each time that they are read."""

    read = 0

    def __iter__(self):
        type(self).read += 1
        for i in range(self.n):
            yield float(i), self.event(i, i + self.read)


class Seen(DataCollector):
    """What became of each request: who served it, and how long that took."""

    def __init__(self, view):
        super().__init__(view)
        self.rows = []

    def take_sessions(self, records):
        for row in range(len(records)):
            server = records.server[row]
            self.rows.append(
                (
                    float(records.time[row]),
                    records.nodes[records.receiver[row]],
                    records.contents[records.content[row]],
                    None if server < 0 else records.nodes[server],
                    float(records.latency[row]) if records.success[row] else None,
                )
            )

    def results(self):
        return {"ROWS": list(self.rows)}


def register(patch):
    """Have settings name these components, as long as a patch lasts."""
    patch.setitem(TOPOLOGY_FACTORY, "TEST_NET", network)
    patch.setitem(TOPOLOGY_FACTORY, "TEST_LINE", line)
    patch.setitem(CONTENT_PLACEMENT, "TEST_PLACED", place)
    patch.setitem(WORKLOAD, "TEST_LISTED", Listed)
    patch.setitem(WORKLOAD, "TEST_EVENTS", Events)
    for kind in (Counted, Drawn, Other):
        patch.setitem(WORKLOAD, f"TEST_{kind.__name__.upper()}", kind)
    patch.setitem(DATA_COLLECTOR, "TEST_SEEN", Seen)


def listed(text):
    """Return requests one second apart, from second 1 on: ``"ax bz"`` are two."""
    return [(float(i), *pair) for i, pair in enumerate(text.split(), 1)]


def experiment(requests, timeline=(), strategy="LCE", policy="LRU", sizes=(2, 2), **workload):
    """Return an experiment on the network."""
    requests = listed(requests) if isinstance(requests, str) else requests
    return Tree(
        topology={"name": "TEST_NET", "sizes": sizes},
        workload={"name": "TEST_LISTED", "requests": requests, **workload},
        content_placement={"name": "TEST_PLACED"},
        strategy={"name": strategy},
        cache_policy={"name": policy},
        timeline=list(timeline),
    )


def begun(params, engine, collectors=None):
    """Return a simulation at its start."""
    chosen = {"TEST_SEEN": {}} if collectors is None else collectors
    return RunningSimulation(Simulation(Tree(params), chosen, 1, 0, engine, steered=True))


def done(requests, timeline, engine, **parts):
    """Return a simulation at its end."""
    return begun(experiment(requests, timeline, **parts), engine).advance()


def served(run):
    """Return who served each request, and the latency of it; None and None where it failed."""
    return [row[3:] for row in run.results()["TEST_SEEN"]["ROWS"]]


def state(run):
    """Return all that can be seen of a simulation; NaN equals NaN."""
    caches = {node: run.cache_dump(node) for node in (1, 2)}
    return run.time, run.requests, run.finished, caches, _plain(run.results())


def _plain(value):
    if isinstance(value, Mapping):
        return sorted((repr(key), _plain(one)) for key, one in dict(value.items()).items())
    return repr(value)
