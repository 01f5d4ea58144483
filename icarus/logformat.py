"""How a log record is written: the one door of log messages to the terminal and to log files."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path

from icarus.plaintext import cut, plain

__all__ = ["LOG_DATE_FORMAT", "LOG_FORMAT", "LogFile", "PlainFormatter"]

logger = logging.getLogger("logs")

LOG_FORMAT = "[%(asctime)s|%(levelname)s|%(name)s] %(message)s"
LOG_DATE_FORMAT = "%H:%M:%S %Y-%m-%d"

_LONGEST = 20_000
"""Characters of a record that are written; a deep traceback takes half as many."""


class PlainFormatter(logging.Formatter):
    """Writes records as plain text, lines after the first indented, so that none can be forged."""

    def __init__(self) -> None:
        super().__init__(LOG_FORMAT, LOG_DATE_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text that moves no cursor and is not endless."""
        text = plain(cut(super().format(record), _LONGEST))
        return text.replace("\n", "\n    ") if "\n" in text else text


class LogFile(logging.FileHandler):
    """A file to append to, in UTF-8; one that takes no more is told of once, and left alone.

    Parameters
    ----------
    path : Path
    told_as : str, optional
        What stands before the path where that is told.
    """

    def __init__(self, path: Path, told_as: str = "") -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(PlainFormatter())
        self._told_as = told_as
        self._given_up = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        if not self._given_up:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Give up a file that cannot be written."""
        error = sys.exception()
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._given_up = True
        text = error.strerror or error
        logger.warning("%s%s: %s; the log ends there", self._told_as, self.baseFilename, text)

    def close(self) -> None:
        """Close the file; what is left in its buffer may not be written either."""
        with suppress(OSError):
            super().close()
