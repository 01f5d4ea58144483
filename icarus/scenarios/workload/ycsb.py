"""The core workloads A to E of the Yahoo! Cloud Serving Benchmark.

They are mixes of operations on records: reads, updates, inserts and scans. Alone, the generator
yields operations, for studies of one cache; with a topology it yields requests to a network.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

import fnss
import numpy as np

from icarus.errors import suggestion
from icarus.registry import register_workload
from icarus.scenarios.workload.content_sizes import check_sizes, content_sizes
from icarus.scenarios.workload.receivers import ReceiverChoice
from icarus.scenarios.workload.request_streams import (
    CONTENTS,
    GAPS,
    RECEIVERS,
    PoissonClock,
    WorkloadStreams,
    spans,
)
from icarus.scenarios.workload.requests import BATCH_SIZE, RequestBatch, Workload, iterate_events
from icarus.scenarios.workload.size_laws import ContentSize, size_files
from icarus.scenarios.workload.stationary import check_arrivals
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

__all__ = ["YCSBWorkload"]

Mix = Literal["A", "B", "C", "D", "E"]

_OPERATIONS, _LENGTHS = CONTENTS + 1, CONTENTS + 2
"""Keys of the streams of this workload, after those of all."""

_LONGEST_SCAN = 100


class _Shares(NamedTuple):
    """Which operations a workload has, and how often."""

    usual: str
    rare: str
    rare_share: float


_MIXES: dict[str, _Shares] = {
    "A": _Shares("READ", "UPDATE", 0.5),
    "B": _Shares("READ", "UPDATE", 0.05),
    "C": _Shares("READ", "UPDATE", 0.0),
    "D": _Shares("READ", "INSERT", 0.05),
    "E": _Shares("SCAN", "INSERT", 0.05),
}


class _Operations(NamedTuple):
    """Consecutive operations, as arrays of equal length n."""

    rare: np.ndarray
    """bool, (n,): whether it is the rare operation of the mix."""
    item: np.ndarray
    """int64, (n,): the record, counted from 1; that of a scan is the first."""
    length: np.ndarray
    """int64, (n,): records it touches."""


def _topology_first(init: Callable[..., None]) -> Callable[..., None]:
    """Let a constructor be called with a topology in front, as the framework calls workloads."""

    @functools.wraps(init)
    def initialise(self: YCSBWorkload, *args: Any, **kwargs: Any) -> None:
        if args and isinstance(args[0], fnss.Topology):
            init(self, *args[1:], topology=args[0], **kwargs)
        else:
            init(self, *args, **kwargs)

    return initialise


def _check(parameters: dict[str, Any]) -> list[str]:
    if parameters.get("workload") == "D" and parameters.get("size_rank_correlation"):
        return [_NO_RANK]
    return check_sizes(parameters)


_NO_RANK = (
    "size_rank_correlation: in workload D a record is popular as long as it is new, so that none "
    "has a rank"
)


@register_workload("YCSB", check=_check, files=size_files)
class YCSBWorkload:
    """Core workloads A to E of the Yahoo! Cloud Serving Benchmark: reads, writes and scans.

    ====  ====================================  =============================================
    name  operations                            records
    ====  ====================================  =============================================
    A     half READ, half UPDATE                Zipf over the loaded records, 1 the most popular
    B     95 % READ, 5 % UPDATE                 as A
    C     READ                                  as A
    D     95 % READ, 5 % INSERT                 Zipf over the latest `n_contents` records, the
                                                one inserted last being the most popular
    E     95 % SCAN, 5 % INSERT                 a scan begins at a record drawn as in A, and reads
                                                1 to 100 (uniform) records in the order of their
                                                numbers, fewer at the end of all there are
    ====  ====================================  =============================================

    Records 1 to `n_contents` are there from the start; inserts add `n_contents` + 1 and so on.

    Used alone (``YCSBWorkload("A", 1000, 100, 500)``), iterating yields a dict for each
    operation: ``op``, ``item`` (record), ``log`` (whether it is measured), and for a scan
    ``length`` (records read).

    Used in an experiment, with a topology as the first argument, it is a workload of requests.
    A READ is a request. A SCAN is one request for each record, all at the same time from the
    same receiver. An UPDATE or INSERT is a write: the content travels from the receiver to its
    origin along the shortest path, an acknowledgement of the size of a request travels back, and
    all copies of the content are gone from all caches before the next request. The strategy
    is not asked; the caches keep no copy of what is written; messages that invalidate copies
    cost nothing. Writes are neither hits nor misses, but are sessions of LATENCY and PATH_STRETCH,
    and LINK_LOAD counts their hops. The origins have the contents that are inserted from the
    start, so that `contents` has them all, but `n_contents`, of which cache budgets are a share,
    counts the records that were loaded.

    Parameters
    ----------
    workload : {"A", "B", "C", "D", "E"}
        The mix of operations.
    n_contents : int
        Records there are at the start.
    n_warmup : int
        Operations at the start that are not measured.
    n_measured : int
        Operations after those, which are.
    alpha : float, optional
        Exponent of the Zipf distribution.
    seed : int, SeedSequence, Generator or None, optional
        Where operations come from. Iterating again gives the same ones, for None too.
    topology : fnss.Topology, optional
        The network, which has the receivers. The framework gives it as the first argument.
    beta : float, optional
        Spatial skew of requests, as for the other workloads; only with a topology.
    rate : float, optional
        Mean number of operations a second, of all receivers together, arriving as a Poisson
        process; only with a topology.
    content_size, size_rank_correlation : optional
        Sizes of records, those inserted included, as for `StationaryWorkload`. In workload D
        records have no rank that sizes could follow.
    **kwargs
        Ignored.

    Raises
    ------
    ValueError
        If there is no such mix, a number is out of its range, or the topology has no receivers.

    Notes
    -----
    For every operation one number is drawn from each stream: gap, receiver, kind of operation,
    record and, in E, length; that of an insert's record is not used.

    References
    ----------
    B. F. Cooper, A. Silberstein, E. Tam, R. Ramakrishnan, R. Sears, "Benchmarking cloud serving
    systems with YCSB", ACM SoCC 2010, doi 10.1145/1807128.1807152.

    Examples
    --------
    >>> operations = list(YCSBWorkload("C", n_contents=10, n_warmup=1, n_measured=1, seed=1))
    >>> [(operation["op"], operation["log"]) for operation in operations]
    [('READ', False), ('READ', True)]
    """

    given_by_framework = ("topology",)
    can_change = frozenset({"rate"})

    @_topology_first
    def __init__(
        self,
        workload: Mix,
        n_contents: PositiveInt,
        n_warmup: NonNegativeInt,
        n_measured: NonNegativeInt,
        alpha: NonNegative = 0.99,
        seed: Seed = None,
        *,
        topology: fnss.Topology | None = None,
        beta: NonNegative = 0,
        rate: Positive = 1.0,
        content_size: ContentSize | None = None,
        size_rank_correlation: Correlation = 0,
        **kwargs: Any,
    ) -> None:
        if workload not in _MIXES:
            hint = suggestion(str(workload), get_args(Mix))
            raise ValueError(f"YCSB has no workload {workload!r}; {hint}")
        if n_contents < 1:
            raise ValueError(f"n_contents must be >= 1, found {n_contents}")
        check_arrivals(rate, n_warmup, n_measured)
        self.workload = workload
        self.n_warmup = n_warmup
        self.n_measured = n_measured
        self.n_contents = n_contents
        self.alpha = alpha
        self.beta = beta
        self.rate = rate
        self.zipf = TruncatedZipfDist(alpha, n_contents)
        self._shares = _MIXES[workload]
        self._streams = WorkloadStreams(seed)
        self._choice = None if topology is None else ReceiverChoice(topology, beta)
        self.receivers: Sequence[Node] = [] if self._choice is None else self._choice.nodes
        records, self.n_requests = self._count()
        self.contents: Sequence[int] = range(1, records + 1)
        if workload == "D" and size_rank_correlation:
            raise ValueError(_NO_RANK)
        self.sizes = content_sizes(
            content_size, size_rank_correlation, n_contents, self.n_requests, self._streams
        )

    @property
    def has_sizes(self) -> bool:
        """Whether contents have sizes."""
        return self.sizes is not None

    @property
    def catalogue_bytes(self) -> int | None:
        """Bytes of the records that were loaded; None where they have no sizes."""
        return None if self.sizes is None else self.sizes.total

    def _count(self) -> tuple[int, int]:
        """Return how many records there are in the end, and how many are read and written."""
        records, requests = self.n_contents, self.n_warmup + self.n_measured
        if self._inserts:
            requests = 0
            for _, operations in self._operations(BATCH_SIZE):
                records += int(operations.rare.sum())
                requests += int(operations.length.sum())
        return records, requests

    @property
    def _inserts(self) -> bool:
        return self._shares.rare == "INSERT"

    def _operations(self, size: int) -> Iterator[tuple[int, _Operations]]:
        """Yield the number of the first operation and `size` operations, again and again."""
        kinds = self._streams.generator(_OPERATIONS)
        ranks = self._streams.generator(CONTENTS)
        lengths = self._streams.generator(_LENGTHS)
        records = self.n_contents
        for start, stop in spans(self.n_warmup + self.n_measured, size):
            n = stop - start
            rare = kinds.random(n) < self._shares.rare_share
            item = self.zipf.sample(n, ranks)
            length = np.ones(n, dtype=np.int64)
            if self._inserts:
                newest = records + np.cumsum(rare)
                records = int(newest[-1])
                if self._shares.usual == "SCAN":
                    length = lengths.integers(1, _LONGEST_SCAN + 1, size=n)
                    length = np.where(rare, 1, np.minimum(length, newest - item + 1))
                else:
                    item = newest - item + 1
                item = np.where(rare, newest, item)
            yield start, _Operations(rare, item, length)

    def batches(self, size: int = BATCH_SIZE) -> Iterator[RequestBatch]:
        """Yield all requests from the start, the same ones at each call and for any `size`.

        Raises
        ------
        ValueError
            If the workload was built without a topology.
        """
        if self._choice is None:
            raise ValueError("a YCSB workload makes requests only if it is given a topology")
        clock = PoissonClock(self._streams.generator(GAPS), self.rate)
        receivers = self._streams.generator(RECEIVERS)
        scans = self._shares.usual == "SCAN"
        for start, (rare, item, length) in self._operations(
            max(1, size // _LONGEST_SCAN) if scans else size
        ):
            n = len(item)
            # The position of a request within its scan.
            offset = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
            contents = np.repeat(item, length) + offset - 1
            yield RequestBatch(
                time=np.repeat(clock.next(n), length),
                receiver=np.repeat(self._choice.sample(n, receivers), length),
                content=contents,
                measured=np.repeat(np.arange(start, start + n) >= self.n_warmup, length),
                size=None if self.sizes is None else self.sizes.of(contents),
                write=np.repeat(rare, length) if self._shares.rare_share else None,
            )

    def __iter__(self) -> Iterator[Any]:
        """Yield all operations from the start: dicts, or with a topology pairs of time and event.

        The event of a write has the key ``write`` beside the usual ones.
        """
        if self._choice is not None:
            return iterate_events(cast(Workload, self))
        return self._dicts()

    def _dicts(self) -> Iterator[dict[str, Any]]:
        usual, other, _ = self._shares
        for start, operations in self._operations(BATCH_SIZE):
            rows = zip(*(column.tolist() for column in operations), strict=True)
            for i, (rare, item, length) in enumerate(rows, start=start):
                op = other if rare else usual
                operation = {"op": op, "item": item, "log": i >= self.n_warmup}
                if op == "SCAN":
                    operation["length"] = length
                yield operation
