"""Where log messages go: the terminal, without tearing a live view apart, and a file."""

from __future__ import annotations

import logging
from pathlib import Path

from rich.console import Console

from icarus.errors import SettingsError
from icarus.logformat import LogFile, PlainFormatter

__all__ = ["configure_logs"]

logger = logging.getLogger("logs")


class _ConsoleHandler(logging.Handler):
    """Prints records above the live view; without summaries, which the view itself shows."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "progress":
            return
        style = "red" if record.levelno >= logging.ERROR else None
        self._console.print(self.format(record), style=style, markup=False, highlight=False)


def configure_logs(
    level: int, *, live_console: Console | None = None, log_file: Path | None = None
) -> None:
    """Send log records of `level` and above to standard error, and to a file if one is named.

    Parameters
    ----------
    level : int
        As in ``logging``.
    live_console : rich.console.Console, optional
        The console that a live view is drawn on, if there is one.
    log_file : Path, optional
        A file to append to. It gets at least what INFO lets through.

    Raises
    ------
    SettingsError
        If the file cannot be written.
    """
    formatter = PlainFormatter()
    handlers: list[logging.Handler] = []
    terminal: logging.Handler = (
        logging.StreamHandler() if live_console is None else _ConsoleHandler(live_console)
    )
    terminal.setLevel(level)
    handlers.append(terminal)
    if log_file is not None:
        try:
            to_file = LogFile(log_file, "--log-file ")
        except OSError as error:
            raise SettingsError([f"--log-file {log_file}: {error.strerror}"]) from error
        to_file.setLevel(min(level, logging.INFO))
        handlers.append(to_file)
    root = logging.getLogger()
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(min(handler.level for handler in handlers))
    # Only our own messages are of interest at DEBUG; matplotlib alone writes thousands.
    for library in ("matplotlib", "PIL", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
