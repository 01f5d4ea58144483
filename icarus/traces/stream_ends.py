"""Whether a file can be read, and a compressed one is whole, as far as that is told in no time.

The ends of .xz and .bz2 files tell, and the lengths of all blocks of .zst files; a .gz file says
nothing of its length before it is decompressed, which is done with some megabytes at most. What
this does not find shows when the file is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache
from os import SEEK_END, PathLike, fspath
from pathlib import Path
from typing import BinaryIO

from icarus.errors import TraceError
from icarus.traces.compressed import compression_of
from icarus.traces.pipes import is_pipe
from icarus.traces.text_lines import READ_ERRORS, read_error

__all__ = ["check_whole"]

_MOST_BLOCKS = 10**5
"""Of a .zst file, each of up to 128 KiB."""
_MOST_PLAIN = 2**24
"""Bytes of a .gz file that are decompressed."""
_CHUNK, _LITTLE = 2**16, 2**14
"""What is read at once; of a .gz file, which may expand to a thousand times as much."""

_BZ2_END = 0x1772_4538_5090
_ZST_FRAME, _ZST_SKIPPED = 0xFD2F_B528, 0x184D_2A50


def check_whole(path: str | PathLike[str]) -> None:
    """Look at a file without reading it through.

    Parameters
    ----------
    path : str or path-like
        A pipe is left alone.

    Raises
    ------
    TraceError
        If it cannot be read, or is a compressed one that was cut short.
    """
    if is_pipe(path):
        return
    try:
        status = Path(path).stat()
        problem = _problem(fspath(path), status.st_mtime_ns, status.st_size)
    except READ_ERRORS as error:
        raise read_error(path, error) from None
    if problem is not None:
        raise TraceError(path, f"the compressed stream is truncated or damaged ({problem})")


@lru_cache(maxsize=64)
def _problem(path: str, changed: int, size: int) -> str | None:
    """Return what is wrong with a file, which many experiments may name."""
    with Path(path).open("rb") as file:
        suffix = Path(path).suffix.lower()
        if compression_of(file.read(8)) != suffix:
            return None  # whoever reads it says what it is
        file.seek(0)
        return _CHECKS[suffix](file, size)


def _tail(file: BinaryIO, size: int, n: int) -> bytes:
    file.seek(-min(n, size), SEEK_END)
    return file.read(n)


def _xz(file: BinaryIO, size: int) -> str | None:
    # Zeros may follow a stream, which ends in these letters.
    end = _tail(file, size, _CHUNK).rstrip(b"\0")
    return None if not end or end.endswith(b"YZ") else "the last stream is incomplete"


def _bz2(file: BinaryIO, size: int) -> str | None:
    # Before a checksum of 32 bits, and up to 7 bits that fill the last byte.
    end = int.from_bytes(_tail(file, size, 11), "big")
    if any((end >> (32 + fill)) & (2**48 - 1) == _BZ2_END for fill in range(8)):
        return None
    return "the last stream is incomplete"


def _gz(file: BinaryIO, size: int) -> str | None:
    stream, plain = zlib.decompressobj(wbits=31), 0
    data = file.read(_LITTLE)
    while plain < _MOST_PLAIN:
        if stream.eof:
            data = (stream.unused_data or file.read(_LITTLE)).lstrip(b"\0")
            if not data.startswith(b"\x1f\x8b"):
                return None
            stream = zlib.decompressobj(wbits=31)
        if not data:
            return "the last stream is incomplete"
        try:
            plain += len(stream.decompress(data))
        except zlib.error as error:
            return str(error)
        data = b"" if stream.eof else file.read(_LITTLE)
    return None


def _zst(file: BinaryIO, size: int) -> str | None:
    place, blocks = 0, 0
    while place < size and blocks < _MOST_BLOCKS:
        file.seek(place)
        head = file.read(18)
        magic = int.from_bytes(head[:4], "little")
        if magic & ~0xF == _ZST_SKIPPED and len(head) >= 8:
            place += 8 + int.from_bytes(head[4:8], "little")
            continue
        if magic != _ZST_FRAME or len(head) < 5:
            return "the last stream is incomplete" if len(head) < 5 else None
        place += 4 + _zst_header(head[4])
        last = False
        while not last and blocks < _MOST_BLOCKS:
            file.seek(place)
            block = int.from_bytes(file.read(3), "little")
            last, kind = bool(block & 1), block >> 1 & 3
            place += 3 + (1 if kind == 1 else block >> 3)
            blocks += 1
            if place > size:
                return "the last stream is incomplete"
        place += 4 * (head[4] >> 2 & 1)
    return "the last stream is incomplete" if place > size else None


def _zst_header(descriptor: int) -> int:
    """Return how long the header of a frame is, by the first byte of it."""
    single = descriptor >> 5 & 1
    of_content = (single, 2, 4, 8)[descriptor >> 6]
    return 1 + (1 - single) + (0, 1, 2, 4)[descriptor & 3] + of_content


_CHECKS: dict[str | None, Callable[[BinaryIO, int], str | None]] = {
    ".bz2": _bz2,
    ".gz": _gz,
    ".xz": _xz,
    ".zst": _zst,
}
