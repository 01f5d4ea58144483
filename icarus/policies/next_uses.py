"""When a trace asks for contents next: what policies know that look ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np

from icarus.policies.cache import DefinedCache, Item

__all__ = ["NEVER", "LookAheadCache", "check_trace", "next_uses", "order_of_ids"]

NEVER = -1
"""The next use of a content that is not needed again."""


class _Positions(dict[Item, int]):
    """A number of each item of a trace; that of others is ``NEVER``."""

    def __missing__(self, item: Item) -> int:
        return NEVER


def next_uses(trace: Any, names: Any) -> tuple[Any, Any]:
    """Return where a trace first has each content, and has that of each request next.

    Both are arrays where contents have numbers, and else a dict and a list.
    """
    if names is None:
        first_uses = _Positions()
        requests = list(_requests_of(trace))
        uses_after = [NEVER] * len(requests)
        for use in range(len(requests) - 1, -1, -1):
            uses_after[use] = first_uses[requests[use]]
            first_uses[requests[use]] = use
        return first_uses, uses_after
    numbers = _numbers(trace, names)
    first_use = np.full(len(names), NEVER, dtype=np.int64)
    use_after = np.full(len(numbers), NEVER, dtype=np.int64)
    known = np.flatnonzero(numbers >= 0)
    # A stable order has the requests of each content side by side, one after another.
    by_content = known[np.argsort(numbers[known], kind="stable")]
    ordered = numbers[by_content]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    use_after[by_content[same]] = by_content[same + 1]
    first_use[ordered[::-1]] = by_content[::-1]
    return first_use, use_after


def _numbers(trace: Any, names: Any) -> np.ndarray:
    """Return the numbers of the contents that a trace requests, -1 for others, int64."""
    if isinstance(trace, str | Path):
        # Only here: those who evict by no trace need not read any.
        from icarus.traces.trace_catalogue import number_ids, read_catalogue
        from icarus.traces.trace_file import TraceReader

        reader = TraceReader(trace)
        catalogue = read_catalogue(reader)
        blocks = [number_ids(reader, block, catalogue.numbers) for block in reader.blocks()]
        in_file = np.concatenate(blocks)
        if catalogue.contents is names:
            return in_file
        numbers: np.ndarray = _numbers(catalogue.contents, names)[in_file]
        return numbers
    if isinstance(names, range) and isinstance(trace, np.ndarray) and trace.dtype.kind in "iu":
        steps, rest = np.divmod(trace.astype(np.int64) - names.start, names.step)
        return np.where((rest == 0) & (steps >= 0) & (steps < len(names)), steps, NEVER)
    position = dict(zip(names, range(len(names)), strict=True))
    return np.array([position.get(name, NEVER) for name in trace], dtype=np.int64)


def _requests_of(trace: Iterable[Item] | str | Path) -> Iterable[Item]:
    """Return the requests of a trace, which may be a file."""
    if not isinstance(trace, str | Path):
        return trace
    from icarus.traces.trace_file import TraceReader

    return chain.from_iterable(block.ids for block in TraceReader(trace).blocks())


def check_trace(parameters: dict[str, Any]) -> list[str]:
    trace = parameters.get("trace")
    if not isinstance(trace, str | Path):
        return []
    from icarus.traces.trace_file import missing_file

    missing = missing_file(trace)
    return [f"trace: {trace}: {missing}"] if missing else []


def _lacks(parameters: Mapping[str, Any]) -> str | None:
    # Of an iterator the first cache would leave nothing to the others.
    if hasattr(parameters.get("trace"), "__next__"):
        return "a trace that can only be read once; a list would be compiled"
    return None


def order_of_ids(trace: Any, names: Any) -> tuple[Any, int]:
    """Return the place of each content of a trace in the order of identifiers, and their number.

    Numbers are compared as such, those in text too; what cannot be compared stands in the order of
    first requests. The places are an array where contents have numbers, and else a dict; contents
    that are not in the trace have ``NEVER``.
    """
    if names is None:
        places = _Positions()
        ordered = _sorted(list(dict.fromkeys(_requests_of(trace))))
        places.update(zip(ordered, range(len(ordered)), strict=True))
        return places, len(ordered)
    numbers = _numbers(trace, names)
    first_requests: dict[int, None] = dict.fromkeys(numbers[numbers >= 0].tolist())
    number_of = {_plain(names[number]): number for number in first_requests}
    place_of = np.full(len(names), NEVER, dtype=np.int64)
    in_order = [number_of[name] for name in _sorted(list(number_of))]
    place_of[in_order] = np.arange(len(in_order))
    return place_of, len(in_order)


def _plain(name: Any) -> Any:
    return name.item() if isinstance(name, np.generic) else name


def _sorted(ids: list[Any]) -> list[Any]:
    if all(isinstance(one, str) and one.isdecimal() for one in ids):
        return sorted(ids, key=lambda one: (int(one), one))
    try:
        return sorted(ids)
    except TypeError:
        return ids


class LookAheadCache(DefinedCache):
    """What cache objects have in common whose policy knows a trace."""

    lacks = staticmethod(_lacks)

    def _begin(self) -> None:
        trace = self.parameters["trace"]
        # Of an iterator there is only one reading, but a cache that is copied needs another.
        self.parameters["trace"] = list(trace) if isinstance(trace, Iterator) else trace

    def in_bytes(self, requested: list[int] | None = None) -> Self:
        """Have an empty cache count bytes, from the start of the trace; see ``DefinedCache``."""
        counting = super().in_bytes(requested)
        DefinedCache.clear(counting)
        return counting

    def clear(self) -> None:
        """Remove everything; the trace is where it was."""
        for k in self.dump():
            self.remove(k)
