"""What a network and its collectors may rely on, whatever its strategy."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, ClassVar, cast

from hypothesis import strategies as st

from icarus.registry import STRATEGY
from icarus.testing import _engines
from icarus.testing._law import broken, component_of, equal_conditions, try_all
from icarus.testing._networks import Network, networks
from icarus.testing._values import difference
from icarus.testing._watching import Session, Watch

__all__ = ["StrategyLaws"]

_SHARE = 0.16
"""Of the examples of a profile: each has some ten requests."""


class StrategyLaws:
    """Laws of strategies: a test class that inherits these names a strategy.

    They are tried on lines, trees, rings in which paths tie, and random networks.

    Attributes
    ----------
    strategy : str or class
        The strategy: its registry name, or the class.
    parameters : mapping
        What it is built with, besides the view and the controller.
    policies : sequence of str
        Registry names of policies to try it with.
    cache_placement : mapping
        The placement of caches, as an experiment has it, with which engines are compared.

    Notes
    -----
    A law that a strategy is not meant to obey is left out by assigning None to its name. One that
    needs special networks overrides `networks`.

    Examples
    --------
    >>> from icarus.testing import StrategyLaws
    >>> class TestProbCache(StrategyLaws):
    ...     strategy = "PROB_CACHE"
    ...     parameters = {"t_tw": 5}
    """

    strategy: ClassVar[Any]
    parameters: ClassVar[Mapping[str, Any]] = {}
    policies: ClassVar[Sequence[str]] = ("LRU", "FIFO", "IN_CACHE_LFU", "RAND")
    cache_placement: ClassVar[Mapping[str, Any]] = {"name": "UNIFORM", "network_cache": 0.5}

    def networks(self) -> st.SearchStrategy[Network]:
        """Return the networks to try the strategy on, with requests."""
        return networks()

    def test_every_session_is_started_and_ended_once(self) -> None:
        """A request is one session: of that time, receiver and content, and it succeeds."""

        def check(session: Session) -> None:
            kinds = [event[0] for event in session.events]
            for kind, name in (("open", "start_session"), ("close", "end_session")):
                if kinds.count(kind) != 1:
                    session.broken(f"{name} was called {kinds.count(kind)} times, not once")
            if kinds[:2] != ["open", "start_session"] or kinds[-2:] != ["close", "end_session"]:
                session.broken("something happened before start_session or after end_session")
            (started,) = session.of("start_session")
            if started != (session.time, session.receiver, session.content):
                session.broken(f"start_session was told {started!r}")
            if session.of("end_session") != [(True,)]:
                session.broken("end_session was told that the session failed")
            if session.watch.controller.session is not None:
                session.broken("the session is still open")

        self._try(check)

    def test_the_request_walks_from_the_receiver_to_who_serves(self) -> None:
        """On the main path the request goes hop by hop, over links, from receiver to server."""
        self._try(lambda session: _check_walk(session, "request_hop"))

    def test_the_content_walks_from_who_serves_to_the_receiver(self) -> None:
        """On the main path the content goes hop by hop, over links, from server to receiver."""
        self._try(lambda session: _check_walk(session, "content_hop"))

    def test_one_node_serves_and_has_the_content(self) -> None:
        """One node serves: a cache that had the content just before, or its source."""

        def check(session: Session) -> None:
            server = _server(session)
            if session.of("server_hit"):
                if session.content not in session.watch.model.source_node[server]:
                    session.broken(f"{server!r} served and is not the source")
            elif not any(session.content in held for held in _held_before(session, server)):
                session.broken(f"{server!r} served and had no copy")

        self._try(check)

    def test_a_cache_is_asked_once_where_the_request_came_by(self) -> None:
        """Each cache is asked at most once, after the request reached it."""

        def check(session: Session) -> None:
            asked = [node for node in session.of("get") if node[0] in session.watch.model.cache]
            asked_locally = session.of("get local")
            for nodes in (asked, asked_locally):
                for (node,), times in Counter(nodes).items():
                    if times > 1:
                        session.broken(f"the cache of {node!r} was asked {times} times")
            reached = {session.receiver}
            for kind, *what in session.events:
                if kind == "request_hop":
                    reached.add(what[1])
                elif kind in ("get", "get local") and what[0] not in reached:
                    session.broken(f"{what[0]!r} was asked, and the request has not come by")

        self._try(check)

    def test_only_nodes_of_the_network_are_asked_and_given_copies(self) -> None:
        """Copies are looked up, left and removed at nodes that there are."""

        def check(session: Session) -> None:
            for (node,) in session.of("get", "put", "get local", "put local", "remove"):
                if node not in session.watch.topology:
                    session.broken(f"{node!r} is no node of the network")

        self._try(check, share=0.1)

    def test_copies_are_left_where_the_content_came_by(self) -> None:
        """The content goes over links from where it is, and copies are left where it came by."""

        def check(session: Session) -> None:
            server = _server(session)
            reached = {server}
            for kind, *what in session.events:
                if kind == "content_hop":
                    _check_hop(session, reached, what)
                elif kind in ("put", "put local") and what[0] not in reached:
                    session.broken(f"{what[0]!r} got a copy, and the content has not come by")
            for kind in ("put", "put local"):
                for (node,), times in Counter(session.of(kind)).items():
                    if times > 1:
                        session.broken(f"{node!r} was given {times} copies")

        self._try(check)

    def test_caches_change_by_what_the_controller_is_told_only(self) -> None:
        """Caches hold what the calls of the controller come to, in the same order."""

        def law(network: Network, policy: str) -> None:
            watch = self._watch(network, policy)
            model = watch.model
            shadows = copy.deepcopy([model.cache, model.local_cache])
            for request in network.requests:
                session = watch.request(*request)
                _repeat(session, *shadows)
                for caches, expected in zip((model.cache, model.local_cache), shadows, strict=True):
                    for node, cache in caches.items():
                        if cache.dump() != expected[node].dump():
                            session.broken(
                                f"the cache of {node!r} holds {cache.dump()!r}; by what was got "
                                f"and put it should hold {expected[node].dump()!r}"
                            )

        try_all(law, self.networks(), st.sampled_from(self.policies), share=_SHARE)

    def test_no_cache_holds_more_than_its_size(self) -> None:
        """A cache never holds more than the places that it was given."""

        def check(session: Session) -> None:
            model = session.watch.model
            for caches in (model.cache, model.local_cache):
                for node, cache in caches.items():
                    if len(cache) > cache.maxlen:
                        session.broken(
                            f"{len(cache)} contents in {cache.maxlen} places at {node!r}"
                        )

        self._try(check, share=0.1)

    def test_whether_anybody_listens_changes_nothing(self) -> None:
        """With ``log=False`` the same happens, and collectors hear nothing at all."""

        def law(network: Network) -> None:
            with equal_conditions():
                watch = self._watch(network)
                measured = [watch.request(*request).after for request in network.requests]
            with equal_conditions():
                watch = self._watch(network)
                for request, expected in zip(network.requests, measured, strict=True):
                    session = watch.request(*request, log=False)
                    told = {kind for kind, *_ in session.events} & _HEARD
                    if told:
                        session.broken(f"collectors heard of {', '.join(sorted(told))}")
                    if session.after != expected:
                        session.broken(f"caches hold other contents if it is measured: {expected}")

        try_all(law, self.networks(), share=_SHARE)

    def test_caches_that_hold_nothing_serve_nothing(self) -> None:
        """With caches that never hold anything, all is served by the source."""

        def law(network: Network) -> None:
            watch = self._watch(network, "NULL")
            for receiver, content in network.requests:
                session = watch.request(receiver, content)
                if _server(session) != watch.view.content_source(content):
                    session.broken(f"{_server(session)!r} served and holds nothing")

        try_all(law, self.networks(), share=_SHARE)

    def test_the_same_seed_gives_the_same_sessions(self) -> None:
        """Two runs of the same requests with the same seed are the same, event by event."""

        def law(network: Network) -> None:
            runs = []
            for _ in range(2):
                with equal_conditions():
                    watch = self._watch(network)
                    runs.append([watch.request(*request) for request in network.requests])
            for session, first in zip(runs[1], runs[0], strict=True):
                differs = difference(session.events, first.events, place="events")
                if differs is not None or session.after != first.after:
                    session.broken(f"it was not so in an equal run: {differs or first.after}")

        try_all(law, self.networks(), share=_SHARE)

    def test_both_engines_give_the_same_results(self) -> None:
        """The compiled form, if there is one, gives the results of the class to the last bit."""
        component = component_of(self, "strategy", STRATEGY)
        for topology in _engines.TOPOLOGIES:
            differs = _engines.first_difference(
                component, self.parameters, topology, self.cache_placement
            )
            if differs is not None:
                broken(f"compiled, results are not those of the class: {differs}")

    def _watch(self, network: Network, policy: str = "LRU") -> Watch:
        return Watch(component_of(self, "strategy", STRATEGY), self.parameters, network, policy)

    def _try(self, check: Callable[[Session], None], share: float = _SHARE) -> None:
        """Check every session of many networks."""
        __tracebackhide__ = True

        def law(network: Network, policy: str) -> None:
            watch = self._watch(network, policy)
            for receiver, content in network.requests:
                check(watch.request(receiver, content))

        try_all(law, self.networks(), st.sampled_from(self.policies), share=share)


_HEARD = {
    *("start_session", "cache_hit", "cache_miss", "server_hit"),
    *("request_hop", "content_hop", "end_session"),
}


def _repeat(
    session: Session, caches: Mapping[Hashable, Any], local_caches: Mapping[Hashable, Any]
) -> None:
    """Do to other caches what a session did by calls of the controller."""
    for kind, *what in session.events:
        method, _, where = kind.partition(" ")
        if method in ("get", "put", "remove"):
            (node,) = what
            cache = (local_caches if where else caches).get(node)
            if cache is not None:
                getattr(cache, method)(session.content)


def _server(session: Session) -> Hashable:
    """Return who served."""
    __tracebackhide__ = True
    hits = session.of("cache_hit", "server_hit")
    if len(hits) != 1:
        session.broken(f"{len(hits)} nodes served, not one: get_content was true there")
    ((node,),) = hits
    return cast(Hashable, node)


def _held_before(session: Session, node: Hashable) -> list[set[Any]]:
    return [session.before.get((kind, node), set()) for kind in ("", "local")]


def _check_walk(session: Session, kind: str) -> None:
    """Check that main-path hops of one kind lead from one end to the other over links."""
    __tracebackhide__ = True
    server, receiver = _server(session), session.receiver
    what = kind.removesuffix("_hop")
    at, end = (receiver, server) if what == "request" else (server, receiver)
    for u, v, main_path in session.of(kind):
        if not main_path:
            continue
        if u != at:
            session.broken(f"the {what} was at {at!r}, and then goes from {u!r} to {v!r}")
        if not session.watch.topology.has_edge(u, v):
            session.broken(f"the {what} goes from {u!r} to {v!r}, and there is no such link")
        at = v
    if at != end:
        session.broken(f"the {what} ended at {at!r} instead of {end!r}")


def _check_hop(session: Session, reached: set[Hashable], hop: list[Any]) -> None:
    __tracebackhide__ = True
    u, v, _ = hop
    if u not in reached:
        session.broken(f"the content goes from {u!r} to {v!r}, and has never been at {u!r}")
    if not session.watch.topology.has_edge(u, v):
        session.broken(f"the content goes from {u!r} to {v!r}, and there is no such link")
    reached.add(v)
