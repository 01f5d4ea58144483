"""Lines of text files that may be compressed, and errors that say where a file is broken."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import BinaryIO, Literal

from icarus.errors import TraceError, nearest_file
from icarus.traces.compressed import DAMAGED_STREAM, compression_of, open_binary
from icarus.traces.pipes import is_pipe, kind_of_file

__all__ = [
    "BINARY_FILE",
    "LONGEST_LINE",
    "MOST_EMPTY_LINES",
    "READ_ERRORS",
    "missing_file",
    "read_error",
    "request_lines",
    "text_lines",
]

BINARY_FILE = (
    "this is a binary file; a trace must be text, or have the format oracleGeneral (say so with "
    "format='oracleGeneral')"
)
"""What is wrong with bytes where text is expected."""

READ_ERRORS = (*DAMAGED_STREAM, OSError, MemoryError)
"""What reading a file that `open_binary` opened may raise."""

LONGEST_LINE = 2**20
"""Bytes that a line may have, without its end."""

MOST_EMPTY_LINES = 1000
"""Empty lines that a trace may end with."""

_PIECE = 2**17
_OWN_DESCRIPTORS = ("/dev/std", "/dev/fd/", "/proc/self/fd/")
_LONE_RETURN = re.compile(rb"\r(?![\r\n]|\Z)")


def text_lines(
    path: str | PathLike[str], errors: Literal["strict", "backslashreplace"] = "strict"
) -> Iterator[str]:
    """Yield the lines of a file in UTF-8, with their ends and without a byte order mark.

    Parameters
    ----------
    path : str or path-like
        May be compressed (.gz, .bz2, .xz, .zst).
    errors : {"strict", "backslashreplace"}, optional
        Whether bytes that are not UTF-8, NUL bytes and carriage returns within a line are an
        error, or such bytes become ``\\xhh`` and the others are kept.

    Raises
    ------
    TraceError
        If the file cannot be read or is damaged, or a line is longer than `LONGEST_LINE`.
    """
    number = 0
    try:
        with open_binary(path) as stream:
            for raw in _whole_lines(stream):
                if len(raw) > LONGEST_LINE and raw.find(b"\n", 0, LONGEST_LINE + 1) < 0:
                    raise TraceError(path, _too_long(raw), number + 1)
                text, wrong = _decoded(raw, errors)
                if number == 0:
                    text = text.removeprefix("\ufeff")
                for line in io.StringIO(text, newline="\n"):
                    number += 1
                    yield line
                if wrong is not None:
                    raise TraceError(path, (number == 0 and _foreign(raw)) or wrong, number + 1)
    except READ_ERRORS as error:
        raise read_error(path, error, number) from None


def _whole_lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield bytes that end with a line, but for the last ones and for lines that are too long."""
    rest = b""
    # What was read before an error is lost to `read`, but not to `read1`.
    while piece := stream.read1(_PIECE):  # type: ignore[attr-defined]
        end = piece.rfind(b"\n") + 1
        if end:
            yield rest + piece[:end]
            rest = piece[end:]
        else:
            rest += piece
            if len(rest) > LONGEST_LINE:
                break
    if rest:
        yield rest


def _decoded(raw: bytes, errors: str) -> tuple[str, str | None]:
    """Return the text of lines, and what is wrong with the line that follows that text, if any."""
    if errors != "strict":
        return raw.decode(errors=errors), None
    wrong, at = None, len(raw)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        at = error.start
        wrong = f"byte {raw[at]:#04x} at position {{}} of the line is not UTF-8"
        wrong += "; a trace must be UTF-8 text"
    nul = raw.find(b"\0", 0, at)
    if nul >= 0:
        at, wrong = nul, f"there is a NUL byte at position {{}} of the line: {BINARY_FILE}"
    # Counting is quick, and most files have none.
    if raw.count(b"\r", 0, at) != raw.count(b"\r\n", 0, at + 1):
        lone = _LONE_RETURN.search(raw, 0, at)
        if lone is not None:
            at = lone.start()
            wrong = "there is a carriage return at position {} of the line, which does not end it"
            wrong += "; lines must end with a line feed"
    if wrong is None:
        return text, None
    start = raw.rfind(b"\n", 0, at) + 1
    return raw[:start].decode(), wrong.format(at - start + 1)


def _foreign(raw: bytes) -> str | None:
    """Return what a file is that starts like this and is no UTF-8."""
    if suffix := compression_of(raw):
        return f"this file is compressed; its name must end in {suffix}"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "this is UTF-16; a trace must be UTF-8 text, as `iconv -f UTF-16 -t UTF-8` makes it"
    return None


def _too_long(raw: bytes) -> str:
    message = f"the line is longer than {LONGEST_LINE:,} bytes"
    return f"{message}: {BINARY_FILE}" if b"\0" in raw[:LONGEST_LINE] else message


def request_lines(path: str | PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield the numbers and stripped lines of a log, which may hold any bytes.

    Raises
    ------
    TraceError
        If the file cannot be read, a line before the last one with text is empty, or there
        are more than `MOST_EMPTY_LINES` after it.
    """
    blank = None
    for number, text in enumerate(text_lines(path, errors="backslashreplace"), 1):
        if line := text.strip():
            if blank is not None:
                raise TraceError(path, "empty line; each line must be a request", blank)
            yield number, line
        elif blank is None:
            blank = number
        elif number - blank > MOST_EMPTY_LINES:
            raise TraceError(path, "empty line; each line must be a request", blank)


def read_error(path: str | PathLike[str], error: BaseException, done: int = 0) -> TraceError:
    """Return what to raise where reading a file raised `error` after line `done`."""
    if isinstance(error, MemoryError):
        return TraceError(path, "there is not enough memory to read it", done + 1)
    # What the decompressors raise has no error number, even where it is an OSError.
    if isinstance(error, OSError) and error.errno is not None:
        found = _missing(path) or error.strerror or "cannot be read"
        return TraceError(path, found, done + 1 if done else None)
    message = f"the compressed stream is truncated or damaged ({error})"
    return TraceError(path, message, done + 1)


def missing_file(path: str | PathLike[str]) -> str | None:
    """Return why `path` is no file that can be read again and again, or None.

    Such a file is needed where a trace is read twice, or by several processes.
    """
    text = fspath(path)
    if is_pipe(path) or text.startswith(_OWN_DESCRIPTORS):
        return (
            "this is a pipe or belongs to one process only, but a file is needed that can be read "
            "more than once; write it to one first, as in `cat PIPE > FILE`"
        )
    return _missing(path)


def _missing(path: str | PathLike[str]) -> str | None:
    """Return what is wrong with `path` as a file to read, with the nearest name, or None."""
    file = Path(path)
    if "\0" in fspath(path):
        return "no file can have this name"
    try:
        if file.is_file():
            return None
        if kind := kind_of_file(path):
            return kind
        if file.exists():
            return None
        if not file.parent.is_dir():
            return f"there is no folder {fspath(file.parent)}"
    except OSError as error:
        return error.strerror or str(error)
    return f"there is no such file{nearest_file(path)}"
