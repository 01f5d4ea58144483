"""The command line's output: the one place from which text reaches standard output and error.

Everything is made plain, fits the encoding of the terminal, and never dies of it. A stream that
takes no more, as that of ``| head`` or of a full disk, is told by ``OutputLostError``; from then on
nothing more is written to it, also not when the interpreter ends.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import IO, Any

import click

from icarus.plaintext import plain

__all__ = [
    "OutputLostError",
    "confirm",
    "echo",
    "echo_json",
    "finish",
    "fitting",
    "open_streams",
    "writing",
]

_SPELT = str.maketrans({"±": "+/-", "…": "...", "−": "-", "–": "-", "’": "'", "α": "alpha"})
"""What we print beyond ASCII, as it is written where there is nothing else."""


class OutputLostError(OSError):
    """Standard output or standard error takes no more."""

    def exit_code(self) -> int:
        """Return the exit code of a command whose output this is, having said why."""
        if self.errno == errno.EPIPE:
            return 1  # whoever read it, such as `head`, has enough
        with suppress(OutputLostError):
            echo(f"icarus: standard output: {self.strerror}", err=True)
        return 2


def echo(message: object = "", err: bool = False) -> None:
    """Print a message as plain text, and a line end.

    Parameters
    ----------
    message : object
        What is not a string is converted by ``str``. Line ends and tabs stay.
    err : bool, optional
        To standard error.

    Raises
    ------
    OutputLostError
        If it cannot be written.
    """
    stream = sys.stderr if err else sys.stdout
    with writing(stream):
        click.echo(fitting(plain(message), _encoding(stream)), err=err)


def echo_json(text: str) -> None:
    """Print JSON, pure and in ASCII, as ``json.dumps`` makes it by default."""
    # The one control character that JSON does not escape; it occurs in strings only.
    echo(text.replace("\x7f", "\\u007f"))


def confirm(question: str) -> None:
    """Ask a question, and end the command unless the answer is yes."""
    click.confirm(fitting(plain(question), _encoding(sys.stdout)), abort=True)


def fitting(text: str, encoding: str) -> str:
    """Return text as a stream of that encoding can take it: spelt otherwise, else escaped.

    Examples
    --------
    >>> fitting("2 ± 1", "ascii"), fitting("naïve", "ascii"), fitting("naïve", "utf-8")
    ('2 +/- 1', 'na\\\\xefve', 'naïve')
    """
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_SPELT).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _encoding(stream: Any) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


@contextmanager
def writing(stream: IO[str] | None) -> Iterator[None]:
    """Write to a stream within a block; where it takes no more, it is heard of once.

    Raises
    ------
    OutputLostError
        In place of any OSError.
    """
    try:
        yield
    except OSError as error:
        _abandon(stream)
        raise OutputLostError(error.errno, error.strerror) from error


def _abandon(stream: IO[str] | None) -> None:
    """Have what is left in the buffer of a stream go nowhere, rather than fail once more."""
    # A stream that is no file has no number.
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        finally:
            os.close(nowhere)


def open_streams() -> None:
    """Prepare standard output and error for text of any origin, also that of libraries."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.excepthook = _show_exception


def _show_exception(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    """Print the traceback of a defect: it quotes texts of any origin."""
    with suppress(OutputLostError):
        echo("".join(traceback.format_exception(kind, error, where)).rstrip(), err=True)


def finish(code: int) -> int:
    """Write what buffers still hold; return the exit code, `code` unless that fails."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            # A stream that was closed has been flushed.
            with suppress(ValueError), writing(stream):
                stream.flush()
        except OutputLostError as error:
            if stream is sys.stdout:
                code = code or error.exit_code()
    return code
