"""The events that a data collector may handle, and how they are passed on.

A collector hears of measured sessions only, never of the warm-up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from icarus.execution.collectors.fanout import EVENTS, LEG_TAKERS, by_hop, fan_out
from icarus.registry import DATA_COLLECTOR
from icarus.types import Content, Node
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.execution.collectors.counts import SessionCounts
    from icarus.execution.collectors.session_records import SessionRecords
    from icarus.execution.network import NetworkView

__all__ = ["CollectorProxy", "DataCollector", "absorbs", "build_collectors", "mean"]


class DataCollector:
    """Base class of data collectors; every event does nothing until it is overridden.

    Parameters
    ----------
    view : NetworkView
        What the collector may see of the network.
    """

    needs_evictions: bool = False
    """Whether records of sessions are to say what caches evicted, which makes them slower."""

    def __init__(self, view: NetworkView, **params: Any) -> None:
        self.view = view

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Take note that a request was issued.

        Parameters
        ----------
        timestamp : float
            In seconds.
        receiver : node
            Who requests.
        content : content
            What is requested.
        """

    def content_size(self, size: int) -> None:
        """Take note of the content's size in bytes, just before its session starts.

        Only workloads that know sizes, such as some traces, cause this event.
        """

    def cache_hit(self, node: Node) -> None:
        """Take note that the cache of `node` had the content."""

    def cache_miss(self, node: Node) -> None:
        """Take note that the cache of `node` did not have the content."""

    def server_hit(self, node: Node) -> None:
        """Take note that the source `node` served the content."""

    def request_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Take note that the request travelled from `u` to `v`.

        Parameters
        ----------
        main_path : bool, optional
            Whether the hop is on the way that the receiver waits for.
        """

    def content_hop(self, u: Node, v: Node, main_path: bool = True) -> None:
        """Take note that the content travelled from `u` to `v`; see ``request_hop``."""

    def end_session(self, success: bool = True) -> None:
        """Take note that the session is over, and whether the content arrived."""

    def absorb(self, counts: SessionCounts) -> None:
        """Take in all sessions at once, in place of their events.

        The compiled engine does this instead of reporting events. A class that handles an event
        has to say here what the same sessions come to, or simulations with it run on the
        reference engine.

        Parameters
        ----------
        counts : SessionCounts
            The measured sessions, counted by kind.
        """

    def take_sessions(self, records: SessionRecords) -> None:
        """Take in records of sessions, many at a time.

        A collector that does this and handles no events runs on both engines, which hand over
        equal records in equal batches.

        Parameters
        ----------
        records : SessionRecords
            Measured sessions, in the order in which they took place.
        """

    def results(self) -> Mapping[str, Any] | None:
        """Return what was measured; may be asked any number of times."""
        return None


class CollectorProxy(DataCollector):
    """Collector that passes every event on to those collectors that handle it.

    Parameters
    ----------
    view : NetworkView
    collectors : list of collectors
        Any objects that implement some of the events and ``results``.

    Attributes
    ----------
    takes_legs : bool
        Whether all who hear of hops take those of a leg at once, and do not mind if that is
        before or after they hear of look-ups on the way.
    """

    # As Icarus 0.8 has them, in which contents had no sizes.
    EVENTS: ClassVar[tuple[str, ...]] = (
        *(event for event in EVENTS if event != "content_size"),
        "results",
    )

    def __init__(self, view: NetworkView, collectors: list[Any]) -> None:
        super().__init__(view)
        self.members = list(collectors)
        self.collectors: dict[str, list[Any]] = {
            event: [collector for collector in collectors if _handles(collector, event)]
            for event in (*EVENTS, "results")
        }
        # Events of the inner loop are bound here once: the proxy itself costs no call.
        for event, interested in self.collectors.items():
            if event != "results":
                setattr(self, event, fan_out(event, [getattr(one, event) for one in interested]))
        self.takes_legs = True
        for event, taker in LEG_TAKERS.items():
            takers = []
            for one in self.collectors[event]:
                taking = _says_last(type(one), taker) and _is_of_class(one, event)
                self.takes_legs &= taking
                takers.append(getattr(one, taker) if taking else by_hop(getattr(one, event)))
            setattr(self, taker, fan_out(taker, takers))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.view, self.members)

    def results(self) -> Tree:
        """Return the results of all collectors, by their registry names."""
        return Tree(
            {collector.name: collector.results() for collector in self.collectors["results"]}
        )


def _handles(collector: Any, event: str) -> bool:
    """Whether a collector overrides an event anywhere below ``DataCollector``."""
    handler = getattr(collector, event, None)
    # A collector may keep a number under the name of an event that Icarus 0.8 did not have.
    return callable(handler) and getattr(handler, "__func__", handler) is not getattr(
        DataCollector, event
    )


def _is_of_class(collector: Any, event: str) -> bool:
    """Whether a collector handles an event as its class says."""
    # Not by its __dict__: asking for that slows down all look-ups of attributes from then on.
    return getattr(getattr(collector, event), "__func__", None) is getattr(type(collector), event)


def absorbs(collector: Any) -> bool:
    """Whether a class of collectors can be told of all sessions at once.

    It is if whatever class says so last knows of all events that are handled.
    """
    return _says_last(collector, "absorb")


def _says_last(collector: Any, method: str) -> bool:
    """Whether a class of collectors has a method that tells it of all that its events do.

    It has not if a class that is based on the one with the method handles an event.
    """
    for cls in collector.__mro__ if isinstance(collector, type) else ():
        if method in vars(cls):
            return issubclass(cls, DataCollector)
        if any(event in vars(cls) for event in EVENTS):
            return False
    return False


def build_collectors(view: NetworkView, collectors: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return a proxy to the named collectors, built with their parameters.

    Parameters
    ----------
    view : NetworkView
    collectors : mapping
        From registry name to parameters.
    """
    built = []
    for name, params in collectors.items():
        collector = DATA_COLLECTOR.resolve(name)(view, **params)
        # The name it was asked for by: a subclass of a built-in one, or a collector entered in
        # the registry by hand, may carry another name or none.
        collector.name = name
        built.append(collector)
    return CollectorProxy(view, built)


def mean(total: float, number: int) -> float:
    """Return total / number, or NaN where nothing was counted."""
    return total / number if number else math.nan
