"""Requests that are replayed from a trace."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Interval

from icarus.errors import TraceError
from icarus.plaintext import one_line
from icarus.registry import register_workload
from icarus.scenarios.workload.client_receivers import ClientReceivers, ClientRule
from icarus.scenarios.workload.receivers import ReceiverChoice
from icarus.scenarios.workload.request_streams import (
    GAPS,
    RECEIVERS,
    PoissonClock,
    WorkloadStreams,
    measured_after,
)
from icarus.scenarios.workload.requests import RequestBatch, iterate_events
from icarus.scenarios.workload.stationary import check_arrivals
from icarus.traces.formats import FormatName, TimeUnit, named_as_table
from icarus.traces.stream_ends import check_whole
from icarus.traces.trace_catalogue import (
    TraceRules,
    first_sizes,
    kept_requests,
    number_ids,
    read_catalogue,
    requests_of,
    require_sized,
)
from icarus.traces.trace_file import BLOCK_SIZE, TraceReader, missing_file
from icarus.traces.trace_sizes import FirstSizes, ZeroSize, with_size_in_id
from icarus.types import Node, NonNegative, NonNegativeInt, Positive, PositiveInt, Seed

if TYPE_CHECKING:
    import fnss

__all__ = ["TraceDrivenWorkload"]

logger = logging.getLogger("workload")

_Column = np.ndarray | None

_WHOLE_LINE = "\n"
_OPTIONS = (
    *("content_column", "time_column", "size_column", "delimiter", "header", "format"),
    *("time_unit", "operation_column", "operations", "count_column", "client_column"),
)


def _reader(
    reqs_file: str | Path,
    contents_file: str | Path | None = None,
    content_column: str | int | None = None,
    time_column: str | int | None = None,
    size_column: str | int | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    format: FormatName | None = None,  # noqa: A002 - what settings call it
    time_unit: TimeUnit | None = None,
    operation_column: str | int | None = None,
    operations: Sequence[str] | None = None,
    count_column: str | int | None = None,
    client_column: str | int | None = None,
) -> TraceReader:
    table = (content_column, time_column, size_column, delimiter, header)
    more = (time_unit, operation_column, operations, count_column, client_column)
    reader = TraceReader(reqs_file, *table, format, *more)
    if (
        contents_file is not None
        and all(given is None for given in (*table, *more))
        and reader.format_name == "text"
        and not named_as_table(reqs_file)
    ):
        # The catalogue says what an id is, so that a line needs no guessing.
        return TraceReader(reqs_file, delimiter=_WHOLE_LINE)
    return reader


def _check(parameters: dict[str, Any]) -> list[str]:
    """Return what is wrong with the files, reading no more than the head of the trace."""
    problems = []
    for name in ("reqs_file", "contents_file"):
        path = parameters.get(name)
        if isinstance(path, str | Path) and (missing := missing_file(path)):
            problems.append(f"{name}: {path}: {missing}")
        elif name == "contents_file" and isinstance(path, str | Path):
            problems += _cut_short(name, path)
    if parameters.get("warmup_ratio") is not None and parameters.get("n_warmup"):
        problems.append("give n_warmup or warmup_ratio, not both")
    path = parameters.get("reqs_file")
    if problems or not isinstance(path, str | Path):
        return problems
    try:
        options = {name: parameters[name] for name in _OPTIONS if name in parameters}
        reader = _reader(path, parameters.get("contents_file"), **options)
        reader.check_head()
        for note in reader.notes:
            _tell(f"{path}: {note}")
    except TraceError as error:
        return [f"reqs_file: {error}"]
    except ValueError as error:
        return [str(error)]
    except (TypeError, AttributeError):
        return []  # mistyped parameters, of which their annotations tell
    return problems


def _cut_short(name: str, path: str | Path) -> list[str]:
    try:
        check_whole(path)
    except TraceError as error:
        return [f"{name}: {error}"]
    return []


@cache  # a campaign asks about the same trace for each of its experiments
def _tell(note: str) -> None:
    logger.warning("%s", one_line(note))


@register_workload("TRACE_DRIVEN", check=_check)
class TraceDrivenWorkload:
    """Requests replayed from a trace file, plain or compressed, with ids that are any strings.

    The trace is read twice, and never held: once to learn its catalogue, its length and that
    no line is broken, and then for the requests themselves. Within a process the first
    reading is remembered until the file changes. A trace that `icarus.tools.convert_trace`
    converted lists its catalogue, and needs neither the first reading nor any parsing.

    Parameters
    ----------
    topology : fnss.Topology
        The network, which has the receivers.
    reqs_file : str or Path
        The trace: one content id a line, a table, or what `format` says (see
        `icarus.tools.TraceReader` for what is recognised). Names that end in .gz, .bz2, .xz or
        .zst are decompressed.
    contents_file : str or Path, optional
        The catalogue, one id a line, each once. By default it is what the whole trace requests.
    n_contents : int, optional
        Size of the catalogue, if it is to be checked.
    n_warmup : int, optional
        Requests at the start of the trace that are not measured.
    n_measured : int, optional
        Requests after those, which are; by default all that follow.
    rate : float, optional
        Mean number of requests a second, of all receivers together, where the trace has no
        time stamps. They then arrive as a Poisson process.
    beta : float, optional
        Spatial skew: with 0 receivers request equally often; above 0 they are ranked by
        decreasing degree of the node they are attached to, and request at rates that follow
        a Zipf distribution of exponent `beta` over that ranking.
    warmup_ratio : float, optional
        The warm-up as a share of the trace, at least 0 and less than 1, rounded down to
        whole requests; instead of `n_warmup`.
    content_column, time_column, size_column : str or int, optional
        Where in a table the content id, the time stamp and the size (bytes) stand, by name or by
        number from 0.
    delimiter : str, optional
        What separates the columns of a table.
    header : bool, optional
        Whether its first line names them.
    format : str, optional
        What the trace is: ``"text"`` (a list or a table), ``"clf"`` (Common or Combined Log
        Format), ``"squid"``, ``"wikibench"``, ``"youtube"``, ``"twitter"``,
        ``"oracleGeneral"`` (of libCacheSim) or ``"itrace"`` (converted). By default text, or what
        the name and the start of a binary file tell.
    time_unit : {"s", "ms", "us", "ns"}, optional
        What time stamps are given in, unless they are dates. By default it is what the name of
        their column ends in, and seconds otherwise.
    operation_column : str or int, optional
        Where it stands what was done with a content.
    operations : sequence of str, optional
        Which operations are requests; other rows are left out. By default these are GET, GETS
        and GET_LEASE.
    count_column : str or int, optional
        Where it stands how often a request was made.
    seed : int, SeedSequence, Generator or None, optional
        Where receivers and Poisson arrivals come from. Iterating again gives the same ones.
    client_column : str or int, optional
        Where it stands who made the request. Most formats of logs, and "twitter", tell without.
    clients : {"random", "value", "hash"} or mapping, optional
        Which receiver a request comes from: one drawn at random (by `beta`), the one with the
        client's name ("value"), one by a stable hash of that name ("hash"), or what a mapping
        from the names of clients says. By default "hash" if `client_column` is given, and
        "random" otherwise.
    size_change : {"keep", "new"}, optional
        Whether a content that is asked for with another size stays the same content, whose size
        is the caches' affair, or id and size together make a content ("new"), whose name is the
        pair of them.
    zero_size : {"error", "skip", "one"}, optional
        Whether a request for 0 bytes is an error, is left out or is for one byte.
    **kwargs
        Ignored.

    Raises
    ------
    TraceError
        If a file is missing or cannot be read, a line is broken, an id is not in
        `contents_file` or twice in it, or the trace is shorter than was asked for. It is
        a ValueError too.
    ValueError
        If a number is out of its range, `n_contents` is not the size of the catalogue, both
        `n_warmup` and `warmup_ratio` are given, or the topology has no receivers.

    Attributes
    ----------
    receivers : list
        Nodes that request; by rank if `beta` is above 0.
    contents : Catalogue
        The ids, in order of first appearance or as in `contents_file`.
    n_requests : int
        Requests in all.
    rules : TraceRules
        Which lines of the trace are requests, and of which contents.
    """

    def __init__(
        self,
        topology: fnss.Topology,
        reqs_file: str | Path,
        contents_file: str | Path | None = None,
        n_contents: PositiveInt | None = None,
        n_warmup: NonNegativeInt = 0,
        n_measured: NonNegativeInt | None = None,
        rate: Positive = 1.0,
        beta: NonNegative = 0,
        warmup_ratio: Annotated[float, Interval(ge=0, lt=1)] | None = None,
        content_column: str | NonNegativeInt | None = None,
        time_column: str | NonNegativeInt | None = None,
        size_column: str | NonNegativeInt | None = None,
        delimiter: str | None = None,
        header: bool | None = None,
        format: FormatName | None = None,  # noqa: A002 - what settings call it
        time_unit: TimeUnit | None = None,
        operation_column: str | NonNegativeInt | None = None,
        operations: Sequence[str] | None = None,
        count_column: str | NonNegativeInt | None = None,
        seed: Seed = None,
        client_column: str | NonNegativeInt | None = None,
        clients: ClientRule | None = None,
        size_change: Literal["keep", "new"] = "keep",
        zero_size: ZeroSize = "error",
        **kwargs: Any,
    ) -> None:
        check_arrivals(rate, n_warmup, n_measured or 0)
        if clients is None:
            clients = "random" if client_column is None else "hash"
        self._choice = ReceiverChoice(topology, beta)
        self._streams = WorkloadStreams(seed)
        self._reader = _reader(
            *(reqs_file, contents_file, content_column, time_column, size_column),
            delimiter=delimiter,
            header=header,
            format=format,
            time_unit=time_unit,
            operation_column=operation_column,
            operations=operations,
            count_column=count_column,
            client_column=client_column,
        )
        self.rules = TraceRules(zero_size, size_change == "new", clients != "random")
        if self.rules.by_size:
            _require_sizes(self._reader, contents_file)
        catalogue = read_catalogue(self._reader, contents_file, self.rules)
        self._clients: ClientReceivers | None = None
        if clients != "random":
            self._clients = ClientReceivers(
                *(self._choice.nodes, clients, catalogue.clients, reqs_file), beta=beta
            )
        self._catalogue = catalogue
        if catalogue.sizes is not None and catalogue.sizes.n_changes:
            _tell(
                f"{reqs_file}: {catalogue.sizes.n_changes} of {catalogue.n_requests} requests have "
                f"another size than the first one for the same content"
            )
        if n_contents is not None and n_contents != len(catalogue.contents):
            raise ValueError(
                f"n_contents is {n_contents}, but the catalogue "
                f"({contents_file or reqs_file}) has {len(catalogue.contents)} contents"
            )
        if warmup_ratio is not None:
            n_warmup = _warmup(warmup_ratio, n_warmup, catalogue.n_requests)
        if n_measured is None:
            n_measured = catalogue.n_requests - n_warmup
        if n_measured < 0 or n_warmup + n_measured > catalogue.n_requests:
            wanted = f"n_warmup={n_warmup}" + (f" and n_measured={n_measured}" * (n_measured >= 0))
            raise TraceError(
                reqs_file,
                f"the trace holds {catalogue.n_requests} requests, fewer than {wanted} ask for",
            )
        self.receivers: Sequence[Node] = self._choice.nodes
        self.contents: Sequence[Any] = catalogue.contents
        self.n_contents = len(catalogue.contents)
        self.reqs_file = reqs_file
        self.contents_file = contents_file
        self.beta = beta
        self.rate = rate
        self.n_warmup = n_warmup
        self.n_measured = n_measured
        self.n_requests = n_warmup + n_measured

    @property
    def has_sizes(self) -> bool:
        """Whether the trace has sizes."""
        if self._catalogue.sizes is not None:
            return True
        first = next(self._reader.blocks(1), None) if self._lists_itself else None
        return first is not None and first.size is not None

    @property
    def catalogue_bytes(self) -> int | None:
        """Bytes of all contents together, by their first requests; None without sizes."""
        sizes = self._sizes()
        return None if sizes is None else sizes.total

    @property
    def n_size_changes(self) -> int:
        """Requests in the whole trace with another size than the first for their content."""
        sizes = self._sizes()
        return 0 if sizes is None else sizes.n_changes

    @property
    def _lists_itself(self) -> bool:
        """Whether the file has its catalogue, so that it has not been read from end to end."""
        return self._catalogue.numbers is None

    def _sizes(self) -> FirstSizes | None:
        if self._catalogue.sizes is None and self._lists_itself:
            return first_sizes(self._reader, self.rules)
        return self._catalogue.sizes

    def batches(self, size: int = BLOCK_SIZE) -> Iterator[RequestBatch]:
        """Yield all requests from the start, the same ones at each call and for any `size`."""
        clock = PoissonClock(self._streams.generator(GAPS), self.rate)
        receivers = self._streams.generator(RECEIVERS)
        start = 0
        if self.n_requests == 0:
            return
        for contents, times, sizes, chosen in self._numbered(size):
            n = min(len(contents), self.n_requests - start)
            yield RequestBatch(
                time=clock.next(n) if times is None else times[:n],
                receiver=self._choice.sample(n, receivers) if chosen is None else chosen[:n],
                content=contents[:n],
                measured=measured_after(self.n_warmup, start, start + n),
                size=None if sizes is None else sizes[:n],
            )
            start += n
            if start == self.n_requests:
                return

    def _numbered(self, size: int) -> Iterator[tuple[np.ndarray, _Column, _Column, _Column]]:
        """Yield contents, times, sizes and receivers of all requests, remembered or read again."""
        # Who they come from is not remembered.
        kept = None
        if self._clients is None:
            kept = kept_requests(self._reader, self.contents_file, self.rules)
        if kept is None:
            for block in requests_of(self._reader, self.rules, size):
                named = with_size_in_id(block) if self.rules.by_size else block
                contents = number_ids(self._reader, named, self._catalogue.numbers)
                chosen = None if self._clients is None else self._clients.of(block)
                yield contents, block.time, block.size, chosen
            return
        for start in range(0, len(kept.contents), size):
            part = slice(start, start + size)
            yield (
                kept.contents[part].astype(np.int64),
                None if kept.time is None else kept.time[part],
                None if kept.size is None else kept.size[part],
                None,
            )

    def __iter__(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """Yield all requests as pairs of a time and an event dict, from the start."""
        return iterate_events(self)


def _require_sizes(reader: TraceReader, contents_file: str | Path | None) -> None:
    """Raise ValueError if size_change="new" makes no sense."""
    if contents_file is not None:
        raise ValueError(
            'size_change="new" makes contents of ids and sizes, which contents_file does not list'
        )
    require_sized(reader)


def _warmup(ratio: float, n_warmup: int, n_requests: int) -> int:
    if n_warmup:
        raise ValueError(f"give n_warmup ({n_warmup}) or warmup_ratio ({ratio}), not both")
    if not 0 <= ratio < 1:
        raise ValueError(f"warmup_ratio must be at least 0 and less than 1, found {ratio!r}")
    return int(ratio * n_requests)
