"""Traces in binary form: the one that Icarus writes to stream from quickly, and libCacheSim's.

An ``itrace`` file holds, little-endian and without gaps:

- the eight bytes ``\\x89ITRACE\\n`` and, as an unsigned 32-bit integer, the length of what follows;
- a JSON object in UTF-8: ``version`` (1, or 2 of a file with clients), ``n_requests``,
  ``n_contents``, ``catalogue_bytes`` and ``columns``, a list of [name, NumPy type] of which
  ``content`` is the first and ``time`` (seconds), ``size`` (bytes) and ``client`` may follow; with
  clients also ``n_clients`` and ``clients_bytes``;
- the catalogue: the length in bytes of each id, unsigned 32-bit, and then the ids in UTF-8;
- with clients, the same of their names;
- the requests, records of the columns; a content is a position in the catalogue, from 0, and a
  client one among the names.

An ``oracleGeneral`` file holds records of 24 bytes: time u32, id u64, size u32, next access i64.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeAlias, overload

import numpy as np

from icarus.core.partial import replaced
from icarus.errors import TraceError
from icarus.plaintext import one_line
from icarus.traces.compressed import COMPRESSION_SUFFIXES, open_binary
from icarus.traces.pipes import is_pipe
from icarus.traces.text_lines import READ_ERRORS, read_error

__all__ = [
    "MAGIC",
    "TRACE_SUFFIX",
    "BinaryTrace",
    "NumberedClients",
    "NumberedIds",
    "Requests",
    "check_oracle_general",
    "oracle_general_blocks",
    "read_header",
    "write_trace",
]

MAGIC = b"\x89ITRACE\n"
TRACE_SUFFIX = ".itrace"
"""How the names of files that Icarus converted end."""

_VERSION, _WITH_CLIENTS = 1, 2
_LONGEST_HEADER = 2**14
_PIECE = 2**16
"""Ids, and bytes, that are read at a time."""
_COLUMNS = {"content": ("<u4", "<u8"), "time": ("<f8",), "size": ("<i8",), "client": ("<u4",)}
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]+")
_NOTHING = bytes(24)
_ORACLE = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])

_Column: TypeAlias = np.ndarray | None
Requests: TypeAlias = tuple[np.ndarray, _Column, _Column, _Column]
"""Content numbers or ids, times, sizes and client numbers of consecutive requests, each (n,)."""


class NumberedIds(Sequence[str]):
    """Names of contents that are kept as positions in the catalogue of a trace."""

    def __init__(self, numbers: np.ndarray, trace: BinaryTrace) -> None:
        self.numbers = numbers
        """int64, (n,): positions among the names."""
        self.trace = trace

    @property
    def names(self) -> list[str]:
        """What there is to be named."""
        return self.trace.contents

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> NumberedIds: ...
    def __getitem__(self, i: int | slice) -> str | NumberedIds:
        if isinstance(i, slice):
            return type(self)(self.numbers[i], self.trace)
        return self.names[int(self.numbers[i])]

    def __iter__(self) -> Iterator[str]:
        return map(self.names.__getitem__, self.numbers.tolist())


class NumberedClients(NumberedIds):
    """Names of clients that are kept as positions among those of a trace."""

    @property
    def names(self) -> list[str]:
        """The trace's clients."""
        return self.trace.clients


class _Header(NamedTuple):
    n_requests: int
    n_contents: int
    catalogue_bytes: int
    record: np.dtype[Any]
    start: int
    """Where the catalogue begins."""
    n_clients: int
    clients_bytes: int

    @property
    def first_client(self) -> int:
        return self.start + 4 * self.n_contents + self.catalogue_bytes

    @property
    def first_record(self) -> int:
        return self.first_client + 4 * self.n_clients + self.clients_bytes

    @property
    def end(self) -> int:
        return self.first_record + self.n_requests * self.record.itemsize


