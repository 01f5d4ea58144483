"""How a log record is written: the one door of log messages to the terminal and to log files."""

from __future__ import annotations

import logging

from icarus.plaintext import cut, plain

__all__ = ["LOG_DATE_FORMAT", "LOG_FORMAT", "PlainFormatter"]

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
