"""Moments as people write them: a duration from now on, or a date and time."""

from __future__ import annotations

import math
import time
from datetime import datetime
from typing import Any, NamedTuple

from icarus.core.durations import seconds_of
from icarus.errors import ConditionError
from icarus.plaintext import one_line

__all__ = ["When"]


class When(NamedTuple):
    """A delay, or a moment by the calendar, which is not passed by before."""

    delay: float = 0.0
    """In seconds."""
    wall: float = -math.inf
    """In seconds since 1970."""

    @classmethod
    def of(cls, given: Any) -> When:
        """Return the moment that a user gives.

        Parameters
        ----------
        given : float, str, datetime or None
            A duration such as ``"2m30s"``, seconds, a date and time as in ISO 8601, that of the
            machine's zone if none is given, or nothing for at once.

        Raises
        ------
        ConditionError
            If it is none of these.
        """
        if given is None or given == "":
            return cls()
        if isinstance(given, datetime):
            return cls(wall=given.timestamp())
        try:
            return cls(delay=seconds_of(given))
        except ValueError:
            pass
        # Digits alone would be read as a date by Python 3.11.
        if isinstance(given, str) and "-" in given.strip()[1:]:
            try:
                return cls(wall=datetime.fromisoformat(given.strip()).timestamp())
            except (ValueError, OverflowError, OSError):
                pass
        raise ConditionError(
            "a time should be a duration such as '2m30s', seconds, or a date and time such as "
            f"'2026-01-31T18:00:00', found {one_line(repr(given), 60)}"
        ) from None

    def due(self, since: float, now: float) -> float:
        """Return when it is, by a monotonic clock that is at `now`, counted from `since`."""
        if self.wall == -math.inf:
            return since + self.delay
        return max(since, now + self.wall - time.time())
