"""The one vocabulary for how a job can end."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["FAILURES", "RUN_AGAIN", "Status"]


class Status(StrEnum):
    """How a job ended. Planned jobs are always the sum over all statuses."""

    OK = "OK"
    """It gave its result."""
    FAILED = "FAILED"
    """It raised an exception."""
    TIMEOUT = "TIMEOUT"
    """It ran longer than it was allowed to."""
    STALLED = "STALLED"
    """It gave no sign of life for too long."""
    LOST = "LOST"
    """Its worker died."""
    CANCELLED = "CANCELLED"
    """Its own code asked to stop."""
    VETOED = "VETOED"
    """It was excluded before it started."""
    SKIPPED = "SKIPPED"
    """It was not needed."""
    INTERRUPTED = "INTERRUPTED"
    """The campaign was stopped before it ended."""


FAILURES = frozenset({Status.FAILED, Status.TIMEOUT, Status.STALLED, Status.LOST})
"""Of jobs that were run and went wrong."""

RUN_AGAIN = frozenset({Status.INTERRUPTED, Status.SKIPPED, Status.VETOED})
"""Of jobs that were not run to an end: a later run of the campaign decides about them anew."""
