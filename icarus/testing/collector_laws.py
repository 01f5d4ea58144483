"""What results and both engines may rely on, whatever is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, ClassVar, NamedTuple

import numpy as np
from hypothesis import strategies as st

from icarus.errors import UnwritableError
from icarus.execution.collectors import CollectorProxy
from icarus.execution.collectors.collector import absorbs
from icarus.models.strategy import HashroutingMulticast
from icarus.registry import DATA_COLLECTOR
from icarus.results.encoding import dumps, loads
from icarus.testing import _engines
from icarus.testing._law import broken, component_of, equal_conditions, named, try_all
from icarus.testing._networks import Network, networks
from icarus.testing._values import difference
from icarus.testing._watching import Event, Watch

__all__ = ["CollectorLaws"]

_SHARE = 0.3


class _Heard(NamedTuple):
    """Sessions on a network, as a collector hears of them."""

    network: Network
    view: Any
    sessions: list[list[Event]]

    def told(self) -> list[str]:
        """Return what it was, line by line."""
        events = [
            f"collector.{kind}({', '.join(map(repr, what))})"
            for session in self.sessions
            for kind, *what in session
        ]
        return [*self.network.told(), *events]


class CollectorLaws:
    """Laws of data collectors: a test class that inherits these names a collector.

    They are tried on sessions of hash-routing on small networks, with hits on and off the path.

    Attributes
    ----------
    collector : str or class
        The collector: its registry name, or the class.
    parameters : mapping
        What it is built with, besides the view.
    order_matters : bool
        Whether results depend on the order in which the same sessions came.

    Notes
    -----
    A law that a collector is not meant to obey is left out by assigning None to its name.

    Examples
    --------
    >>> from icarus.testing import CollectorLaws
    >>> class TestLatency(CollectorLaws):
    ...     collector = "LATENCY"
    ...     parameters = {"cdf": True}
    """

    collector: ClassVar[Any]
    parameters: ClassVar[Mapping[str, Any]] = {}
    order_matters: ClassVar[bool] = False

    def test_without_sessions_there_are_results_all_the_same(self) -> None:
        """Where nothing was measured, ``results`` raises nothing; a mean of nothing is NaN."""

        def law(heard: _Heard) -> None:
            self._results(self._new(heard), heard)

        try_all(law, _heard(), share=0.1)

    def test_results_are_a_mapping_that_files_can_keep(self) -> None:
        """Results are a mapping, or None, and are read from a results file as they were written.

        Numbers, texts, arrays and containers of these are; other objects become texts.
        """

        def law(heard: _Heard) -> None:
            results = self._results(self._told(heard), heard)
            try:
                read = loads(dumps(results))
            except UnwritableError as error:
                broken(f"results cannot be kept: {error}", repr(results))
            differs = difference(read, results, place="results")
            if differs is not None:
                broken(f"read from a results file, {differs}", repr(results))

        try_all(law, _heard(), share=_SHARE)

    def test_results_may_be_asked_for_at_any_time(self) -> None:
        """Asking changes nothing, and what is done to results does not reach the collector."""

        def law(heard: _Heard) -> None:
            half = len(heard.sessions) // 2
            asked, unasked = self._new(heard), self._new(heard)
            _tell(asked, heard, heard.sessions[:half])
            first = self._results(asked, heard)
            again = self._results(asked, heard)
            _check(again, first, "asked a second time", heard)
            _spoil(again)
            _tell(asked, heard, heard.sessions[half:])
            _tell(unasked, heard, heard.sessions)
            expected = self._results(unasked, heard)
            _check(self._results(asked, heard), expected, "having been asked before", heard)

        try_all(law, _heard(), share=_SHARE)

    def test_the_same_sessions_give_the_same_results(self) -> None:
        """Two collectors that hear of the same give the same results."""

        def law(heard: _Heard) -> None:
            results = []
            for _ in range(2):
                with equal_conditions():
                    results.append(self._results(self._told(heard), heard))
            _check(results[1], results[0], "hearing of the same sessions", heard)

        try_all(law, _heard(), share=_SHARE)

    def test_collectors_share_nothing(self) -> None:
        """What one collector hears of does not show in the results of another."""

        def law(heard: _Heard) -> None:
            expected = self._results(self._new(heard), heard)
            other = self._new(heard)
            self._told(heard)
            told = "when another collector hears of sessions"
            _check(self._results(other, heard), expected, told, heard)
            _check(self._results(self._new(heard), heard), expected, told, heard)

        try_all(law, _heard(), share=_SHARE)

    def test_sessions_that_fail_raise_nothing(self) -> None:
        """A session may end without success, or without anybody who served."""

        def law(heard: _Heard) -> None:
            collector = self._new(heard)
            for number, session in enumerate(heard.sessions):
                # Served or not, as if the content had been lost on its way.
                kept = [event for event in session if number % 2 or not event[0].endswith("hit")]
                _tell(collector, heard, [[*kept[:-1], ("end_session", False)]])
            self._results(collector, heard)

        try_all(law, _heard(), share=0.1)

    def test_the_order_of_sessions_does_not_matter(self) -> None:
        """The same sessions in another order, at the same times, give the same results.

        Where that is not meant, say so by ``order_matters = True``.
        """
        if self.order_matters:
            return

        def law(heard: _Heard, seed: int) -> None:
            order = np.random.default_rng(seed).permutation(len(heard.sessions))
            times = [session[0][1] for session in heard.sessions]
            moved = [
                [("start_session", time, *heard.sessions[i][0][2:]), *heard.sessions[i][1:]]
                for time, i in zip(times, order, strict=True)
            ]
            expected = self._results(self._told(heard), heard)
            collector = self._new(heard)
            _tell(collector, heard, moved)
            found = self._results(collector, heard)
            told = "in another order (order_matters = True says that this is meant)"
            _check(found, expected, told, heard, close=True)

        try_all(law, _heard(), st.integers(0, 2**32), share=_SHARE)

    def test_a_collector_leaves_the_network_as_it_is(self) -> None:
        """Caches and links are the same whether a collector hears of the sessions or not."""
        component = component_of(self, "collector", DATA_COLLECTOR)

        def law(network: Network) -> None:
            alone, watched = (
                Watch(HashroutingMulticast, {}, network, "IN_CACHE_LFU") for _ in range(2)
            )
            collector = component(watched.view, **self.parameters)
            watched.controller.attach_collector(CollectorProxy(watched.view, [collector]))
            edges = sorted(map(repr, network.topology.edges(data=True)))
            for request in network.requests:
                alone.request(*request)
                watched.request(*request)
                dumps_of = [
                    {node: cache.dump() for node, cache in watch.model.cache.items()}
                    for watch in (watched, alone)
                ]
                if dumps_of[0] != dumps_of[1]:
                    broken(
                        f"with the collector caches hold {dumps_of[0]}, without it {dumps_of[1]}",
                        *network.told(),
                    )
            if sorted(map(repr, network.topology.edges(data=True))) != edges:
                broken("the collector changed links of the network", *network.told())

        try_all(law, networks(), share=_SHARE)

    def test_sessions_told_at_once_give_the_results_of_their_events(self) -> None:
        """``absorb``, if there is one, comes to what the events of the same sessions come to."""
        component = component_of(self, "collector", DATA_COLLECTOR)
        if not absorbs(component):
            return
        with _engines.entered(DATA_COLLECTOR, component) as name:
            for topology in _engines.TOPOLOGIES:
                for workload in ({}, {"name": "YCSB", "workload": "A"}):
                    params = _engines.experiment(topology, {"name": "HR_MULTICAST"}, **workload)
                    differs = _engines.compared(params, {name: dict(self.parameters)})
                    if differs is not None:
                        broken(f"told of all at once by absorb, {differs}")

    def _new(self, heard: _Heard) -> Any:
        return component_of(self, "collector", DATA_COLLECTOR)(heard.view, **self.parameters)

    def _told(self, heard: _Heard) -> Any:
        collector = self._new(heard)
        _tell(collector, heard, heard.sessions)
        return collector

    def _results(self, collector: Any, heard: _Heard) -> Any:
        """Return results; a collector need not have any."""
        try:
            results = collector.results() if hasattr(collector, "results") else None
        except Exception as error:
            error.add_note("\n".join(f"    {line}" for line in heard.told()))
            raise
        if results is not None and not isinstance(results, Mapping):
            broken(f"results() of {named(type(collector))} are {results!r}, which is no mapping")
        return results


def _heard() -> st.SearchStrategy[_Heard]:
    """Return sessions of hash-routing, where copies also leave the way of the request."""

    def record(network: Network) -> _Heard:
        watch = Watch(HashroutingMulticast, {}, network)
        sessions = [watch.request(*request).events for request in network.requests]
        heard = [[event for event in session if event[0] in _EVENTS] for session in sessions]
        return _Heard(network, watch.view, heard)

    return networks().map(record)


_EVENTS = frozenset(CollectorProxy.EVENTS)


def _tell(collector: Any, heard: _Heard, sessions: list[list[Event]]) -> None:
    """Tell a collector of sessions, as the framework does."""
    proxy = CollectorProxy(heard.view, [collector])
    for session in sessions:
        for kind, *what in session:
            try:
                handler: Callable[..., None] = getattr(proxy, kind)
                handler(*what)
            except Exception as error:
                error.add_note(f"    {kind}({', '.join(map(repr, what))})")
                raise


def _check(found: Any, expected: Any, when: str, heard: _Heard, *, close: bool = False) -> None:
    __tracebackhide__ = True
    differs = difference(found, expected, close=close, place="results")
    if differs is not None:
        broken(f"{when}, {differs}", *heard.told())


def _spoil(results: Any) -> None:
    """Do to results what a reader might."""
    values = list(results.values()) if isinstance(results, Mapping) else results
    if isinstance(results, MutableMapping | list):
        results.clear()
    if isinstance(results, np.ndarray) and results.flags.writeable and results.dtype.kind in "if":
        results[...] = -1
    elif isinstance(values, list | tuple):
        for value in values:
            _spoil(value)
