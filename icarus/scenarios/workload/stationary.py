"""Independent requests whose content popularity never changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from icarus.registry import register_workload
from icarus.scenarios.workload.content_sizes import check_sizes, content_sizes
from icarus.scenarios.workload.receivers import ReceiverChoice
from icarus.scenarios.workload.request_streams import (
    CHANGES,
    CONTENTS,
    GAPS,
    RECEIVERS,
    PoissonClock,
    WorkloadStreams,
    measured_after,
)
from icarus.scenarios.workload.requests import BATCH_SIZE, RequestBatch, iterate_events
from icarus.scenarios.workload.size_laws import ContentSize, size_files
from icarus.theory.distributions import TruncatedZipfDist
from icarus.types import (
    Correlation,
    Node,
    NonNegative,
    NonNegativeInt,
    Positive,
    PositiveInt,
    Seed,
)

if TYPE_CHECKING:
    import fnss

__all__ = ["StationaryWorkload"]


@register_workload("STATIONARY", check=check_sizes, files=size_files)
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
        Where the requests and the sizes come from. Iterating again gives the same ones, for None
        too.
    content_size : int, str or mapping, optional
        Sizes of contents in bytes: one for all, such as 1500 or "1 MiB", or a law that they are
        drawn from, rounded to whole bytes and at least 1. A law is a mapping of ``dist`` and its
        parameters: "UNIFORM" (`low`, `high`: whole numbers, both included), "LOGNORMAL" (`median`;
        `sigma` of the natural logarithm), "PARETO" (`shape`, truncated to `low` and `high`) or
        "EMPIRICAL" (`path` of a file of lines of a size, a comma and its share of contents).
    size_rank_correlation : float, optional
        Parameter of the Gaussian copula between size and popularity rank, from -1 to 1: with 1 the
        most popular content is the smallest, with -1 the largest.
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
    sizes : ContentSizes or None
        Sizes of contents by number, if there are any.
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
        content_size: ContentSize | None = None,
        size_rank_correlation: Correlation = 0,
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
        self.sizes = content_sizes(
            content_size, size_rank_correlation, n_contents, self.n_requests, self._streams
        )

    can_change = frozenset({"rate", "popularity"})

    @property
    def has_sizes(self) -> bool:
        """Whether contents have sizes."""
        return self.sizes is not None

    @property
    def catalogue_bytes(self) -> int | None:
        """Bytes of all contents together; None where they have no sizes."""
        return None if self.sizes is None else self.sizes.total

    def batches(self, size: int = BATCH_SIZE) -> Iterator[RequestBatch]:
        """Return all requests from the start, the same ones at each call and for any `size`."""
        return _Requests(self, self._choice, self._streams, size)

    def __iter__(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield all requests as pairs of a time and an event dict, from the start."""
        return iterate_events(self)


class _Requests:
    """The requests of a stationary workload, which can be put aside in the middle.

    Parameters
    ----------
    workload : StationaryWorkload
    choice : ReceiverChoice
    streams : WorkloadStreams
    size : int
        Requests in a batch.
    """

    def __init__(
        self,
        workload: StationaryWorkload,
        choice: ReceiverChoice,
        streams: WorkloadStreams,
        size: int,
    ) -> None:
        self._workload = workload
        self._choice = choice
        self._clock = PoissonClock(streams.generator(GAPS), workload.rate)
        self._receivers = streams.generator(RECEIVERS)
        self._contents = streams.generator(CONTENTS)
        self._streams = streams
        self._changes: np.random.Generator | None = None
        self._size = size
        self._drawn = 0
        self._zipf = workload.zipf
        # Contents by rank, both from 0; None while they are the same.
        self._by_rank: np.ndarray | None = None
        # How many contents were drawn at last, and how things were before.
        self._latest = 0
        self._before: Any = None

    def __iter__(self) -> _Requests:
        return self

    def __next__(self) -> RequestBatch:
        start = self._drawn
        n = min(self._size, self._workload.n_requests - start)
        if n <= 0:
            raise StopIteration
        self._drawn += n
        contents = self._draw(n)
        return RequestBatch(
            time=self._clock.next(n),
            receiver=self._choice.sample(n, self._receivers),
            content=contents,
            measured=measured_after(self._workload.n_warmup, start, start + n),
            size=self.sizes_of(contents),
        )

    def sizes_of(self, contents: np.ndarray) -> np.ndarray | None:
        """Return the sizes of contents by number, in bytes; None where they have none."""
        sizes = self._workload.sizes
        return None if sizes is None else sizes.of(contents)

    def _draw(self, n: int) -> np.ndarray:
        self._latest, self._before = n, self._contents.bit_generator.state
        numbers = self._zipf.sample(n, self._contents)
        # In place: memory that is new to the process costs as much as the draws.
        numbers -= 1
        return numbers if self._by_rank is None else self._by_rank[numbers].astype(np.int64)

    def set_popularity(
        self,
        ahead: int,
        *,
        alpha: float | None = None,
        shuffle: float = 0.0,
        promote: Sequence[int] = (),
        restore: bool = False,
    ) -> np.ndarray:
        """Change how popular contents are, from some requests on that were drawn already.

        Parameters
        ----------
        ahead : int
            The last so many of the latest batch are drawn again.
        alpha : float, optional
            The exponent from now on.
        shuffle : float, optional
            A share of all contents, chosen at random, that change their ranks among one another.
        promote : sequence of int, optional
            Contents, by name, that become the most popular ones in this order; others follow in
            theirs.
        restore : bool, optional
            Whether contents become as popular as at the start, before anything else is changed.

        Returns
        -------
        ndarray of int64, shape (ahead,)
            The contents of these requests.

        Raises
        ------
        ValueError
            If there is no such content.
        """
        if self._latest:
            # The draws before them are made once more, so that the stream is where they ended.
            self._contents.bit_generator.state = self._before
            self._zipf.sample(self._latest - ahead, self._contents)
        if restore:
            self._zipf, self._by_rank = self._workload.zipf, None
        if alpha is not None:
            self._zipf = TruncatedZipfDist(alpha, self._workload.n_contents, seed=0)
        if shuffle:
            self._shuffle(shuffle)
        if promote:
            self._promote(promote)
        return self._draw(ahead)

    def _ranking(self) -> np.ndarray:
        if self._by_rank is None:
            n = self._workload.n_contents
            self._by_rank = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
        return self._by_rank

    def _shuffle(self, share: float) -> None:
        if self._changes is None:
            self._changes = self._streams.generator(CHANGES)
        ranking = self._ranking()
        n = round(share * len(ranking))
        ranks = self._changes.choice(len(ranking), n, replace=False, shuffle=False)
        ranking[ranks] = ranking[self._changes.permutation(ranks)]

    def _promote(self, names: Sequence[int]) -> None:
        ranking = self._ranking()
        numbers = np.array([self._number(name) for name in names], dtype=ranking.dtype)
        others = ranking[~np.isin(ranking, numbers)]
        self._by_rank = np.concatenate([numbers, others])

    def _number(self, name: int) -> int:
        try:
            return self._workload.contents.index(name)
        except ValueError:
            raise ValueError(f"there is no content {name!r}") from None


def check_arrivals(rate: float, n_warmup: int, n_measured: int) -> None:
    """Refuse a rate that is not positive and numbers of requests that are negative."""
    if not 0 < rate < np.inf:
        raise ValueError(f"rate must be a finite number > 0, found {rate!r}")
    for name, number in (("n_warmup", n_warmup), ("n_measured", n_measured)):
        if number < 0:
            raise ValueError(f"{name} must be >= 0, found {number}")