class BinaryTrace:
    """A trace that Icarus converted.

    Parameters
    ----------
    path : str or path-like
        The file; may be compressed.

    Raises
    ------
    TraceError
        If it is no such file, or damaged.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = path
        try:
            with open_binary(path) as file:
                self._header = read_header(path, file)
                self._check_length()
        except READ_ERRORS as error:
            raise read_error(path, error) from None

    @property
    def n_requests(self) -> int:
        """How many requests it holds."""
        return self._header.n_requests

    @cached_property
    def contents(self) -> list[str]:
        """The catalogue; TraceError if it is damaged."""
        head = self._header
        return self._names(head.start, head.n_contents, head.catalogue_bytes, least=1)

    @cached_property
    def clients(self) -> list[str]:
        """Who requests; TraceError if that is damaged."""
        head = self._header
        return self._names(head.first_client, head.n_clients, head.clients_bytes, least=0)

    def _names(self, start: int, n: int, n_bytes: int, least: int) -> list[str]:
        try:
            with open_binary(self.path) as file:
                _skip(file, start)
                return self._read_names(file, n, n_bytes, least)
        except READ_ERRORS as error:
            raise read_error(self.path, error) from None

    def blocks(self, size: int) -> Iterator[Requests]:
        """Yield the requests, `size` at a time; TraceError where the file is damaged."""
        record, done, last = self._header.record, 0, -np.inf
        try:
            with open_binary(self.path) as file:
                _skip(file, self._header.first_record)
                # One buffer for all blocks: memory that is new to the process costs as much as
                # reading. What is yielded are copies of its columns.
                buffer = memoryview(bytearray(min(size, self.n_requests) * record.itemsize))
                while done < self.n_requests:
                    n = min(size, self.n_requests - done)
                    raw = buffer[: n * record.itemsize]
                    if _read_into(file, raw) < len(raw):
                        raise self._damaged(f"it ends within {n} of its last requests")
                    records = np.frombuffer(raw, record)
                    requests = self._columns(records, last)
                    if requests[1] is not None:
                        last = requests[1][-1]
                    done += n
                    yield requests
        except READ_ERRORS as error:
            raise read_error(self.path, error) from None

    def _columns(self, records: np.ndarray, last: float) -> Requests:
        contents = records["content"].astype(np.int64)
        times = sizes = clients = None
        valid = bool(contents.min() >= 0 and contents.max() < self._header.n_contents)
        if "time" in (records.dtype.names or ()):
            times = records["time"].astype(np.float64)
            # Written so that NaN is impossible too.
            valid &= bool(times[0] >= last and (times[1:] >= times[:-1]).all())
            valid &= bool(-np.inf < times[0] and times[-1] < np.inf)
        if "size" in (records.dtype.names or ()):
            sizes = records["size"].astype(np.int64)
            valid &= bool(sizes.min() >= 0)
        if "client" in (records.dtype.names or ()):
            clients = records["client"].astype(np.int64)
            valid &= bool(clients.max() < self._header.n_clients)
        if not valid:
            raise self._damaged("it holds impossible contents, times, sizes or clients")
        return contents, times, sizes, clients

    def _check_length(self) -> None:
        if Path(self.path).suffix.lower() in COMPRESSION_SUFFIXES:
            return  # how much there is shows when it is read
        if is_pipe(self.path):
            return
        found = Path(self.path).stat().st_size
        if found != self._header.end:
            raise self._damaged(f"it has {found} bytes instead of {self._header.end}")

    def _read_names(self, file: BinaryIO, n: int, n_bytes: int, least: int) -> list[str]:
        # What a file declares may be more than it holds, and more than there is memory for: no
        # more is asked for than has been read and found right.
        lengths = []
        for start in range(0, n, _PIECE):
            part = np.frombuffer(self._read(file, 4 * min(_PIECE, n - start)), "<u4")
            if part.min() < least:
                raise self._damaged("an id is empty")
            lengths.append(part)
        # Lengths of 32 bits, as many as there is memory for, cannot overflow.
        if sum(int(part.sum(dtype=np.int64)) for part in lengths) != n_bytes:
            raise self._damaged("the lengths of its ids do not sum to that of its catalogue")
        names: dict[str, None] = {}
        for part in lengths:
            ends = np.cumsum(part, dtype=np.int64)
            raw = self._read(file, int(ends[-1]))
            try:
                ids = [raw[start:end].decode() for start, end in pairwise([0, *ends.tolist()])]
            except UnicodeDecodeError:
                raise self._damaged("an id is not UTF-8") from None
            known = len(names)
            names.update(dict.fromkeys(ids))
            if len(names) < known + len(ids):
                raise self._damaged("an id is twice in its catalogue")
        return list(names)

    def _read(self, file: BinaryIO, n: int) -> bytes:
        """Return the next `n` bytes; TraceError where there are fewer."""
        parts = []
        while n > 0:
            # Asked for all at once, the memory would be taken before a byte is there.
            part = file.read(min(n, 2**20))
            if not part:
                raise self._damaged("it ends within the catalogue")
            parts.append(part)
            n -= len(part)
        return b"".join(parts)

    def _damaged(self, message: str) -> TraceError:
        return TraceError(
            self.path, f"the converted trace is truncated or damaged: {message}; convert it again"
        )


def read_header(path: str | PathLike[str], file: BinaryIO) -> _Header:
    """Read the header of a trace that Icarus converted; TraceError if there is none."""
    if file.read(len(MAGIC)) != MAGIC:
        raise TraceError(
            path,
            f"this is no trace that Icarus converted; `icarus trace convert SOURCE "
            f"DEST{TRACE_SUFFIX}` makes one",
        )
    try:
        (length,) = struct.unpack("<I", file.read(4))
        if length > _LONGEST_HEADER:
            raise ValueError
        header = json.loads(file.read(length))
        version = header["version"]
        if version not in (_VERSION, _WITH_CLIENTS):
            raise TraceError(
                path,
                f"version {one_line(repr(version), 40)} of the format; this version of Icarus "
                f"reads {_VERSION} and {_WITH_CLIENTS}: convert the trace again",
            )
        columns = [(str(name), str(kind)) for name, kind in header["columns"]]
        names = [name for name, _ in columns]
        if names[0] != "content" or len(set(names)) < len(names):
            raise ValueError
        if any(kind not in _COLUMNS[name] for name, kind in columns):
            raise ValueError
        if ("client" in names) != (version == _WITH_CLIENTS):
            raise ValueError
        counts = [header[key] for key in ("n_requests", "n_contents", "catalogue_bytes")]
        keys = ("n_clients", "clients_bytes")
        counts += [header[key] for key in keys] if version == _WITH_CLIENTS else [0, 0]
        if not all(type(count) is int and 0 <= count < 2**63 for count in counts):
            raise ValueError
        n_requests, n_contents, n_bytes, *of_clients = counts
        # An id has a byte at least, and one client may have no name.
        if n_contents > n_bytes or of_clients[0] > of_clients[1] + 1:
            raise ValueError
    except (struct.error, ValueError, LookupError, TypeError, RecursionError) as error:
        if isinstance(error, TraceError):
            raise
        raise TraceError(path, "the header of the converted trace is damaged") from None
    record, start = np.dtype(columns), len(MAGIC) + 4 + length
    return _Header(n_requests, n_contents, n_bytes, record, start, *of_clients)


def write_trace(
    path: str | PathLike[str],
    contents: Sequence[str],
    n_requests: int,
    blocks: Iterable[Requests],
    columns: Sequence[str],
    clients: Sequence[str] = (),
) -> None:
    """Write a trace in one step: the file is complete or as it was before.

    Parameters
    ----------
    path : str or path-like
        The file. Its folder must exist.
    contents : sequence of str
        The catalogue.
    n_requests : int
        How many requests `blocks` have together.
    blocks : iterable
        The requests, as content numbers, times, sizes and client numbers.
    columns : sequence of {"time", "size", "client"}
        Which of these the requests have.
    clients : sequence of str, optional
        Who requests.

    Raises
    ------
    TraceError
        If the file cannot be written, or there are not `n_requests` requests of `contents`.
    """
    # The file that a link leads to, not the link, is replaced.
    target = Path(path).resolve()
    content_type = "<u4" if len(contents) <= 2**32 else "<u8"
    record = np.dtype([("content", content_type), *((name, _COLUMNS[name][0]) for name in columns)])
    try:
        with replaced(target) as file:
            _write_head(file, contents, n_requests, record, clients)
            n_names = len(contents), len(clients)
            written = sum(_write_block(file, block, record, *n_names) for block in blocks)
            if written != n_requests:
                raise ValueError
    except OSError as error:
        raise TraceError(path, f"cannot write: {error.strerror or error}") from error
    except ValueError as error:
        if isinstance(error, TraceError):
            raise
        raise TraceError(path, "the source changed while it was being converted") from None


def _write_head(
    file: BinaryIO,
    contents: Sequence[str],
    n_requests: int,
    record: np.dtype[Any],
    clients: Sequence[str],
) -> None:
    ids = [content.encode() for content in contents]
    header = {
        "version": _VERSION,
        "n_requests": n_requests,
        "n_contents": len(ids),
        "catalogue_bytes": sum(map(len, ids)),
        "columns": [[name, record[name].str] for name in record.names or ()],
    }
    tables = [ids]
    if "client" in (record.names or ()):
        # Others are as any version of Icarus reads them.
        names = [client.encode() for client in clients]
        header |= {"n_clients": len(names), "clients_bytes": sum(map(len, names))}
        header["version"] = _WITH_CLIENTS
        tables.append(names)
    text = json.dumps(header).encode()
    file.write(MAGIC + struct.pack("<I", len(text)) + text)
    for table in tables:
        file.write(np.fromiter(map(len, table), "<u4", len(table)).tobytes())
        file.write(b"".join(table))


def _write_block(
    file: BinaryIO, block: Requests, record: np.dtype[Any], n_contents: int, n_clients: int
) -> int:
    contents, *_, clients = block
    if (contents >= n_contents).any() or (clients is not None and (clients >= n_clients).any()):
        raise ValueError
    records = np.empty(len(contents), record)
    for name, column in zip(_COLUMNS, block, strict=True):
        if name in (record.names or ()):
            records[name] = column
    file.write(records.tobytes())
    return len(records)


def check_oracle_general(path: str | PathLike[str]) -> None:
    """Read the start of an oracleGeneral file; TraceError if it cannot be one."""
    for _ in oracle_general_blocks(path, 64):
        break
    if is_pipe(path) or Path(path).suffix.lower() in COMPRESSION_SUFFIXES:
        return
    n, left = divmod(Path(path).stat().st_size, _ORACLE.itemsize)
    if left:
        raise _cut_record(path, left, n)


def _cut_record(path: str | PathLike[str], left: int, n: int) -> TraceError:
    return TraceError(
        path,
        f"{left} bytes are left after {n} records of {_ORACLE.itemsize} bytes; the file is "
        f"truncated, or is not in the format oracleGeneral",
    )


def oracle_general_blocks(path: str | PathLike[str], size: int) -> Iterator[Requests]:
    """Yield the ids, times and sizes of an oracleGeneral file, `size` requests at a time.

    Raises
    ------
    TraceError
        If the file cannot be read, is one of text, ends within a record, or has one that is all
        zeros, or its time goes backwards.
    """
    done, last = 0, -np.inf
    try:
        with open_binary(path) as file:
            while raw := file.read(size * _ORACLE.itemsize):
                if done == 0 and _TEXT.fullmatch(raw, 0, 64 * _ORACLE.itemsize):
                    raise TraceError(
                        path, "this is a file of text, not one in the format oracleGeneral"
                    )
                if left := len(raw) % _ORACLE.itemsize:
                    n = done + len(raw) // _ORACLE.itemsize
                    raise _cut_record(path, left, n)
                records = np.frombuffer(raw, _ORACLE)
                times = records["time"].astype(np.float64)
                zeros = np.flatnonzero(0)
                if raw.find(_NOTHING) >= 0:  # which is quick, and hardly ever so
                    zeros = np.flatnonzero(~np.frombuffer(raw, "<u8").reshape(-1, 3).any(axis=1))
                if len(zeros):
                    raise TraceError(
                        path,
                        f"record {done + int(zeros[0]) + 1} is all zeros; the file is damaged, or "
                        f"not in the format oracleGeneral",
                    )
                back = np.flatnonzero(np.diff(times, prepend=last) < 0)
                if len(back):
                    raise TraceError(
                        path,
                        f"time goes backwards at record {done + int(back[0]) + 1}; requests must "
                        f"be in order of time, and the file in the format oracleGeneral",
                    )
                yield records["id"], times, records["size"].astype(np.int64), None
                last = times[-1]
                done += len(records)
    except READ_ERRORS as error:
        raise read_error(path, error) from None


def _read_into(file: BinaryIO, buffer: memoryview) -> int:
    """Fill a buffer, and return how many bytes there were for it."""
    done = 0
    while n := file.readinto(buffer[done:]):  # type: ignore[attr-defined]
        done += n
    return done


def _skip(file: BinaryIO, n: int) -> None:
    if file.seekable():
        with suppress(OverflowError, ValueError):  # reading finds that nothing is there
            file.seek(n)
        return
    while n > 0:
        n -= len(file.read(min(n, 2**20))) or n
