"""A small network with one strategy on it, for tests: who was asked, who served, who stored."""

from __future__ import annotations

import itertools

import fnss

from icarus.execution import DummyCollector, NetworkController, NetworkModel, NetworkView


def links(text):
    """Return the links of walks such as ``"r 1 2, 2 s"``; names that are digits are integers."""
    found = []
    for walk in text.split(","):
        nodes = [int(name) if name.isdigit() else name for name in walk.split()]
        found += itertools.pairwise(nodes)
    return found


class Recorder(DummyCollector):
    """A DummyCollector that also counts sessions and tells branches from the main path."""

    def __init__(self, view):
        super().__init__(view)
        self.events = []

    def start_session(self, timestamp, receiver, content):
        super().start_session(timestamp, receiver, content)
        self.events = ["start"]
        self.main, self.branches, self.hits = [], [], []

    def content_hop(self, u, v, main_path=True):
        super().content_hop(u, v, main_path)
        (self.main if main_path else self.branches).append((u, v))
        self.events.append("content")

    def request_hop(self, u, v, main_path=True):
        super().request_hop(u, v, main_path)
        assert main_path
        self.events.append("request")

    def cache_hit(self, node):
        super().cache_hit(node)
        self.hits.append(node)

    def server_hit(self, node):
        super().server_hit(node)
        self.hits.append(node)

    def end_session(self, success=True):
        super().end_session(success)
        self.events.append("end")


class Watched(NetworkController):
    """A controller that keeps which caches the present session asked and stored at."""

    def start_session(self, *session):
        super().start_session(*session)
        self.asked, self.asked_locally, self.stored, self.stored_locally = [], [], [], []

    def get_content(self, node):
        self.asked.append(node)
        return super().get_content(node)

    def put_content(self, node):
        if node in self.model.cache:
            self.stored.append(node)
        return super().put_content(node)

    def get_content_local_cache(self, node):
        if node in self.model.local_cache:
            self.asked_locally.append(node)
        return super().get_content_local_cache(node)

    def put_content_local_cache(self, node):
        if node in self.model.local_cache:
            self.stored_locally.append(node)
        return super().put_content_local_cache(node)


class Network:
    """A topology with receivers, sources and caches, and a strategy.

    `walks` gives the links; nodes named r... are receivers, those named s... sources of all
    `contents`, and all others routers, with a cache of size `sizes` (a number, or a dict).
    """

    def __init__(
        self,
        strategy,
        walks,
        *,
        sizes=4,
        policy="LRU",
        weights=None,
        delays=None,
        clusters=None,
        cache_assignment=None,
        contents="xyz",
        authority=None,
        **parameters,
    ):
        topology = fnss.Topology(links(walks))
        for node in topology:
            kind = {"r": "receiver", "s": "source"}.get(str(node)[0], "router")
            size = sizes.get(node) if isinstance(sizes, dict) else sizes
            properties = {"cache_size": size} if kind == "router" and size else {}
            if kind == "source":
                properties = {"contents": set(contents)}
            fnss.add_stack(topology, node, kind, properties)
        for name, values in (("weight", weights), ("delay", delays)):
            for (u, v), value in (values or {}).items():
                topology.edges[u, v][name] = value
        if clusters is not None:
            topology.graph["clusters"] = clusters
            for i, cluster in enumerate(clusters):
                for node in cluster:
                    topology.nodes[node]["cluster"] = i
            for node in topology:
                if "cluster" not in topology.nodes[node]:
                    neighbour = next(iter(topology.adj[node]))
                    topology.nodes[node]["cluster"] = topology.nodes[neighbour]["cluster"]
        if cache_assignment is not None:
            topology.graph["cache_assignment"] = cache_assignment
        self.topology = topology
        self.model = NetworkModel(topology, {"name": policy})
        self.view = NetworkView(self.model)
        self.controller = Watched(self.model)
        self.collector = Recorder(self.view)
        self.controller.attach_collector(self.collector)
        self.strategy = strategy(self.view, self.controller, **parameters)
        if authority is not None:
            self.strategy.authoritative_cache = authority

    def request(self, content="x", receiver="r"):
        self.strategy.process_event(1.0, receiver, content, True)
        assert self.controller.session is None
        summary = self.collector.session_summary()
        assert summary["success"]
        assert self.collector.events.count("end") == 1
        return summary

    def check(self, *, up, down, served, branch="", stored=(), stored_locally=(), missed=(), **of):
        """Request and compare: walks of the request, of the content and of branches, nodes."""
        summary = self.request(**of)
        found = {
            "up": summary["request_hops"],
            "down": self.collector.main,
            "branch": self.collector.branches,
            "served": summary["serving_node"],
            "missed": summary["cache_misses"],
            "stored": self.controller.stored,
            "stored_locally": self.controller.stored_locally,
        }
        assert found == {
            "up": links(up),
            "down": links(down),
            "branch": links(branch),
            "served": served,
            "missed": list(missed),
            "stored": list(stored),
            "stored_locally": list(stored_locally),
        }

    def fill(self, *nodes, content="x"):
        for node in nodes:
            self.model.cache[node].put(content)

    def fill_locally(self, *nodes, content="x"):
        for node in nodes:
            self.model.local_cache[node].put(content)

    def holders(self, content="x"):
        return [node for node, cache in self.model.cache.items() if cache.has(content)]

    def local_holders(self, content="x"):
        return [node for node, cache in self.model.local_cache.items() if cache.has(content)]
