"""What a workload yields: requests in batches of arrays.

Nodes and contents are numbers here: positions in the workload's ``receivers`` and
``contents``. Names come back only where a component written in Python asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

__all__ = ["BATCH_SIZE", "RequestBatch", "Workload", "iterate_events"]

BATCH_SIZE = 2**16
"""Requests in one batch: enough for the cost of a batch to vanish, few enough to stay in cache."""


class RequestBatch(NamedTuple):
    """Consecutive requests, as arrays of equal length n."""

    time: np.ndarray
    """float64, (n,): time stamps in seconds, non-decreasing."""
    receiver: np.ndarray
    """int32, (n,): positions in the workload's ``receivers``."""
    content: np.ndarray
    """int64, (n,): positions in the workload's ``contents``."""
    measured: np.ndarray
    """bool, (n,): whether collectors hear of the request; false during warm-up."""
    size: np.ndarray | None = None
    """int64, (n,): sizes of the contents in bytes, where the workload knows them."""


@runtime_checkable
class Workload(Protocol):
    """The native protocol of workloads.

    A class that only has ``contents``, ``n_contents`` and ``__iter__`` yielding
    ``(time, event)`` pairs, as written for Icarus 0.8, works too.
    """

    receivers: Sequence[Any]
    """Nodes that request, by number."""
    contents: Sequence[Any]
    """Names of the contents, by number."""
    n_contents: int
    """Size of the catalogue."""
    n_requests: int
    """Requests in all, warm-up included."""

    def batches(self) -> Iterator[RequestBatch]:
        """Yield all requests from the start; each call yields the same ones."""
        ...


def iterate_events(workload: Workload) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield the requests of a native workload as ``(time, event)`` pairs.

    An event is a dict with the keys ``receiver`` (node), ``content`` (name) and ``log`` (whether
    the request is measured).
    """
    receivers, contents = workload.receivers, workload.contents
    for batch in workload.batches():
        for time, receiver, content, measured in zip(
            batch.time.tolist(),
            batch.receiver.tolist(),
            batch.content.tolist(),
            batch.measured.tolist(),
            strict=True,
        ):
            yield (
                time,
                {
                    "receiver": receivers[receiver],
                    "content": contents[content],
                    "log": measured,
                },
            )
