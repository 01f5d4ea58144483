"""Exceptions of users' code as text, whatever they do when they are asked for it."""

from __future__ import annotations

import traceback

from icarus.errors import Cancel, IcarusError
from icarus.orchestration.jobs import LONGEST_MESSAGE, LONGEST_TRACEBACK
from icarus.plaintext import cut, one_line

__all__ = ["error_line", "traceback_text"]


def error_line(error: BaseException) -> str:
    """Return what was raised, and what it says, in one line.

    Errors that Icarus words itself, and reasons to cancel a job, stand without their class.
    """
    try:
        text = one_line(error, LONGEST_MESSAGE)
    except BaseException:
        text = ""
    # By its real type: an object may claim to be of another class.
    if issubclass(type(error), (IcarusError, Cancel)):
        return text
    return f"{_name(error)}: {text}" if text else _name(error)


def _name(error: BaseException) -> str:
    # A metaclass may have a ``__name__`` of its own that is no text, or raises.
    return one_line(type.__dict__["__name__"].__get__(type(error)), LONGEST_MESSAGE)


def traceback_text(error: BaseException) -> str:
    """Return the traceback of an exception, cut if it is very long."""
    try:
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except BaseException:
        # It cannot be asked for its causes, notes or name.
        where = "".join(traceback.format_tb(error.__traceback__))
        text = f"Traceback (most recent call last):\n{where}{error_line(error)}\n"
    return cut(text, LONGEST_TRACEBACK)
