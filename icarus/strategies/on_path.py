"""On-path strategies: a request travels to its origin and the first cache that has it serves.

They differ in which caches on the way keep a copy; the content returns along the links that its
request took. The receiver is at position 0 of the path, and the source at the last one.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from icarus.registry import register_strategy
from icarus.strategies.known_network import KnownNetwork
from icarus.strategies.strategy import DefinedStrategy
from icarus.types import Fraction, Seed

__all__ = [
    "Edge",
    "LeaveCopyDown",
    "LeaveCopyEverywhere",
    "NoCache",
    "RandomBernoulli",
    "RandomChoice",
]


class NoCacheState(NamedTuple):
    """A strategy without caches needs to know nothing."""

    nothing: int

    @classmethod
    def new(cls, network: KnownNetwork) -> Self:
        """Return what the strategy knows."""
        return cls(0)

    def serve(self, request, path):
        """Serve a request."""
        request.round_trip(path, request.last(path))


@register_strategy("NO_CACHE")
class NoCache(DefinedStrategy, definition=NoCacheState):
    """Serve every request from its origin; caches are never asked.

    The baseline of every comparison: hit ratio 0 and path stretch 1.
    """


class LeaveCopyEverywhereState(NamedTuple):
    """Leave Copy Everywhere needs to know nothing."""

    nothing: int

    @classmethod
    def new(cls, network: KnownNetwork) -> Self:
        """Return what the strategy knows."""
        return cls(0)

    def serve(self, request, path):
        """Serve a request."""
        served_at = request.look_up_on(path)
        for position in range(served_at - 1, -1, -1):
            request.put(path, position)
        request.round_trip(path, served_at)


@register_strategy("LCE")
class LeaveCopyEverywhere(DefinedStrategy, definition=LeaveCopyEverywhereState):
    """Leave Copy Everywhere: every cache on the way back keeps a copy.

    References
    ----------
    V. Jacobson, D. K. Smetters, J. D. Thornton, M. F. Plass, N. H. Briggs, R. L. Braynard,
    "Networking named content", ACM CoNEXT 2009, doi 10.1145/1658939.1658941.
    """


class LeaveCopyDownState(NamedTuple):
    """Leave Copy Down needs to know nothing."""

    nothing: int

    @classmethod
    def new(cls, network: KnownNetwork) -> Self:
        """Return what the strategy knows."""
        return cls(0)

    def serve(self, request, path):
        """Serve a request."""
        served_at = request.look_up_on(path)
        for position in range(served_at - 1, 0, -1):
            if request.has_cache(path, position):
                request.put(path, position)
                break
        request.round_trip(path, served_at)


@register_strategy("LCD")
class LeaveCopyDown(DefinedStrategy, definition=LeaveCopyDownState):
    """Leave Copy Down: only the first cache below the serving node keeps a copy.

    References
    ----------
    N. Laoutaris, H. Che, I. Stavrakakis, "The LCD interconnection of LRU caches and its
    analysis", Performance Evaluation 63(7), 2006, doi 10.1016/j.peva.2005.05.003.
    """


class RandomBernoulliState(NamedTuple):
    """RAND_BERNOULLI: the probability of a copy, and where chance comes from."""

    p: float
    rng: Any
    """numpy.random.Generator"""

    @classmethod
    def new(cls, network: KnownNetwork, p: Fraction = 0.2, seed: Seed = None) -> Self:
        """Return what the strategy knows."""
        return cls(float(p), seed)

    def serve(self, request, path):
        """Serve a request."""
        served_at = request.look_up_on(path)
        for position in range(served_at - 1, 0, -1):
            if request.has_cache(path, position) and self.rng.random() < self.p:
                request.put(path, position)
        request.round_trip(path, served_at)


@register_strategy("RAND_BERNOULLI")
class RandomBernoulli(DefinedStrategy, definition=RandomBernoulliState):
    """Every cache on the way back keeps a copy with the same probability.

    Parameters
    ----------
    p : float, optional
        Probability that a cache keeps a copy; 0 is never, 1 is Leave Copy Everywhere.
    """

    @property
    def p(self) -> float:
        """Probability that a cache keeps a copy."""
        p: float = self.parameters["p"]
        return p


class RandomChoiceState(NamedTuple):
    """RAND_CHOICE: where chance comes from."""

    rng: Any
    """numpy.random.Generator"""

    @classmethod
    def new(cls, network: KnownNetwork, seed: Seed = None) -> Self:
        """Return what the strategy knows."""
        return cls(seed)

    def serve(self, request, path):
        """Serve a request."""
        served_at = request.look_up_on(path)
        number = 0
        for position in range(1, served_at):
            if request.has_cache(path, position):
                number += 1
        if number > 0:
            passed = int(number * self.rng.random())
            for position in range(served_at - 1, 0, -1):
                if request.has_cache(path, position):
                    if passed == 0:
                        request.put(path, position)
                        break
                    passed -= 1
        request.round_trip(path, served_at)


@register_strategy("RAND_CHOICE")
class RandomChoice(DefinedStrategy, definition=RandomChoiceState):
    """One cache on the way back, chosen at random, keeps a copy.

    Each cache strictly between the serving node and the receiver is as likely as any other.

    Notes
    -----
    Of n such caches, in the order in which the content passes them, the one at position
    ``int(n * random())`` is chosen; there is one draw per request that passes any.

    References
    ----------
    S. Eum, K. Nakauchi, M. Murata, Y. Shoji, N. Nishinaga, "CATT: potential based routing with
    content caching for ICN", ACM SIGCOMM ICN 2012, doi 10.1145/2342488.2342500.
    """


class EdgeState(NamedTuple):
    """Edge caching needs to know nothing."""

    nothing: int

    @classmethod
    def new(cls, network: KnownNetwork) -> Self:
        """Return what the strategy knows."""
        return cls(0)

    def serve(self, request, path):
        """Serve a request."""
        last = request.last(path)
        for position in range(1, last):
            if request.has_cache(path, position):
                if request.look_up(path, position):
                    request.deliver_from_cache(path, position)
                    return
                request.fetch(path, last)
                request.put(path, position)
                break
        request.deliver_from_source(path)


@register_strategy("EDGE")
class Edge(DefinedStrategy, definition=EdgeState):
    """Only the first cache on the way is asked, and keeps what the origin delivers.

    References
    ----------
    S. K. Fayazbakhsh et al., "Less pain, most of the gain: incrementally deployable ICN",
    ACM SIGCOMM 2013, doi 10.1145/2486001.2486023.
    """

    def __init__(self, view: Any, controller: Any) -> None:
        super().__init__(view, controller)
