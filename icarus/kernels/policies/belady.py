"""Belady's MIN, compiled; see ``icarus.models.cache`` for what it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from icarus.compiler.jit import entry_point, kernel
from icarus.kernels.kernel_registry import Contents, register_policy_kernel
from icarus.kernels.policies.heap import (
    Heaps,
    add,
    change_key,
    is_full,
    least_key,
    make_heaps,
    replace_least,
)
from icarus.kernels.policies.ranked import (
    dump_ranked,
    has_ranked,
    remove_ranked,
    reserve_ranked,
)
from icarus.kernels.policies.seen import (
    IN_SLOT,
    KNOWN,
    Seen,
    content_of,
    find_record,
    make_record,
    make_seen,
)
from icarus.models.cache import BeladyMinCache
from icarus.scenarios.workload.trace_catalogue import number_ids, read_catalogue
from icarus.traces.trace_file import TraceReader

__all__ = ["BeladyMinCaches"]

NEVER = -1
"""The next use of a content that is not needed again."""

NEVER_KEY = -(2**62)
# Among contents never needed again, the one inserted first is evicted; all others follow.


class BeladyMinCaches(NamedTuple):
    """MIN caches."""

    seen: Seen
    """Next uses."""
    heaps: Heaps
    """What is cached, by next use, the latest first; see ``_key``."""
    row_in: np.ndarray
    """int32, (n_slots,): the row of the content in a slot."""
    number: np.ndarray
    """int64, (n_slots,): the number of the content in a slot, in order of insertion."""
    inserted: np.ndarray
    """int64, (n_caches,): contents inserted so far."""
    first_use: np.ndarray
    """int64, (n_contents,): where the trace first has a content."""
    use_after: np.ndarray
    """int64, (length of the trace,): where the trace has the same content next."""


@kernel
def _key(next_use, number):
    return -next_use if next_use != NEVER else NEVER_KEY + number


@kernel
def _new_record(caches, cache, content):
    row = make_record(caches.seen, cache, content)
    caches.seen.records[row, KNOWN] = caches.first_use[content]
    return row


def _get(caches, cache, content):
    records = caches.seen.records
    row = find_record(caches.seen, cache, content)
    if row < 0:
        row = _new_record(caches, cache, content)
    next_use = records[row, KNOWN]
    slot = records[row, IN_SLOT] - 1
    if next_use != NEVER:
        next_use = caches.use_after[next_use]
        records[row, KNOWN] = next_use
        if slot >= 0:
            change_key(caches.heaps, cache, _key(next_use, caches.number[slot]), slot)
    return slot >= 0


def _put(caches, cache, content):
    heaps = caches.heaps
    records = caches.seen.records
    row = find_record(caches.seen, cache, content)
    if row < 0:
        row = _new_record(caches, cache, content)
    if records[row, IN_SLOT] > 0:
        return -1
    next_use = records[row, KNOWN]
    full = is_full(heaps, cache)
    if full and (next_use == NEVER or -next_use <= least_key(heaps, cache)):
        return -1
    number = caches.inserted[cache] + 1
    caches.inserted[cache] = number
    evicted = -1
    if full:
        slot = replace_least(heaps, cache, _key(next_use, number))
        records[caches.row_in[slot], IN_SLOT] = 0
        evicted = content_of(caches.seen, caches.row_in[slot])
    else:
        slot = add(heaps, cache, _key(next_use, number))
    records[row, IN_SLOT] = slot + 1
    caches.row_in[slot] = row
    caches.number[slot] = number
    return evicted


def _next_uses(numbers, first_use, use_after):
    """Enter where each request's content is requested next, and where each content is first."""
    for use in range(len(numbers) - 1, -1, -1):
        content = numbers[use]
        if content >= 0:
            use_after[use] = first_use[content]
            first_use[content] = use


_find_next_uses = entry_point(
    _next_uses, 1, seconds=lambda numbers, first_use, use_after: 4e-7 * len(numbers)
)


def _numbers(trace: Any, names: Sequence[Any]) -> np.ndarray:
    """Return the numbers of the contents that a trace requests, -1 for others, int64."""
    if isinstance(trace, str | Path):
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


def _build(caches: Sequence[BeladyMinCache], contents: Contents) -> BeladyMinCaches:
    seen = make_seen(len(contents.names), len(caches))
    heaps = make_heaps([cache.maxlen for cache in caches])
    n_slots = len(heaps.entries)
    # All caches read the same trace.
    numbers = _numbers(caches[0].trace, contents.names)
    first_use = np.full(len(contents.names), NEVER, dtype=np.int64)
    use_after = np.empty(len(numbers), dtype=np.int64)
    _find_next_uses(numbers, first_use, use_after)
    return BeladyMinCaches(
        seen,
        heaps,
        np.zeros(n_slots, dtype=np.int32),
        np.zeros(n_slots, dtype=np.int64),
        np.zeros(len(caches), dtype=np.int64),
        first_use,
        use_after,
    )


def _lacks(parameters: Mapping[str, Any]) -> str | None:
    # Of an iterator the first cache would leave nothing to the others.
    if hasattr(parameters.get("trace"), "__next__"):
        return "a trace that can only be read once; a list would be compiled"
    return None


register_policy_kernel(
    BeladyMinCache,
    BeladyMinCaches,
    get=_get,
    put=_put,
    has=has_ranked,
    remove=remove_ranked,
    build=_build,
    dump=dump_ranked,
    lacks=_lacks,
    reserve=reserve_ranked,
)
