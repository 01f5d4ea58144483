"""The catalogue of a trace: which contents there are, by number.

It is learned by reading the trace once, unless the file lists it. Distinct ids are remembered, and
of traces that take no more than some megabytes as numbers all requests are, so that replications,
and caches of many sizes, in one process share the reading.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from icarus.core.catalogue import Catalogue
from icarus.errors import TraceError
from icarus.traces.binary import NumberedIds
from icarus.traces.formats import TraceFormat
from icarus.traces.numbering import Numbering
from icarus.traces.trace_file import BLOCK_SIZE, TraceBlock, TraceReader, missing_file
from icarus.traces.trace_sizes import FirstSizes, ZeroSize, with_size_in_id, with_sizes

__all__ = [
    "FileVersion",
    "NumberedRequests",
    "TraceCatalogue",
    "TraceRules",
    "file_version",
    "first_sizes",
    "kept_requests",
    "number_ids",
    "read_catalogue",
    "requests_of",
    "require_sized",
]

_MOST_BYTES = 2**26
"""What all requests that a process remembers may take together."""


class TraceRules(NamedTuple):
    """How the requests of a trace are taken."""

    zero_size: ZeroSize | None = None
    """What becomes of those for 0 bytes; None does not look."""
    by_size: bool = False
    """Whether the same id with another size is another content."""
    clients: bool = False
    """Whether it is of interest who they come from."""


class TraceCatalogue(NamedTuple):
    """What the first reading of a trace leaves."""

    numbers: Mapping[Any, int] | None
    """From content id to its position in `contents`; None where the file has the positions."""
    contents: Catalogue
    """All ids."""
    n_requests: int
    """Requests in the whole trace."""
    sizes: FirstSizes | None = None
    """Sizes of its contents, where it has any and they have been looked at."""
    clients: Mapping[str, int] = MappingProxyType({})
    """The line of each client's first request."""


class NumberedRequests(NamedTuple):
    """All requests of a trace, in arrays that are read-only."""

    contents: np.ndarray
    """int32 or int64, (n_requests,): positions in the catalogue."""
    time: np.ndarray | None
    """float64, (n_requests,): seconds; None where none are read."""
    size: np.ndarray | None
    """int64, (n_requests,): bytes; None where none are read."""


class FileVersion(NamedTuple):
    """A file as it was at some moment."""

    path: str
    modified: int
    size: int


def read_catalogue(
    reader: TraceReader,
    contents_file: str | Path | None = None,
    rules: TraceRules = TraceRules(),  # noqa: B008 - it cannot be changed
) -> TraceCatalogue:
    """Read a trace from end to end and return its catalogue, or remember it from before.

    Parameters
    ----------
    reader : TraceReader
        The trace.
    contents_file : str or Path, optional
        The catalogue, one id a line; by default the ids in order of first appearance.
    rules : TraceRules, optional
        Where they are by size, contents are pairs of an id and a size.

    Raises
    ------
    TraceError
        If a line of either file is broken, an id is not in `contents_file` or twice in it.
    """
    contents = None if contents_file is None else file_version(contents_file)
    return _read(file_version(reader.path), reader.format, contents, rules)


def requests_of(
    reader: TraceReader, rules: TraceRules, size: int = BLOCK_SIZE
) -> Iterator[TraceBlock]:
    """Yield the requests of a trace as they are taken, at most `size` at a time.

    Contents have their ids still, also where the rules are by size.
    """
    blocks = reader.blocks(size)
    return blocks if rules.zero_size is None else with_sizes(reader.path, blocks, rules.zero_size)


def require_sized(reader: TraceReader) -> None:
    """Raise ValueError if a trace has no sizes for contents to be told by."""
    first = next(reader.blocks(1), None)
    if first is not None and first.size is None:
        raise ValueError('size_change="new" needs sizes, and the trace has none; say size_column')


def first_sizes(reader: TraceReader, rules: TraceRules) -> FirstSizes | None:
    """Return the sizes of the contents of a trace that lists them itself; None without any."""
    return _first_sizes(file_version(reader.path), reader.format, rules)


@lru_cache(maxsize=4)
def _first_sizes(trace: FileVersion, layout: TraceFormat, rules: TraceRules) -> FirstSizes | None:
    reader = TraceReader(trace.path, *astuple(layout))
    sizes = FirstSizes()
    for block in requests_of(reader, rules):
        if block.size is None:
            return None
        sizes.add(number_ids(reader, block, None), block.size)
    return sizes


def kept_requests(
    reader: TraceReader,
    contents_file: str | Path | None = None,
    rules: TraceRules = TraceRules(),  # noqa: B008 - it cannot be changed
) -> NumberedRequests | None:
    """Return the requests of a trace if ``read_catalogue`` remembers them, else None.

    Of a file that has changed since it remembers nothing.

    Parameters
    ----------
    reader, contents_file, rules
        As for ``read_catalogue``.
    """
    contents = None if contents_file is None else file_version(contents_file)
    return _kept.get((file_version(reader.path), reader.format, contents, rules))


