"""Twins of policies by score, look-ahead and learning against figures of other simulators."""

from __future__ import annotations

import functools
import itertools
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from policies.reference_misses import (
    DRAWN,
    MIB,
    REFERENCES,
    TRACES,
    DrawnReference,
    Reference,
)
from twins.sized_builders import ADMISSION_TWINS, SCORE_TWINS, build_score_twin

from icarus.execution.network.model import _cache_builder
from icarus.policies.wrapped import clock_of
from icarus.traces import TraceReader

QUICK = (("cdn", 16 * MIB), ("web12", 1000))
"""What the ordinary suite runs, of each policy the first that there is."""
DEFINED = ("LIRS", "LRU", "W_TINYLFU")
"""Policies whose definitions are held against the same figures here, LRU with what admits to it."""
WITHIN_PERCENT = {"CACHEUS": 3.0}
OPEN = {
    "LHD": "with one seed -2.1, -1.9, -3.4 and +11.4 %: what differs in the prior was not found",
    "CACHEUS-cdn-contents": "-3.6 % with two seeds; libCacheSim's limits and rate hardly adapt",
    "CACHEUS-web12": "-4.3 % with one seed; libCacheSim's limits and rate hardly adapt",
}
"""Differences that are left, by how the label of the case begins, or goes on after `LRU-`."""


@functools.cache
def requests_of(folder: Path, trace: str) -> tuple[list[int], list[int]]:
    """Return the contents and the sizes of all requests."""
    file, columns = TRACES[trace]
    ids: list[int] = []
    sizes: list[int] = []
    for block in TraceReader(folder / "traces" / file, **columns).blocks():
        ids += [int(k) for k in block.ids]
        sizes += [1] * len(block.ids) if block.size is None else block.size.tolist()
    return ids, sizes


def replay(folder: Path, figure: Any, seed: int) -> tuple[int, int]:
    """Return the misses, and the bytes missed, of a twin that sees the whole trace."""
    ids, sizes = requests_of(folder, figure.trace)
    generator = np.random.default_rng(seed)
    cache = build_score_twin(figure.policy, figure.parameters, figure.capacity, ids, generator)
    in_bytes = figure.unit == "bytes"
    misses = missed_bytes = 0
    for k, size in zip(ids, sizes, strict=True):
        if not cache.get(k):
            misses += 1
            missed_bytes += size
            cache.put(k, size if in_bytes else 1)
    return misses, missed_bytes


def label(figure: Any) -> str:
    words = [figure.policy]
    for name, value in figure.parameters.items():
        words += map(str, value.values()) if name == "admission" else [f"{name}={value}"]
    return "-".join([*words, figure.trace, figure.unit, str(figure.capacity)])


def known(figures: Sequence[Any]) -> list[Any]:
    """Return the figures of what has a twin."""
    return [
        figure
        for figure in figures
        if figure.policy in SCORE_TWINS
        or figure.parameters.get("admission", {}).get("name") in ADMISSION_TWINS
    ]


def cases(figures: Sequence[Any], quick: bool) -> list[Any]:
    """Return the figures as cases, all but the quick ones marked as exhaustive."""
    of_policy = itertools.groupby(known(figures), lambda f: (f.policy, f.parameters))
    result = []
    for _, group in of_policy:
        left = list(group)
        ordinary = [f for f in left if quick and (f.trace, f.capacity) in QUICK][:1]
        for figure in left:
            marks = (
                [] if figure in ordinary else [pytest.mark.exhaustive, pytest.mark.timeout(3600)]
            )
            result.append(pytest.param(figure, id=label(figure), marks=marks))
    return result


@pytest.mark.parametrize("figure", cases(REFERENCES, quick=True))
def test_misses_are_those_of_the_reference(shared_data: Path, figure: Reference) -> None:
    misses, missed_bytes = replay(shared_data, figure, seed=0)
    assert misses == figure.misses
    if figure.missed_bytes is not None:
        assert missed_bytes == figure.missed_bytes


@pytest.mark.parametrize(
    "figure", [one for one in cases(REFERENCES, quick=True) if one.values[0].policy in DEFINED]
)
def test_definitions_miss_what_the_reference_does(shared_data: Path, figure: Reference) -> None:
    parameters = dict(figure.parameters)
    wrapping = {"insert": parameters.pop("admission", None)}
    section = {"name": figure.policy, **parameters, **wrapping}
    clock = clock_of()
    in_bytes = figure.unit == "bytes"
    cache = _cache_builder(section, 1, clock, in_bytes=in_bytes)(figure.capacity)
    misses = missed_bytes = 0
    for k, size in zip(*requests_of(shared_data, figure.trace), strict=True):
        clock.requested[0] = size
        if not cache.get(k):
            misses += 1
            missed_bytes += size
            cache.put(k)
    assert misses == figure.misses
    if figure.missed_bytes is not None:
        assert missed_bytes == figure.missed_bytes


@pytest.mark.parametrize("figure", cases(DRAWN, quick=False))
def test_mean_misses_are_near_those_of_the_reference(
    shared_data: Path, figure: DrawnReference
) -> None:
    mean = statistics.fmean(replay(shared_data, figure, seed)[0] for seed in range(10))
    tolerance = figure.tolerance
    if figure.policy in WITHIN_PERCENT:
        tolerance = WITHIN_PERCENT[figure.policy] / 100 * figure.misses
    assert abs(mean - figure.misses) <= tolerance
