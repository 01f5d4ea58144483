"""A strategy on a network, watched from three sides.

These are the events that a collector hears, the calls that the strategy makes on the controller,
and what caches hold before and after each request.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple, NoReturn

from icarus.execution.collectors import CollectorProxy, DataCollector
from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.testing._law import broken, built
from icarus.testing._networks import Network

__all__ = ["Session", "Watch", "Witness"]

Event = tuple[Any, ...]


class Witness(DataCollector):
    """Writes every event of the sessions that collectors hear of into one list."""

    def __init__(self, events: list[Event]) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self.events = events

    def start_session(self, timestamp: float, receiver: Hashable, content: Hashable) -> None:
        """Write the start."""
        self.events.append(("start_session", timestamp, receiver, content))

    def cache_hit(self, node: Hashable) -> None:
        """Write the hit."""
        self.events.append(("cache_hit", node))

    def cache_miss(self, node: Hashable) -> None:
        """Write the miss."""
        self.events.append(("cache_miss", node))

    def server_hit(self, node: Hashable) -> None:
        """Write who served."""
        self.events.append(("server_hit", node))

    def request_hop(self, u: Hashable, v: Hashable, main_path: bool = True) -> None:
        """Write the hop."""
        self.events.append(("request_hop", u, v, main_path))

    def content_hop(self, u: Hashable, v: Hashable, main_path: bool = True) -> None:
        """Write the hop."""
        self.events.append(("content_hop", u, v, main_path))

    def end_session(self, success: bool = True) -> None:
        """Write the end."""
        self.events.append(("end_session", success))


class _WatchedController(NetworkController):
    """Writes the calls of a strategy into the same list."""

    def __init__(self, model: NetworkModel, events: list[Event]) -> None:
        super().__init__(model)
        self.events = events

    def start_session(self, *args: Any, **kwargs: Any) -> None:
        self.events.append(("open",))
        super().start_session(*args, **kwargs)

    def end_session(self, *args: Any, **kwargs: Any) -> None:
        self.events.append(("close",))
        super().end_session(*args, **kwargs)

    def get_content(self, node: Hashable) -> bool:
        self.events.append(("get", node))
        return super().get_content(node)

    def put_content(self, node: Hashable) -> Any:
        self.events.append(("put", node))
        return super().put_content(node)

    def get_content_local_cache(self, node: Hashable) -> bool:
        self.events.append(("get local", node))
        return super().get_content_local_cache(node)

    def put_content_local_cache(self, node: Hashable) -> Any:
        self.events.append(("put local", node))
        return super().put_content_local_cache(node)

    def remove_content(self, node: Hashable) -> bool | None:
        self.events.append(("remove", node))
        return super().remove_content(node)


Contents = dict[tuple[str, Hashable], set[Any]]
"""What is in each cache; the key says whether it is a ``local`` one, and whose."""


class Session(NamedTuple):
    """One request, and all that was seen of it."""

    watch: Watch
    time: float
    receiver: Hashable
    content: Hashable
    before: Contents
    events: list[Event]
    after: Contents

    def of(self, *kinds: str) -> list[Event]:
        """Return the events of these kinds, without their kind."""
        return [event[1:] for event in self.events if event[0] in kinds]

    def broken(self, what: str) -> NoReturn:
        """Say that a law is broken, and what was seen."""
        __tracebackhide__ = True
        lines = [
            *self.watch.told,
            f"request of {self.receiver!r} for {self.content!r}, in which this happened:",
            *(f"    {kind}({', '.join(map(repr, what))})" for kind, *what in self.events),
        ]
        broken(f"{what} (request {self.watch.n_requests})", *lines)


class Watch:
    """A strategy on a network, with witnesses in place.

    Parameters
    ----------
    strategy : class
    parameters : mapping
        The strategy's.
    network : Network
    policy : str, optional
        Of the caches.
    collectors : list of collectors, optional
        Who hears of events besides.
    seed : int, optional
        What the strategy draws from.
    """

    def __init__(
        self,
        strategy: Any,
        parameters: Mapping[str, Any],
        network: Network,
        policy: str = "LRU",
        collectors: list[Any] | None = None,
        seed: int = 1,
    ) -> None:
        self.topology = network.topology
        self.model = NetworkModel(network.topology, {"name": policy}, seed=seed)
        self.view = NetworkView(self.model)
        self.events: list[Event] = []
        self.controller = _WatchedController(self.model, self.events)
        proxy = CollectorProxy(self.view, [Witness(self.events), *(collectors or [])])
        self.controller.attach_collector(proxy)
        self.strategy = built(
            strategy, self.view, self.controller, parameters=parameters, seed=seed
        )
        self.n_requests = 0
        self.told = [*network.told(), f"caches of {policy}"]

    def contents(self) -> Contents:
        """Return what is in all caches."""
        kinds = {"": self.model.cache, "local": self.model.local_cache}
        return {
            (kind, node): set(cache.dump())
            for kind, caches in kinds.items()
            for node, cache in caches.items()
        }

    def request(self, receiver: Hashable, content: Hashable, log: bool = True) -> Session:
        """Serve one request, and return what was seen of it."""
        self.events.clear()
        before = self.contents()
        time = float(self.n_requests)
        self.n_requests += 1
        try:
            self.strategy.process_event(time=time, receiver=receiver, content=content, log=log)
        except Exception as error:
            lines = [*self.told, f"request {self.n_requests}, of {receiver!r} for {content!r}"]
            error.add_note("\n".join(f"    {line}" for line in lines))
            raise
        return Session(self, time, receiver, content, before, list(self.events), self.contents())
