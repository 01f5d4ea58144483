"""The curves of several policies at several sizes, with one reading of the trace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from os import PathLike, fspath
from typing import Any

import numpy as np

from icarus.curves.asking import (
    SampleAsked,
    SizesAsked,
    parse_policies,
    parse_sample,
    parse_sizes,
)
from icarus.curves.curve import Curve, Unit, exact_curve
from icarus.curves.decoded import DecodedTrace, decode_trace, numbered_blocks
from icarus.curves.distances import LruDistances
from icarus.curves.replaying import PolicyAsked, SharedTrace, replay
from icarus.curves.sampling import (
    SALTS,
    Sample,
    Shrinking,
    fixed_rate,
    fixed_size,
    miniature_curve,
    shards_curve,
)
from icarus.errors import SettingsError, TraceError
from icarus.traces.trace_file import TraceReader

__all__ = ["MissRatioCurves", "miss_ratio_curves", "simulated_curve"]


@dataclass(frozen=True)
class MissRatioCurves:
    """The curves of a trace.

    Attributes
    ----------
    path : str
        The trace.
    n_requests, n_contents : int
    n_bytes, catalogue_bytes : int or None
        Of all requests, and of all contents at their largest; None where sizes are unknown.
    unit : {"contents", "bytes"}
        Of the sizes of caches.
    curves : sequence of Curve
        In the order in which policies were asked for.
    notes : sequence of str
        What the file has that was not used, and why.
    """

    path: str
    n_requests: int
    n_contents: int
    n_bytes: int | None
    catalogue_bytes: int | None
    unit: Unit
    curves: Sequence[Curve]
    notes: Sequence[str] = ()

    @property
    def whole(self) -> int:
        """The size of the whole catalogue, in the unit of the sizes."""
        return (self.catalogue_bytes or 0) if self.unit == "bytes" else self.n_contents


def miss_ratio_curves(
    source: str | PathLike[str] | TraceReader | DecodedTrace,
    policies: str = "LRU",
    sizes: str | Sequence[int] = "20",
    *,
    unit: Unit = "contents",
    sample: str | float | None = None,
    seed: int = 1,
    n_threads: int | None = None,
    **options: Any,
) -> MissRatioCurves:
    """Return the miss-ratio curves of policies on a trace, which is read once.

    LRU is exact at all sizes in one pass (`LruDistances`); every other policy is simulated at each
    size, on all cores. With `sample` only some of the contents are looked at: LRU by SHARDS, other
    policies by miniature simulation, each five times for a confidence interval.

    Parameters
    ----------
    source : str, path-like, TraceReader or DecodedTrace
        The trace.
    policies : str, optional
        Registry names with parameters, as in ``"LRU,SLRU(segments=4),MIN"``.
    sizes : str or sequence of int, optional
        Of caches: as in ``"100,1000,1%"``, or how many there are to be, as in ``"20"``, evenly
        spread on a logarithmic scale from 0.1 % to the whole catalogue.
    unit : {"contents", "bytes"}, optional
        What sizes are in. In bytes there is LRU only, which `LruDistances` says more of.
    sample : str or float, optional
        The share of the contents that is looked at, such as 0.01, or how many, such as 8192.
    seed : int, optional
        Where policies that draw at random get their numbers from, as ``SEED`` in settings.
    n_threads : int, optional
        Threads that simulate; by default as many as there are cores for this process.
    **options
        As for `icarus.tools.TraceReader`.

    Returns
    -------
    MissRatioCurves

    Raises
    ------
    TraceError
        If the trace cannot be read, has a broken line, no requests or, for bytes, no sizes.
    SettingsError
        If a policy, size or sample is wrong; all problems at once.
    ValueError
        If the options contradict each other.

    Examples
    --------
    >>> found = miss_ratio_curves("requests.csv", "LRU,MIN", "100,1%")  # doctest: +SKIP
    >>> found.curves[0].miss_ratio  # doctest: +SKIP
    """
    asked, wanted, sampled = _asked(policies, sizes, unit, sample)
    if isinstance(source, DecodedTrace):
        return _of_decoded(source, asked, wanted, unit, sampled, seed, n_threads)
    reader = source if isinstance(source, TraceReader) else TraceReader(source, **options)
    if sampled is None and unit == "contents" and all(map(_is_plain_lru, asked)):
        return _of_stream(reader, asked, wanted)
    trace = decode_trace(reader)
    return _of_decoded(trace, asked, wanted, unit, sampled, seed, n_threads, reader.notes)


def _asked(
    policies: str, sizes: str | Sequence[int], unit: Unit, sample: str | float | None
) -> tuple[list[PolicyAsked], SizesAsked, SampleAsked | None]:
    problems: list[str] = []

    def tried(parse: Callable[[], Any]) -> Any:
        try:
            return parse()
        except SettingsError as error:
            problems.extend(error.problems)

    asked = tried(lambda: parse_policies(policies))
    text = sizes if isinstance(sizes, str) else ",".join([*map(str, sizes), ""])
    wanted = tried(lambda: parse_sizes(text, unit))
    sampled = None if sample is None else tried(lambda: parse_sample(str(sample)))
    if unit == "bytes":
        problems += [
            f"policy {one.label}: capacities in bytes are there for LRU only so far; leave "
            "--bytes out to have them in contents"
            for one in asked or ()
            if not _is_plain_lru(one)
        ]
    if problems:
        raise SettingsError(problems)
    return asked, wanted, sampled


def _is_plain_lru(asked: PolicyAsked) -> bool:
    return asked.name == "LRU" and not asked.parameters


def _of_stream(
    reader: TraceReader, asked: Sequence[PolicyAsked], wanted: SizesAsked
) -> MissRatioCurves:
    """Return the curve of LRU without having all requests in memory."""
    distances = LruDistances()
    largest, n_bytes = np.zeros(0, dtype=np.int64), None
    for block in numbered_blocks(reader):
        distances.add(block.contents, block.sizes)
        if block.sizes is not None:
            n_bytes = distances.n_bytes
            more = int(block.contents.max()) + 1 - len(largest)
            largest = np.pad(largest, (0, max(more, len(largest) if more > 0 else 0)))
            np.maximum.at(largest, block.contents, block.sizes)
    sizes = wanted.of(distances.n_contents)
    curve = _lru_curve(distances, asked[0].label, sizes, "contents", n_bytes)
    return MissRatioCurves(
        fspath(reader.path),
        distances.n_requests,
        distances.n_contents,
        n_bytes,
        None if n_bytes is None else int(largest.sum()),
        "contents",
        [curve],
        reader.notes,
    )


def _of_decoded(
    trace: DecodedTrace,
    asked: Sequence[PolicyAsked],
    wanted: SizesAsked,
    unit: Unit,
    sampled: SampleAsked | None,
    seed: int,
    n_threads: int | None,
    notes: Sequence[str] = (),
) -> MissRatioCurves:
    catalogue_bytes = trace.catalogue_bytes()
    if unit == "bytes" and not catalogue_bytes:
        raise TraceError(
            trace.path or "trace",
            "the trace has no sizes, which capacities in bytes need; say which column has them, "
            "or leave --bytes out",
        )
    sizes = wanted.of(catalogue_bytes if unit == "bytes" and catalogue_bytes else trace.n_contents)
    if unit == "bytes":
        notes = [*notes, *_notes_on_bytes(trace, sizes)]
    shared = SharedTrace(trace)
    with ThreadPoolExecutor(n_threads or len(os.sched_getaffinity(0))) as threads:

        def run(jobs: Iterable[Callable[[], Any]]) -> list[Any]:
            return list(threads.map(lambda job: job(), jobs))

        make = _exact if sampled is None else partial(_sampled, sampled)
        curves = [make(shared, one, sizes, unit, run, seed) for one in asked]
    return MissRatioCurves(
        trace.path,
        trace.n_requests,
        trace.n_contents,
        trace.n_bytes,
        catalogue_bytes,
        unit,
        curves,
        notes,
    )


def _notes_on_bytes(trace: DecodedTrace, sizes: np.ndarray) -> list[str]:
    """Return where ``LruDistances`` is approximate, for these requests and capacities."""
    assert trace.sizes is not None
    notes = []
    largest = int(trace.sizes.max())
    if sizes.min() < largest:
        notes.append(
            f"caches of less than {largest:,} bytes, the largest content, are approximated: it is "
            "not stored there, and here pushes others out"
        )
    smallest, greatest = np.full(trace.n_contents, largest), np.zeros(trace.n_contents, np.int64)
    np.minimum.at(smallest, trace.contents, trace.sizes)
    np.maximum.at(greatest, trace.contents, trace.sizes)
    changed = int(np.count_nonzero(smallest != greatest))
    if changed:
        notes.append(
            f"{changed:,} contents change their size; each has that of its latest request, also "
            "while it is cached"
        )
    return notes


def _exact(
    shared: SharedTrace, one: PolicyAsked, sizes: np.ndarray, unit: Unit, run: Any, seed: int
) -> Curve:
    if not _is_plain_lru(one):
        return simulated_curve(shared, one, sizes, run, seed)
    distances = LruDistances(sizes if unit == "bytes" else None)
    distances.add(shared.trace.contents, shared.trace.sizes)
    return _lru_curve(distances, one.label, sizes, unit, shared.trace.n_bytes)


def _lru_curve(
    distances: LruDistances, label: str, sizes: np.ndarray, unit: Unit, n_bytes: int | None
) -> Curve:
    missed = distances.misses(sizes), distances.missed_bytes(sizes)
    return exact_curve(
        label, "stack distances", unit, sizes, *missed, distances.n_requests, n_bytes
    )


def simulated_curve(
    shared: SharedTrace, asked: PolicyAsked, sizes: np.ndarray, run: Any, seed: int = 1
) -> Curve:
    """Return the curve of a policy, each size of which is simulated.

    Parameters
    ----------
    shared : SharedTrace
        The trace.
    asked : PolicyAsked
        The policy.
    sizes : ndarray of int64, shape (n_sizes,)
        Capacities in contents, ascending.
    run : callable
        Calls an iterable of functions, perhaps at once, and returns a list of what they return.
    seed : int, optional
        As for ``replay``.
    """
    # The largest caches take longest and begin first.
    jobs = [partial(replay, shared, asked, int(size), seed) for size in sizes[::-1]]
    missed = np.array(run(jobs)).reshape(-1, 2)[::-1]
    trace = shared.trace
    return exact_curve(
        *(asked.label, "simulation", "contents", sizes, missed[:, 0], missed[:, 1]),
        *(trace.n_requests, trace.n_bytes),
    )


def _sampled(
    sampled: SampleAsked,
    shared: SharedTrace,
    one: PolicyAsked,
    sizes: np.ndarray,
    unit: Unit,
    run: Any,
    seed: int,
) -> Curve:
    trace, salts = shared.trace, range(SALTS)
    number = sampled.n_contents or 0
    if _is_plain_lru(one):
        shards: list[Sample | Shrinking] = [
            Shrinking(number, salt) if number else fixed_rate(sampled.rate or 0, salt)
            for salt in salts
        ]
        return shards_curve(trace, sizes, shards, unit, run, one.label)
    samples = [
        fixed_size(number, trace.n_contents, salt)
        if number
        else fixed_rate(sampled.rate or 0, salt)
        for salt in salts
    ]
    try:
        return miniature_curve(trace, one, sizes, samples, run, seed)
    except ValueError as error:
        raise SettingsError([f"policy {one.label}: {error}"]) from error
