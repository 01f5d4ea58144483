"""Independent requests whose content popularity never changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.registry import register_workload
from icarus.scenarios.workload.receivers import ReceiverChoice
from icarus.scenarios.workload.request_streams import (
    CONTENTS,
    GAPS,
    RECEIVERS,
    PoissonClock,
    WorkloadStreams,
    measured_after,
    spans,
)
from icarus.scenarios.workload.requests import BATCH_SIZE, RequestBatch, iterate_events
from icarus.theory.distributions import TruncatedZipfDist
from icarus.types import Node, NonNegative, NonNegativeInt, Positive, PositiveInt, Seed

if TYPE_CHECKING:
    import fnss

__all__ = ["StationaryWorkload"]


@register_workload("STATIONARY")
class StationaryWorkload:
    """Independent requests for contents of Zipf popularity, arriving as a Poisson process.

    Each request is for a content drawn from a truncated Zipf distribution of exponent `alpha`
    and comes from a receiver drawn by the rule of `beta`, independently of all others.

    Parameters
    ----------
    topology : fnss.Topology
        The network, which has the receivers.
    n_contents : int
        Size of the catalogue. Contents are the integers 1 to `n_contents`, 1 the most popular.
    alpha : float
        Exponent of the popularity; 0 makes all contents equally popular.
    beta : float, optional
        Spatial skew: with 0 receivers request equally often; above 0 they are ranked by
        decreasing degree of the node they are attached to, and request at rates that follow
        a Zipf distribution of exponent `beta` over that ranking.
    rate : float, optional
        Mean number of requests a second, of all receivers together.
    n_warmup : int, optional
        Requests at the start that are not measured.
    n_measured : int, optional
        Requests after those, which are.
    seed : int, SeedSequence, Generator or None, optional
        Where the requests come from. Iterating again gives the same ones, for None too.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If a number is out of its range, or the topology has no receivers.

    Attributes
    ----------
    receivers : list
        Nodes that request; by rank if `beta` is above 0.
    zipf : TruncatedZipfDist
        The popularity of contents.
    contents : range
        Their names.
    n_requests : int
        Requests in all.
    """

    def __init__(
        self,
        topology: fnss.Topology,
        n_contents: PositiveInt,
        alpha: NonNegative,
        beta: NonNegative = 0,
        rate: Positive = 1.0,
        n_warmup: NonNegativeInt = 100_000,
        n_measured: NonNegativeInt = 400_000,
        seed: Seed = None,
        **kwargs: Any,
    ) -> None:
        if n_contents < 1:
            raise ValueError(f"n_contents must be >= 1, found {n_contents}")
        check_arrivals(rate, n_warmup, n_measured)
        self._choice = ReceiverChoice(topology, beta)
        self._streams = WorkloadStreams(seed)
        self.receivers: Sequence[Node] = self._choice.nodes
        self.zipf = TruncatedZipfDist(alpha, n_contents)
        self.n_contents = n_contents
        self.contents: Sequence[int] = range(1, n_contents + 1)
        self.alpha = alpha
        self.beta = beta
        self.rate = rate
        self.n_warmup = n_warmup
        self.n_measured = n_measured
        self.n_requests = n_warmup + n_measured

    def batches(self, size: int = BATCH_SIZE) -> Iterator[RequestBatch]:
        """Yield all requests from the start, the same ones at each call and for any `size`."""
        clock = PoissonClock(self._streams.generator(GAPS), self.rate)
        receivers = self._streams.generator(RECEIVERS)
        contents = self._streams.generator(CONTENTS)
        for start, stop in spans(self.n_requests, size):
            n = stop - start
            numbers = self.zipf.sample(n, contents)
            # In place: memory that is new to the process costs as much as the draws.
            numbers -= 1
            yield RequestBatch(
                time=clock.next(n),
                receiver=self._choice.sample(n, receivers),
                content=numbers,
                measured=measured_after(self.n_warmup, start, stop),
            )

    def __iter__(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield all requests as pairs of a time and an event dict, from the start."""
        return iterate_events(self)


def check_arrivals(rate: float, n_warmup: int, n_measured: int) -> None:
    """Refuse a rate that is not positive and numbers of requests that are negative."""
    if not 0 < rate < np.inf:
        raise ValueError(f"rate must be a finite number > 0, found {rate!r}")
    for name, number in (("n_warmup", n_warmup), ("n_measured", n_measured)):
        if number < 0:
            raise ValueError(f"{name} must be >= 0, found {number}")
