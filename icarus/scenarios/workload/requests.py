"""What a workload yields: requests in batches of arrays.

Nodes and contents are numbers here: positions in the workload's ``receivers`` and
``contents``. Names come back only where a component written in Python asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

__all__ = ["BATCH_SIZE", "RequestBatch", "Workload", "is_native", "iterate_events"]

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
    write: np.ndarray | None = None
    """bool, (n,): whether the content is written rather than read; None if none is.

    A write takes the content from the receiver to its origin along the shortest path, and an
    acknowledgement of the size of a request back. Then all cached copies of it are removed, at
    no cost. Strategies do not hear of it, and it is neither a hit nor a miss.
    """

    def part(self, start: int, stop: int) -> RequestBatch:
        """Return the requests from a position on, up to another one."""
        size, write = self.size, self.write
        return RequestBatch(
            self.time[start:stop],
            self.receiver[start:stop],
            self.content[start:stop],
            self.measured[start:stop],
            None if size is None else size[start:stop],
            None if write is None else write[start:stop],
        )


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
    """Size of the catalogue, of which cache budgets are a share; contents that come to exist
    only later may be left out of account, so that `contents` can be longer."""
    n_requests: int
    """Requests in all, warm-up included."""

    def batches(self) -> Iterator[RequestBatch]:
        """Yield all requests from the start; each call yields the same ones."""
        ...


def is_native(workload: Any) -> bool:
    """Whether a workload is one of batches, and no subclass says otherwise.

    A class written for Icarus 0.8 may extend a built-in workload and yield events of its own, and
    may call anything ``batches``.
    """
    if not callable(getattr(workload, "batches", None)):
        return False
    order = type(workload).__mro__
    by_batch = next((i for i, cls in enumerate(order) if "batches" in vars(cls)), 0)
    by_event = next((i for i, cls in enumerate(order) if "__iter__" in vars(cls)), len(order))
    return by_batch <= by_event and (by_event == len(order) or isinstance(workload, Workload))


def iterate_events(workload: Workload) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield the requests of a native workload as ``(time, event)`` pairs.

    An event is a dict with the keys ``receiver`` (node), ``content`` (name) and ``log`` (whether
    the request is measured). A write has ``write`` too, so that a strategy that does not know of
    writes cannot take it for a read.
    """
    receivers, contents = workload.receivers, workload.contents
    for batch in workload.batches():
        for time, receiver, content, measured, write in zip(
            batch.time.tolist(),
            batch.receiver.tolist(),
            batch.content.tolist(),
            batch.measured.tolist(),
            repeat(False, len(batch.time)) if batch.write is None else batch.write.tolist(),
            strict=True,
        ):
            event = {"receiver": receivers[receiver], "content": contents[content], "log": measured}
            if write:
                event["write"] = True
            yield time, event
