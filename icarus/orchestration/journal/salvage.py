"""Reading what is left of a damaged journal, page by page, without SQLite.

SQLite finds rows by way of a tree of pages; where one page of it is gone, so is all below. The
rows themselves are in its leaves, and each entry of ``records`` has a checksum. So every leaf
in the file, and in the log of writes beside it, is looked at, and what has its right checksum is
taken. The format is that of https://www.sqlite.org/fileformat.html.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from icarus.orchestration.journal.schema import PAGE_SIZE, checksum

__all__ = ["Salvage", "salvage"]

_LEAF = 0x0D
_MOST_LOCAL = PAGE_SIZE - 35
_LEAST_LOCAL = (PAGE_SIZE - 12) * 32 // 255 - 23
_HEADER, _WAL_HEADER, _FRAME_HEADER = 100, 32, 24
_CHECKSUM_TYPE = 12 + 2 * 16
_JOB = re.compile(r"[0-9a-f]{16}-\d+")
_JOB_COLUMNS, _RECORD_COLUMN = (15, 16), 10
"""Columns of a job in journals of the first format and of the second; and the one of its entry."""
_DAMAGE = (LookupError, struct.error, UnicodeDecodeError, ValueError)

_Page = Callable[[int], bytes]


@dataclass
class Salvage:
    """What a damaged journal still holds."""

    entries: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Number and payload of the newest entry that is sound, by its key."""
    ended: set[str] = field(default_factory=set)
    """Ids of the jobs that are known to have ended."""


def salvage(path: Path) -> Salvage:
    """Return what can be read of a damaged journal.

    Raises
    ------
    OSError
        If the file cannot be read at all.
    """
    found = Salvage()
    with _mapped(path) as main, _mapped(path.with_name(f"{path.name}-wal")) as log:
        frames = _frames(log)

        def newest(number: int) -> bytes:
            start = frames.get(number)
            return _old(number) if start is None else bytes(log[start : start + PAGE_SIZE])

        def _old(number: int) -> bytes:
            start = (number - 1) * PAGE_SIZE
            return bytes(main[start : start + PAGE_SIZE])

        for number in range(1, len(main) // PAGE_SIZE + 1):
            _read_leaf(number, _old(number), newest, found)
        for number in frames:
            _read_leaf(number, newest(number), newest, found)
    return found


class _mapped:  # noqa: N801 - used like a function
    """A file as bytes; none where there is no such file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> mmap.mmap | bytes:
        self._map: mmap.mmap | None = None
        if not self._path.is_file() or not self._path.stat().st_size:
            return b""
        with self._path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._map

    def __exit__(self, *_: object) -> None:
        if self._map is not None:
            self._map.close()


def _frames(log: mmap.mmap | bytes) -> dict[int, int]:
    """Return where in the log of writes the newest content of each page is that was committed."""
    committed: dict[int, int] = {}
    pending: dict[int, int] = {}
    salts = bytes(log[16:24])
    for start in range(_WAL_HEADER, len(log) - _FRAME_HEADER - PAGE_SIZE + 1, _FRAME_SIZE):
        number, size = struct.unpack(">II", log[start : start + 8])
        if bytes(log[start + 8 : start + 16]) != salts:
            # What follows is left over from before the log was begun anew.
            break
        pending[number] = start + _FRAME_HEADER
        if size:
            committed |= pending
            pending.clear()
    return committed


_FRAME_SIZE = _FRAME_HEADER + PAGE_SIZE


def _read_leaf(number: int, page: bytes, pages: _Page, found: Salvage) -> None:
    first = _HEADER if number == 1 else 0
    if len(page) < PAGE_SIZE or page[first] != _LEAF:
        return
    (cells,) = struct.unpack_from(">H", page, first + 3)
    for cell in range(min(cells, PAGE_SIZE // 4)):
        with suppress(*_DAMAGE):
            (start,) = struct.unpack_from(">H", page, first + 8 + 2 * cell)
            _take(*_cell(page, start, pages), found)


def _varint(raw: bytes, start: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        value = value << 7 | raw[start + i] & 0x7F
        if raw[start + i] < 0x80:
            return value, start + i + 1
    return value << 8 | raw[start + 8], start + 9


def _cell(page: bytes, start: int, pages: _Page) -> tuple[int, bytes]:
    """Return number and content of a row."""
    size, start = _varint(page, start)
    row, start = _varint(page, start)
    if size <= _MOST_LOCAL:
        return row, page[start : start + size]
    local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (PAGE_SIZE - 4)
    local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
    parts = [page[start : start + local]]
    (more,) = struct.unpack_from(">I", page, start + local)
    left = size - local
    while left > 0 and more:
        overflow = pages(more)
        (more,) = struct.unpack_from(">I", overflow)
        parts.append(overflow[4 : 4 + left])
        left -= len(overflow) - 4
    return row, b"".join(parts)


def _columns(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and bytes of each column of a row."""
    end, at = _varint(content, 0)
    body = end
    while at < end:
        kind, at = _varint(content, at)
        size = (kind - 12) // 2 if kind >= 12 else (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)[kind]
        yield kind, content[body : body + size]
        body += size


def _take(row: int, content: bytes, found: Salvage) -> None:
    columns = list(_columns(content))
    kinds = [kind for kind, _ in columns]
    if len(columns) == 4 and kinds[0] == 0 and kinds[2] == _CHECKSUM_TYPE:
        key, payload = columns[1][1].decode(), columns[3][1]
        sound = checksum(key, payload) == columns[2][1]
        if sound and row >= found.entries.get(key, (0, b""))[0]:
            found.entries[key] = row, payload
    elif len(columns) in _JOB_COLUMNS and kinds[_RECORD_COLUMN]:
        job = columns[0][1].decode()
        if _JOB.fullmatch(job):
            found.ended.add(job)
