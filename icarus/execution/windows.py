"""Windows of simulated time or of requests, at whose ends a collector takes stock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from icarus.execution.cursor import Limit

__all__ = ["Windows"]

_MOST = 10**6
"""Windows of one simulation."""


class Windows:
    """The windows that a collector asks for, as far as one does.

    Windows of time begin at multiples of their length, so that they are the same in all
    replications; those of requests at multiples of their number, warm-up included. There are none
    before the first measured request.

    Parameters
    ----------
    collectors : sequence of DataCollector
        One of them may have a method ``end_window`` and say by the attribute ``window``, a `Limit`,
        how long windows are.

    Raises
    ------
    ValueError
        If several of them do.
    """

    def __init__(self, collectors: Sequence[Any]) -> None:
        found = [one for one in collectors if hasattr(one, "end_window")]
        if len(found) > 1:
            names = ", ".join(str(one.name) for one in found)
            raise ValueError(f"only one collector may count by windows, found {names}")
        self._collector: Any = found[0] if found else None
        self._end: Limit | None = None
        self._number = 0

    def limit(self, limit: Limit, cursor: Any) -> Limit:
        """Return a limit, or the end of the window if that comes sooner."""
        if self._collector is None:
            return limit
        end = self._begin(cursor) if self._end is None else self._end
        return Limit(min(limit.until, end.until), min(limit.requests, end.requests))

    def _begin(self, cursor: Any) -> Limit:
        """Settle where the window ends that has the next request."""
        length: Limit = self._collector.window
        if math.isfinite(length.requests):
            number = cursor.served // length.requests
            first, end = int(number * length.requests), (number + 1) * length.requests
            self._collector.begin_window(first)
            self._end = Limit(requests=end)
        else:
            self._collector.begin_window(cursor.served)
            time = cursor.next_time()
            self._end = Limit(math.inf if time is None else _next_multiple(time, length.until))
        return self._end

    def pass_end(self, cursor: Any, limit: Limit, engine: Any) -> bool:
        """End the window if the simulation is there; return whether it is to go on in the next."""
        end = self._end
        if end is None:
            return False
        at_time = cursor.time >= end.until and end.until <= limit.until
        if not at_time and not end.requests <= cursor.served:
            return False
        self._number += 1
        if self._number > _MOST:
            raise ValueError(f"there are more than {_MOST:,} windows; make them longer")
        if not engine.measured:
            # It may take long until something is.
            self._end = None
            return True
        self._collector.end_window(end, cursor.served)
        engine.end_window()
        length = self._collector.window
        self._end = Limit(
            until=_next_multiple(end.until, length.until), requests=end.requests + length.requests
        )
        return True

    def note_event(self, time: float, requests: int, text: str) -> None:
        """Tell the collector what happens between two requests."""
        if self._collector is not None:
            self._collector.note_event(time, requests, text)


def _next_multiple(time: float, length: float) -> float:
    if math.isinf(time) or math.isinf(length):
        return math.inf
    number = math.floor(time / length) + 1
    # Rounding may put the quotient on either side of a whole number.
    while number * length <= time:
        number += 1
    return number * length
