"""The catalogue of a trace: which contents there are, by number.

It is learned by reading the trace once, unless the file lists it. Of all that a trace holds, only
its distinct ids are kept, and they are remembered so that replications in one process share the
reading.
"""

from __future__ import annotations

from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from icarus.core.catalogue import Catalogue
from icarus.errors import TraceError
from icarus.traces.binary import NumberedIds
from icarus.traces.formats import TraceFormat
from icarus.traces.numbering import Numbering
from icarus.traces.trace_file import TraceBlock, TraceReader, missing_file

__all__ = ["FileVersion", "TraceCatalogue", "file_version", "number_ids", "read_catalogue"]


class TraceCatalogue(NamedTuple):
    """What the first reading of a trace leaves."""

    numbers: dict[str, int] | None
    """From content id to its position in `contents`; None where the file has the positions."""
    contents: Catalogue
    """All ids."""
    n_requests: int
    """Requests in the whole trace."""


class FileVersion(NamedTuple):
    """A file as it was at some moment."""

    path: str
    modified: int
    size: int


def read_catalogue(reader: TraceReader, contents_file: str | Path | None = None) -> TraceCatalogue:
    """Read a trace from end to end and return its catalogue, or remember it from before.

    Parameters
    ----------
    reader : TraceReader
        The trace.
    contents_file : str or Path, optional
        The catalogue, one id a line; by default the ids in order of first appearance.

    Raises
    ------
    TraceError
        If a line of either file is broken, an id is not in `contents_file` or twice in it.
    """
    contents = None if contents_file is None else file_version(contents_file)
    return _read(file_version(reader.path), reader.format, contents)


def number_ids(
    reader: TraceReader, block: TraceBlock, numbers: dict[str, int] | None
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


@lru_cache(maxsize=4)
def _read(trace: FileVersion, layout: TraceFormat, contents: FileVersion | None) -> TraceCatalogue:
    reader = TraceReader(trace.path, *astuple(layout))
    n_requests = 0
    if contents is not None:
        listed = _read_contents(contents.path)
        for block in reader.blocks():
            number_ids(reader, block, listed)
            n_requests += len(block.ids)
        return TraceCatalogue(listed, Catalogue(listed), n_requests)
    own = reader.own_catalogue()
    if own is not None:
        return TraceCatalogue(None, Catalogue(own[0]), own[1])
    numbering = Numbering(reader)
    for block in reader.blocks():
        numbering.of(block)
        n_requests += len(block.ids)
    if n_requests == 0:
        raise TraceError(reader.path, "the trace holds no requests")
    numbers = numbering.numbers()
    return TraceCatalogue(numbers, Catalogue(numbers), n_requests)


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
