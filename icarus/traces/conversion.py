"""What a trace holds, and converting it to the form that simulations stream from quickly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from icarus.errors import TraceError
from icarus.traces.binary import TRACE_SUFFIX, Requests, write_trace
from icarus.traces.numbering import Numbering
from icarus.traces.pipes import is_pipe
from icarus.traces.statistics import zipf_fit
from icarus.traces.trace_file import TraceReader, missing_file

__all__ = ["TraceInfo", "convert_trace", "trace_info"]


@dataclass(frozen=True)
class TraceInfo:
    """What a trace holds; names are those of `icarus.tools.trace_stats`."""

    path: str
    format: str
    """As `icarus.tools.TraceReader` names it."""
    n_reqs: int
    n_contents: int
    n_onetimers: int
    """Contents that are requested once."""
    alpha: float
    """The Zipf exponent that fits best; NaN for fewer than two contents."""
    p: float
    """The p-value of that fit; NaN where it was not tested."""
    time: tuple[float, float] | None
    """First and last time stamp, in seconds, where the trace has them."""
    bytes_reqs: int | None
    """Sizes of all requests together, in bytes, where the trace has them."""
    bytes_contents: int | None
    """The largest size of each content, all together, in bytes."""
    notes: tuple[str, ...] = ()
    """What the file has that was not used, and why."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """How many rows are no requests, by their operation."""

    @property
    def onetimers_contents_ratio(self) -> float:
        """Contents that are requested once, per content."""
        return self.n_onetimers / self.n_contents

    @property
    def onetimers_reqs_ratio(self) -> float:
        """Contents that are requested once, per request."""
        return self.n_onetimers / self.n_reqs

    @property
    def mean_reqs_per_content(self) -> float:
        """Requests per content."""
        return self.n_reqs / self.n_contents

    @property
    def best_hit_ratio(self) -> float:
        """Hit ratio of a cache that holds everything from its first request on."""
        return 1 - self.n_contents / self.n_reqs


def trace_info(source: str | PathLike[str], **options: Any) -> TraceInfo:
    """Read a trace and return figures that describe it, with a Zipf fit.

    Parameters
    ----------
    source : str or path-like
        The trace.
    **options
        As for `icarus.tools.TraceReader`: `format`, `content_column`, `time_column`,
        `size_column`, `delimiter`, `header`, `time_unit`, `operation_column`, `operations`,
        `count_column`.

    Returns
    -------
    TraceInfo

    Raises
    ------
    TraceError
        If it cannot be read, has a broken line or no requests.
    ValueError
        If the options contradict each other.
    """
    reader = TraceReader(source, **options)
    return _Summary(reader, Numbering(reader)).info()


def convert_trace(
    source: str | PathLike[str],
    destination: str | PathLike[str],
    *,
    overwrite: bool = False,
    **options: Any,
) -> TraceInfo:
    """Convert a trace to an ``itrace`` file, which simulations need not parse.

    The source is read twice. The requests, their times, sizes and clients and the catalogue are the
    same as those that are read from the source. `icarus.traces.binary` describes the file.

    Parameters
    ----------
    source : str or path-like
        The trace.
    destination : str or path-like
        The file to write, whose name ends in .itrace. It is written in one step; missing
        folders are made.
    overwrite : bool, optional
        Replace `destination` if it exists.
    **options
        As for `icarus.tools.TraceReader`: `format`, `content_column`, `time_column`,
        `size_column`, `delimiter`, `header`, `time_unit`, `operation_column`, `operations`,
        `count_column`, `client_column`.

    Returns
    -------
    TraceInfo
        What `source` holds.

    Raises
    ------
    TraceError
        If `source` cannot be read, has a broken line or no requests, or `destination`
        has another ending, exists, or cannot be written.
    ValueError
        If the options contradict each other.
    """
    target = Path(destination)
    if target.suffix != TRACE_SUFFIX:
        raise TraceError(
            destination,
            f"the name of a converted trace must end in {TRACE_SUFFIX}, as in "
            f"{target.with_suffix(TRACE_SUFFIX).name}",
        )
    if target.exists() and not overwrite:
        raise TraceError(destination, "the file exists; say that it is to be overwritten")
    if is_pipe(source):
        raise TraceError(source, missing_file(source) or "this is a pipe")
    reader = TraceReader(source, **options)
    numbering = Numbering(reader)
    summary = _Summary(reader, numbering)
    info = summary.info()
    columns = [
        name
        for name, known in (("time", info.time), ("size", info.bytes_reqs))
        if known is not None
    ]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TraceError(destination, f"cannot write: {error.strerror or error}") from None
    if summary.clients:
        columns.append("client")
    requests = _requests(reader, numbering, summary.clients)
    clients = list(summary.clients)
    write_trace(target, numbering.contents, info.n_reqs, requests, columns, clients)
    return info


def _requests(
    reader: TraceReader, numbering: Numbering, clients: dict[str, int]
) -> Iterator[Requests]:
    """Yield the requests of a trace; clients that are new get the next number."""
    for block in reader.blocks():
        who = None
        if block.clients is not None:
            numbers = (clients.setdefault(client, len(clients)) for client in block.clients)
            who = np.fromiter(numbers, np.int64, len(block.clients))
        yield numbering.of(block), block.time, block.size, who


class _Summary:
    """What one reading of a trace tells of it."""

    def __init__(self, reader: TraceReader, numbering: Numbering) -> None:
        self._reader = reader
        self._counts = np.zeros(0, dtype=np.int64)
        self._largest = np.zeros(0, dtype=np.int64)
        self._first: float | None = None
        self._last: float | None = None
        self._n_bytes: int | None = None
        self.clients: dict[str, int] = {}
        for numbers, times, sizes, _ in _requests(reader, numbering, self.clients):
            self._add(numbers, times, sizes)

    def _add(self, numbers: np.ndarray, times: np.ndarray | None, sizes: np.ndarray | None) -> None:
        n = max(len(self._counts), int(numbers.max()) + 1)
        counts = np.bincount(numbers, minlength=n)
        counts[: len(self._counts)] += self._counts
        self._counts = counts
        if times is not None:
            self._first = float(times[0]) if self._first is None else self._first
            self._last = float(times[-1])
        if sizes is not None:
            self._largest = np.pad(self._largest, (0, n - len(self._largest)))
            np.maximum.at(self._largest, numbers, sizes)
            self._n_bytes = (self._n_bytes or 0) + int(sizes.sum())

    def info(self) -> TraceInfo:
        counts = self._counts[self._counts > 0]
        if len(counts) == 0:
            raise TraceError(self._reader.path, "the trace holds no requests")
        alpha, p = zipf_fit(counts, need_sorting=True) if len(counts) > 1 else (math.nan, math.nan)
        return TraceInfo(
            path=fspath(self._reader.path),
            format=self._reader.format_name,
            n_reqs=int(counts.sum()),
            n_contents=len(counts),
            n_onetimers=int((counts == 1).sum()),
            alpha=alpha,
            p=p,
            time=None if self._first is None or self._last is None else (self._first, self._last),
            bytes_reqs=self._n_bytes,
            bytes_contents=None if self._n_bytes is None else int(self._largest.sum()),
            notes=self._reader.notes,
            left_out=self._reader.left_out,
        )