def number_ids(
    reader: TraceReader, block: TraceBlock, numbers: Mapping[Any, int] | None
) -> np.ndarray:
    """Return the numbers of a block's contents, int64, (n,); TraceError for an unknown id."""
    if numbers is None:
        assert isinstance(block.ids, NumberedIds)
        return block.ids.numbers
    try:
        return np.fromiter(map(numbers.__getitem__, block.ids), np.int64, len(block.ids))
    except KeyError:
        unknown = next(i for i, name in enumerate(block.ids) if name not in numbers)
        raise TraceError(
            reader.path,
            f"content {block.ids[unknown]!r} is not in the catalogue",
            block.lines[unknown],
        ) from None


_Key = tuple[FileVersion, TraceFormat, FileVersion | None, TraceRules]


class _Kept:
    """Requests of traces, the latest ones, as long as there is room."""

    def __init__(self) -> None:
        self._requests: OrderedDict[_Key, NumberedRequests] = OrderedDict()

    def get(self, key: _Key) -> NumberedRequests | None:
        return self._requests.get(key)

    def put(self, key: _Key, requests: NumberedRequests) -> None:
        self._requests[key] = requests
        while sum(map(_bytes, self._requests.values())) > _MOST_BYTES:
            self._requests.popitem(last=False)


def _bytes(requests: NumberedRequests) -> int:
    return sum(column.nbytes for column in requests if column is not None)


_kept = _Kept()


class _Recorder:
    """The requests of a trace while it is read, unless they become too many."""

    def __init__(self) -> None:
        self._parts: list[NumberedRequests] = []
        self._room = _MOST_BYTES

    def add(self, numbers: np.ndarray, block: TraceBlock) -> None:
        if self._room < 0:
            return
        narrow = numbers.astype(np.int32) if numbers.max() < 2**31 else numbers
        part = NumberedRequests(narrow, block.time, block.size)
        self._parts.append(part)
        self._room -= _bytes(part)
        if self._room < 0:
            self._parts.clear()

    def keep(self, key: _Key) -> None:
        """Remember them."""
        if not self._parts:
            return
        whole = [
            None if columns[0] is None else np.concatenate(columns)
            for columns in zip(*self._parts, strict=True)
        ]
        for column in whole:
            if column is not None:
                column.flags.writeable = False
        _kept.put(key, NumberedRequests(*whole))  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def _read(
    trace: FileVersion, layout: TraceFormat, contents: FileVersion | None, rules: TraceRules
) -> TraceCatalogue:
    reader = TraceReader(trace.path, *astuple(layout))
    own = None if contents is not None else reader.own_catalogue()
    listed = None if contents is None else _read_contents(contents.path)
    if own is not None and not (rules.by_size or rules.clients or rules.zero_size == "skip"):
        return TraceCatalogue(None, Catalogue(own[0]), own[1])
    numbering = Numbering(reader)
    sizes, clients, n_requests = FirstSizes(), dict[str, int](), 0
    recorder = _Recorder()
    for block in requests_of(reader, rules):
        if rules.by_size:
            block = with_size_in_id(block)
        number = numbering.of(block) if listed is None else number_ids(reader, block, listed)
        recorder.add(number, block)
        if block.size is not None:
            sizes.add(number, block.size)
        if rules.clients and block.clients is not None:
            for client, line in zip(block.clients, block.lines, strict=True):
                clients.setdefault(client, line)
        n_requests += len(block.ids)
    if n_requests == 0 and listed is None:
        raise TraceError(reader.path, "the trace holds no requests")
    recorder.keep((trace, layout, contents, rules))
    told = sizes if sizes.n_contents else None
    if own is not None and not rules.by_size:
        return TraceCatalogue(None, Catalogue(own[0]), n_requests, told, clients)
    numbers = numbering.numbers() if listed is None else listed
    return TraceCatalogue(numbers, Catalogue(numbers), n_requests, told, clients)


def _read_contents(path: str) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for block in TraceReader(path, delimiter="\n").blocks():
        for name, line in zip(block.ids, block.lines, strict=True):
            if numbers.setdefault(name, len(numbers)) != line - 1:
                raise TraceError(
                    path,
                    f"content {name!r} is already on line {numbers[name] + 1}; "
                    f"each content must be listed once",
                    line,
                )
    if not numbers:
        raise TraceError(path, "the catalogue is empty")
    return numbers


def file_version(path: str | Path) -> FileVersion:
    """Return a file as it is now; TraceError if there is none that can be read again and again."""
    if missing := missing_file(path):
        raise TraceError(path, missing)
    try:
        status = Path(path).stat()
    except OSError as error:
        raise TraceError(path, error.strerror or "cannot be read") from None
    return FileVersion(str(Path(path).absolute()), status.st_mtime_ns, status.st_size)
