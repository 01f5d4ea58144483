"""Slow twins of policies against the misses that other simulators count on real traces.

Definitions of the package are held against the same twins, and against the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from policies.reference_misses import (
    DRAWN,
    MIB,
    REFERENCES,
    SIZE_CHANGES,
    DrawnReference,
    Reference,
    SizeChangeReference,
    read_trace,
)
from twins import SIZED_TWINS
from twins.sized import SizedTwin
from twins.sized_lru_lists import SizedKLru


def is_quick(reference: Reference) -> bool:
    """Return whether the ordinary suite is to replay it: one capacity a trace."""
    if (reference.trace, reference.unit) == ("cdn", "bytes"):
        return reference.capacity == 16 * MIB
    return reference.missed_bytes is not None


def with_twins(references: Iterable[Any]) -> list[Any]:
    """Return as parameters of a test what there is a twin for, all but the quick as exhaustive."""
    return [
        pytest.param(
            reference,
            id=str(reference),
            marks=() if is_quick(reference) else (pytest.mark.exhaustive,),
        )
        for reference in references
        if reference.policy in SIZED_TWINS and "admission" not in reference.parameters
    ]


def one_quick(references: Iterable[SizeChangeReference]) -> list[Any]:
    return [
        pytest.param(
            reference,
            id=f"{reference.size_change}, {reference.capacity // MIB} MiB",
            marks=() if reference.capacity == 16 * MIB else (pytest.mark.exhaustive,),
        )
        for reference in references
    ]


def look_up(twin: SizedTwin, k: Any, size: int) -> bool:
    return twin.get(k, size) if isinstance(twin, SizedKLru) else twin.get(k)


def replay(
    twin: SizedTwin, requests: Iterable[tuple[Any, int]], unit: str, size_change: str = "keep"
) -> tuple[int, int]:
    """Look every request up and put what is missed; return misses and missed bytes."""
    misses = missed_bytes = 0
    for content, size in requests:
        k = (content, size) if size_change == "new" else content
        units = size if unit == "bytes" else 1
        if not look_up(twin, k, units):
            misses += 1
            missed_bytes += size
            twin.put(k, units)
        elif size_change == "update" and twin.sizes[k] != units:
            twin.resize_item(k, units)
    return misses, missed_bytes


@pytest.mark.parametrize("reference", with_twins(REFERENCES))
def test_policies_that_draw_nothing_meet_the_reference_exactly(reference: Reference, shared_data):
    twin = SIZED_TWINS[reference.policy](reference.capacity, **reference.parameters)
    requests = read_trace(shared_data / "traces", reference.trace)
    misses, missed_bytes = replay(twin, requests, reference.unit)
    assert misses == reference.misses
    if reference.missed_bytes is not None:
        assert missed_bytes == reference.missed_bytes
    assert twin.used == sum(twin.sizes.values()) <= twin.capacity


@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", with_twins(DRAWN))
def test_the_mean_of_ten_seeds_is_that_of_the_reference(reference: DrawnReference, shared_data):
    requests = read_trace(shared_data / "traces", reference.trace)
    misses = []
    for seed in range(10):
        generator = np.random.default_rng(seed)
        twin = SIZED_TWINS[reference.policy](
            reference.capacity, seed=generator, **reference.parameters
        )
        misses.append(replay(twin, requests, reference.unit)[0])
    assert np.mean(misses) == pytest.approx(reference.misses, abs=reference.tolerance)
    assert len(set(misses)) > 1


@pytest.mark.parametrize("reference", one_quick(SIZE_CHANGES))
def test_contents_that_come_back_with_another_size(reference: SizeChangeReference, shared_data):
    twin = SIZED_TWINS["LRU"](reference.capacity)
    requests = read_trace(shared_data / "traces", "cdn")
    misses, missed_bytes = replay(twin, requests, "bytes", reference.size_change)
    assert misses == reference.misses
    if reference.missed_bytes is not None:
        assert missed_bytes == reference.missed_bytes
