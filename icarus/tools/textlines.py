"""Lines of text files that may be compressed, and errors that say where a file is broken."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import Literal

from icarus.errors import TraceError, nearest_file
from icarus.tools.compressed import DAMAGED_STREAM, open_binary

__all__ = [
    "BINARY_FILE",
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

READ_ERRORS = (*DAMAGED_STREAM, OSError)
"""What reading a file that `open_binary` opened may raise."""


def text_lines(
    path: str | PathLike[str], errors: Literal["strict", "backslashreplace"] = "strict"
) -> Iterator[str]:
    """Yield the lines of a file in UTF-8, with their ends and without a byte order mark.

    Parameters
    ----------
    path : str or path-like
        May be compressed (.gz, .bz2, .xz, .zst).
    errors : {"strict", "backslashreplace"}, optional
        Whether bytes that are not UTF-8 are an error, or become ``\\xhh``.

    Raises
    ------
    TraceError
        If the file cannot be read or is damaged.
    """
    number = 0
    try:
        with open_binary(path) as stream:
            for raw in stream:
                number += 1
                text = raw.decode(errors=errors)
                yield text.removeprefix("\ufeff") if number == 1 else text
    except UnicodeDecodeError as error:
        if b"\0" in error.object:
            raise TraceError(path, BINARY_FILE) from None
        byte = error.object[error.start]
        raise TraceError(
            path,
            f"byte {byte:#04x} at position {error.start + 1} of the line is not UTF-8; "
            f"a trace must be UTF-8 text",
            number,
        ) from None
    except READ_ERRORS as error:
        raise read_error(path, error, number) from None


def request_lines(path: str | PathLike[str]) -> Iterator[tuple[int, str]]:
    """Yield the numbers and stripped lines of a log, which may hold any bytes.

    Raises
    ------
    TraceError
        If the file cannot be read, or a line before the last one with text is empty.
    """
    blank = None
    for number, text in enumerate(text_lines(path, errors="backslashreplace"), 1):
        if line := text.strip():
            if blank is not None:
                raise TraceError(path, "empty line; each line must be a request", blank)
            yield number, line
        elif blank is None:
            blank = number


def read_error(path: str | PathLike[str], error: BaseException, done: int = 0) -> TraceError:
    """Return what to raise where reading a file raised `error` after line `done`."""
    # What the decompressors raise has no error number, even where it is an OSError.
    if isinstance(error, OSError) and error.errno is not None:
        found = missing_file(path) or error.strerror or "cannot be read"
        return TraceError(path, found, done + 1 if done else None)
    message = f"the compressed stream is truncated or damaged ({error})"
    return TraceError(path, message, done + 1)


def missing_file(path: str | PathLike[str]) -> str | None:
    """Return what is wrong with `path` as a file to read, with the nearest name, or None."""
    file = Path(path)
    try:
        if file.is_file():
            return None
        if file.is_dir():
            return "this is a folder; a file is needed"
        if file.exists():
            return None
        if not file.parent.is_dir():
            return f"there is no folder {fspath(file.parent)}"
    except OSError as error:
        return error.strerror or str(error)
    return f"there is no such file{nearest_file(path)}"
