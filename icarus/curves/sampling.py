"""Curves from a sample of the contents: SHARDS for LRU, miniature caches for any policy.

Contents are sampled by a hash of their number, so that all requests for one are in the sample or
none is. A cache of C contents behaves about as one of R C contents does for a share R of them.
What a sample has too many or too few requests, as it holds some popular content or not, counts as
hits: this is SHARDS-adj.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from icarus.compiler.mixing import mixed
from icarus.curves.curve import Curve, Unit, sampled_curve
from icarus.curves.decoded import DecodedTrace
from icarus.curves.distances import LruDistances
from icarus.curves.replaying import PolicyAsked, SharedTrace, replay

__all__ = [
    "LEAST_MINIATURE",
    "SALTS",
    "Sample",
    "Shrinking",
    "fixed_rate",
    "fixed_size",
    "miniature_curve",
    "shards_curve",
]

SALTS = 5
"""Samples that are drawn, each by a hash of its own, for an interval around their mean."""

LEAST_MINIATURE = 10
"""Contents that a miniature cache holds at least: smaller ones behave in other ways."""

_MODULUS = 2**24
_STEPS = 16

Run = Callable[[Iterable[Callable[[], Any]]], list[Any]]
"""Calls some functions, perhaps at once, and returns what they return."""


@dataclass(frozen=True)
class Sample:
    """Which contents are looked at: those whose hash is below a threshold.

    Attributes
    ----------
    threshold : int
        Out of 2^24.
    salt : int
        Of the hash.
    """

    threshold: int
    salt: int

    @property
    def rate(self) -> float:
        """The share of contents that is expected in the sample."""
        return self.threshold / _MODULUS

    def chosen(self, contents: np.ndarray) -> np.ndarray:
        """Return whether contents, by number, are in the sample, bool."""
        inside: np.ndarray = _hashes(contents, self.salt) < self.threshold
        return inside


@dataclass(frozen=True)
class Shrinking:
    """A sample of a fixed size: all contents at first, and a lower share the more there are.

    The threshold is lowered by steps, so that the sample has between 15/16 of its size and all
    of it. What was counted at a higher rate counts for less.

    Attributes
    ----------
    n_sampled : int
        Contents that the sample never exceeds, two or more.
    salt : int
        Of the hash.
    """

    n_sampled: int
    salt: int


def fixed_rate(rate: float, salt: int = 0) -> Sample:
    """Return a sample of a share of the contents.

    Parameters
    ----------
    rate : float
        Above 0, up to 1.
    salt : int, optional
        Other ones give other samples.

    Raises
    ------
    ValueError
        If the rate is not between 0 and 1, or so low that no hash is below the threshold.
    """
    threshold = round(rate * _MODULUS) if 0 < rate <= 1 else 0
    if threshold < 1:
        raise ValueError(f"a rate is above 2**-25 and at most 1, found {rate}")
    return Sample(threshold, salt)


def fixed_size(n_sampled: int, n_contents: int, salt: int = 0) -> Sample:
    """Return a sample of so many contents of a catalogue, or of all if there are fewer.

    Parameters
    ----------
    n_sampled, n_contents : int
    salt : int, optional
        Other ones give other samples.

    Raises
    ------
    ValueError
        If no content is to be sampled.
    """
    if n_sampled < 1:
        raise ValueError(f"a sample has at least one content, found {n_sampled}")
    if n_sampled >= n_contents:
        return Sample(_MODULUS, salt)
    hashes = _hashes(np.arange(n_contents), salt)
    return Sample(max(int(np.partition(hashes, n_sampled)[n_sampled]), 1), salt)


def _hashes(contents: np.ndarray, salt: int) -> np.ndarray:
    # The compiled form counts without overflow, as arrays do.
    hashes = mixed.compiled_form(contents.astype(np.int64), np.array([salt]))  # type: ignore[attr-defined]
    below: np.ndarray = hashes & (_MODULUS - 1)
    return below


def shards_curve(
    trace: DecodedTrace,
    sizes: np.ndarray,
    samples: Sequence[Sample | Shrinking],
    unit: Unit = "contents",
    run: Run | None = None,
    label: str = "LRU",
) -> Curve:
    """Estimate the miss ratios of LRU from samples of the contents.

    Parameters
    ----------
    trace : DecodedTrace
    sizes : ndarray of int64, shape (n_sizes,)
        Capacities, ascending.
    samples : sequence of Sample or Shrinking
        The curve is the mean over them, with an interval where there are several.
    unit : {"contents", "bytes"}, optional
        Of the sizes.
    run : callable, optional
        How estimates are run; by default one after another.
    label : str, optional
        What the curve is called.

    References
    ----------
    C. A. Waldspurger, N. Park, A. Garthwaite, I. Ahmad, "Efficient MRC construction with SHARDS",
    USENIX FAST 2015.
    """
    jobs = [partial(_shards_estimate, trace, sizes, one, unit) for one in samples]
    estimates = _one_by_one(jobs) if run is None else run(jobs)
    rate = float(np.mean([one[2] for one in estimates]))
    return sampled_curve(label, "SHARDS", unit, sizes, [one[:2] for one in estimates], rate)


def _shards_estimate(
    trace: DecodedTrace, sizes: np.ndarray, sample: Sample | Shrinking, unit: Unit
) -> tuple[np.ndarray, np.ndarray | None, float]:
    """Return miss ratios, byte miss ratios and the rate in the end."""
    distances = LruDistances([0] if unit == "bytes" else None)
    hits, hit_bytes = np.zeros(len(sizes)), np.zeros(len(sizes))
    for phase in _phases(trace, sample):
        rate = phase.threshold / _MODULUS
        # A distance d stands for one of d / R.
        scaled = np.floor(sizes * rate).astype(np.int64)
        distances.count_anew(scaled if unit == "bytes" else None)
        if len(phase.dropped):
            distances.drop(phase.dropped)
        part = slice(phase.start, phase.stop)
        contents = trace.contents[part]
        kept = np.flatnonzero(phase.hashes[contents] < phase.threshold)
        sizes_kept = None if trace.sizes is None else trace.sizes[part][kept]
        distances.add(contents[kept], sizes_kept)
        # Those that the sample has too few, as a share of all that there are, are hits.
        hits += len(contents) - distances.misses(scaled) / rate
        if trace.sizes is not None:
            hit_bytes += trace.sizes[part].sum() - distances.missed_bytes(scaled) / rate
    ratio = np.clip(1 - hits / trace.n_requests, 0, 1)
    if trace.n_bytes is None:
        return ratio, None, rate
    return ratio, np.clip(1 - hit_bytes / max(trace.n_bytes, 1), 0, 1), rate


class _Phase(NamedTuple):
    """Consecutive requests of which contents are sampled by one threshold."""

    start: int
    stop: int
    threshold: int
    dropped: np.ndarray
    """Contents that were in the sample before and are not any more."""
    hashes: np.ndarray
    """By content."""


def _phases(trace: DecodedTrace, sample: Sample | Shrinking) -> Iterator[_Phase]:
    hashes = _hashes(np.arange(trace.n_contents), sample.salt)
    nothing = np.zeros(0, dtype=np.int64)
    if isinstance(sample, Sample):
        yield _Phase(0, trace.n_requests, sample.threshold, nothing, hashes)
        return
    # Contents are numbered as they first appear, so that the greatest number so far tells how
    # many were seen.
    seen = np.maximum.accumulate(trace.contents)
    start, threshold, dropped = 0, _MODULUS, nothing
    fewer = sample.n_sampled - sample.n_sampled // _STEPS
    while True:
        inside = np.flatnonzero(hashes < threshold)
        if len(inside) <= sample.n_sampled:
            yield _Phase(start, trace.n_requests, threshold, dropped, hashes)
            return
        one_too_many = int(inside[sample.n_sampled])
        stop = int(np.searchsorted(seen, one_too_many))
        yield _Phase(start, stop, threshold, dropped, hashes)
        before = inside[: sample.n_sampled]
        threshold = max(int(np.partition(hashes[before], fewer - 1)[fewer - 1]), 1)
        dropped = before[hashes[before] >= threshold]
        start = stop


def miniature_curve(
    trace: DecodedTrace,
    asked: PolicyAsked,
    sizes: np.ndarray,
    samples: Sequence[Sample],
    run: Run | None = None,
    seed: int = 1,
) -> Curve:
    """Estimate the miss ratios of any policy by caches of a share of their size.

    Parameters
    ----------
    trace : DecodedTrace
    asked : PolicyAsked
        The policy.
    sizes : ndarray of int64, shape (n_sizes,)
        Capacities in contents, ascending.
    samples : sequence of Sample
        The curve is the mean over them, with an interval where there are several.
    run : callable, optional
        How caches are run; by default one after another.
    seed : int, optional
        As for ``replay``.

    Raises
    ------
    ValueError
        If a miniature cache would hold less than `LEAST_MINIATURE` contents.

    References
    ----------
    C. A. Waldspurger, T. Saemundsson, I. Ahmad, N. Park, "Cache modeling and optimization using
    miniature simulations", USENIX ATC 2017.
    """
    rate = _mean_rate(samples)
    least = int(sizes.min())
    if any(_miniature(least, one) < LEAST_MINIATURE for one in samples):
        raise ValueError(
            f"a miniature of a cache of {least} contents at rate {rate:.3g} would hold "
            f"{_miniature(least, samples[0])}, and at least {LEAST_MINIATURE} are needed; sample "
            f"more, or begin with a size of {int(np.ceil(LEAST_MINIATURE / rate))}"
        )
    parts = [SharedTrace(trace.part(one.chosen(np.arange(trace.n_contents)))) for one in samples]
    jobs = [
        partial(replay, part, asked, _miniature(int(size), sample), seed)
        for part, sample in zip(parts, samples, strict=True)
        for size in sizes
    ]
    missed = np.array(_one_by_one(jobs) if run is None else run(jobs))
    by_sample = missed.reshape(len(samples), len(sizes), 2)
    estimates = [
        _adjusted(trace, sample, found[:, 0], found[:, 1])
        for sample, found in zip(samples, by_sample, strict=True)
    ]
    return sampled_curve(asked.label, "miniature simulation", "contents", sizes, estimates, rate)


def _adjusted(
    trace: DecodedTrace, sample: Sample, misses: np.ndarray, missed_bytes: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return miss ratios, of as many requests as a sample of this rate would have on average."""
    ratio = np.clip(misses / (sample.rate * trace.n_requests), 0, 1)
    if trace.n_bytes is None:
        return ratio, None
    return ratio, np.clip(missed_bytes / max(sample.rate * trace.n_bytes, 1), 0, 1)


def _miniature(size: int, sample: Sample) -> int:
    return max(1, round(size * sample.rate))


def _mean_rate(samples: Sequence[Sample]) -> float:
    return float(np.mean([one.rate for one in samples]))


def _one_by_one(jobs: Iterable[Callable[[], Any]]) -> list[Any]:
    return [job() for job in jobs]
