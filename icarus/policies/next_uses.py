"""When a trace asks for contents next: what policies know that look ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from inspect import signature
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import numpy as np

from icarus.errors import suggestion
from icarus.policies.cache import DefinedCache, Item
from icarus.registry import CACHE_POLICY

if TYPE_CHECKING:
    from icarus.traces.trace_catalogue import TraceRules
    from icarus.traces.trace_file import TraceBlock, TraceReader

__all__ = [
    "NEVER",
    "LookAheadCache",
    "NextUses",
    "TraceGiven",
    "as_requested",
    "check_trace",
    "next_uses",
    "order_of_ids",
]

TraceGiven = Iterable[Item] | Mapping[str, Any] | str | Path
"""All requests in order, or the file that has them; a mapping has the file as ``reqs_file``, what
else ``icarus.tools.TraceReader`` has to know of it, and ``zero_size`` and ``size_change`` as of the
workload TRACE_DRIVEN."""

_RULES: dict[str, tuple[str, ...]] = {
    "zero_size": ("error", "skip", "one"),
    "size_change": ("keep", "new"),
}
"""What else of a file decides which requests it has, and of which contents."""

NEVER = -1
"""The next use of a content that is not needed again."""


class NextUses(NamedTuple):
    """Where a trace has each content next: what caches that read the same trace may share."""

    first_use: Any
    """int64, (n_contents,): where the trace first has a content."""
    use_after: Any
    """int64, (length of the trace,): where the trace has the same content next."""
    numbers: Any
    """int64, (length of the trace,): the contents; where they are items, a list."""


class _Positions(dict[Item, int]):
    """A number of each item of a trace; that of others is ``NEVER``."""

    def __missing__(self, item: Item) -> int:
        return NEVER


def next_uses(trace: Any, names: Any) -> NextUses:
    """Return where a trace first has each content, and has that of each request next.

    Both are arrays where contents have numbers, and else a dict and a list.

    Parameters
    ----------
    trace : TraceGiven or NextUses
        The requests, or what this function returned for them.
    names : sequence or None
        The names of contents, by number.
    """
    if isinstance(trace, NextUses):
        return trace
    if names is None:
        first_uses = _Positions()
        requests = list(_requests_of(trace))
        uses_after = [NEVER] * len(requests)
        for use in range(len(requests) - 1, -1, -1):
            uses_after[use] = first_uses[requests[use]]
            first_uses[requests[use]] = use
        return NextUses(first_uses, uses_after, requests)
    numbers = _numbers(trace, names)
    first_use = np.full(len(names), NEVER, dtype=np.int64)
    use_after = np.full(len(numbers), NEVER, dtype=np.int64)
    # Only here: it loads the compiler, which those that number contents have loaded mostly.
    from icarus.compiler.trace_uses import link_uses

    link_uses(numbers, first_use, use_after)
    return NextUses(first_use, use_after, numbers)


def _numbers(trace: Any, names: Any) -> np.ndarray:
    """Return the numbers of the contents that a trace requests, -1 for others, int64."""
    found = _reader_of(trace)
    if found is not None:
        # Only here: those who evict by no trace need not read any.
        from icarus.traces.trace_catalogue import number_ids, read_catalogue

        reader, rules = found
        catalogue = read_catalogue(reader, rules=rules)
        blocks = _blocks_of(reader, rules)
        in_file = np.concatenate([number_ids(reader, block, catalogue.numbers) for block in blocks])
        if catalogue.contents is names:
            return in_file
        numbers: np.ndarray = _numbers(catalogue.contents, names)[in_file]
        return numbers
    if isinstance(names, range) and isinstance(trace, np.ndarray) and trace.dtype.kind in "iu":
        steps, rest = np.divmod(trace.astype(np.int64) - names.start, names.step)
        return np.where((rest == 0) & (steps >= 0) & (steps < len(names)), steps, NEVER)
    position = dict(zip(names, range(len(names)), strict=True))
    return np.array([position.get(name, NEVER) for name in trace], dtype=np.int64)


def _reader_of(trace: Any) -> tuple[TraceReader, TraceRules] | None:
    """Return what reads the file that has a trace, and how its requests are taken.

    None if the requests are given themselves.
    """
    if not isinstance(trace, str | Path | Mapping):
        return None
    from icarus.traces.trace_catalogue import TraceRules, require_sized
    from icarus.traces.trace_file import TraceReader

    given = _keys_of(trace)
    rules = TraceRules(given.pop("zero_size", None), given.pop("size_change", "keep") == "new")
    reader = TraceReader(given.pop("reqs_file"), **given)
    if rules.by_size:
        require_sized(reader)
    return reader, rules


def _keys_of(trace: str | Path | Mapping[str, Any]) -> dict[str, Any]:
    return {"reqs_file": trace} if isinstance(trace, str | Path) else dict(trace.items())


def _blocks_of(reader: TraceReader, rules: TraceRules) -> Iterator[TraceBlock]:
    from icarus.traces.trace_catalogue import requests_of
    from icarus.traces.trace_sizes import with_size_in_id

    blocks = requests_of(reader, rules)
    return map(with_size_in_id, blocks) if rules.by_size else blocks


def as_requested(section: Mapping[str, Any], rules: TraceRules) -> Mapping[str, Any]:
    """Return a policy as its section names it, with a trace that has what a workload requests.

    Parameters
    ----------
    section : mapping
        The policy's name, and its parameters. What these say themselves of the trace stays.
    rules : TraceRules
        How the workload takes the requests of its own trace.
    """
    policy, trace = CACHE_POLICY.get(section["name"]), section.get("trace")
    ours = isinstance(policy, type) and issubclass(policy, LookAheadCache)
    if not ours or not isinstance(trace, str | Path | Mapping):
        return section
    own = {"zero_size": rules.zero_size, "size_change": "new" if rules.by_size else "keep"}
    return {**dict(section.items()), "trace": {**own, **_keys_of(trace)}}


def _requests_of(trace: TraceGiven) -> Iterable[Item]:
    """Return the requests of a trace, which may be a file."""
    found = _reader_of(trace)
    if found is None:
        return cast(Iterable[Item], trace)
    return chain.from_iterable(block.ids for block in _blocks_of(*found))


def check_trace(parameters: dict[str, Any]) -> list[str]:
    """Return what is wrong with the trace that settings give a policy."""
    trace = parameters.get("trace")
    if not isinstance(trace, str | Path | Mapping):
        return []
    from icarus.traces.trace_file import TraceReader, missing_file

    given = _keys_of(trace)
    takes = ["reqs_file", *list(signature(TraceReader).parameters)[1:], *_RULES]
    problems = [
        f"trace: unknown key {key!r}; {suggestion(key, takes)}" for key in given if key not in takes
    ]
    problems += [
        f"trace: {key} should be one of {', '.join(map(repr, values))}, found {given[key]!r}; "
        f"{suggestion(str(given[key]), values)}"
        for key, values in _RULES.items()
        if key in given and given[key] not in values
    ]
    if "reqs_file" not in given:
        return [*problems, "trace: 'reqs_file' is missing, the file that has the requests"]
    missing = missing_file(given["reqs_file"])
    if missing:
        return [*problems, f"trace: {given['reqs_file']}: {missing}"]
    return problems or _problems_of_head(trace)


def _problems_of_head(trace: str | Path | Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a trace, reading no more than its head."""
    try:
        found = _reader_of(trace)
        if found is not None:
            found[0].check_head()
    except ValueError as error:  # as errors of traces are
        return [f"trace: {error}"]
    except (TypeError, AttributeError):
        return ["trace: a key has a value of another type than TRACE_DRIVEN takes"]
    return []


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
        requests = trace.numbers if isinstance(trace, NextUses) else _requests_of(trace)
        ordered = _sorted(list(dict.fromkeys(requests)))
        places.update(zip(ordered, range(len(ordered)), strict=True))
        return places, len(ordered)
    numbers = trace.numbers if isinstance(trace, NextUses) else _numbers(trace, names)
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
