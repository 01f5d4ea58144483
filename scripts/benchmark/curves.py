"""The exact curve of LRU in one pass, beside libcachesim's LRU at ten sizes one by one."""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from icarus.curves import DecodedTrace, LruDistances, decode_trace, miss_ratio_curves
from scripts.benchmark import peer
from scripts.benchmark.measuring import (
    PROJECT,
    MeasurementError,
    Row,
    apart,
    attempted,
    interleaved,
    peak_mb,
    ratio,
    timed,
)
from scripts.benchmark.subject import Column, Options, Subject
from scripts.benchmark.trace import itrace_of, next_requests, write_traces

__all__ = ["SUBJECT"]

_CASES = ((1_000_000, 0.8), (1_000_000, 1.0), (10_000, 1.0))
"""Contents of a trace, and the exponent of their popularity."""
_REAL = PROJECT.parent / "shared" / "data" / "traces" / "scarab_recs.txt.xz"
_SHARES = np.geomspace(0.001, 0.5, 10)
_RECORD = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each trace."""
    requests = options.requests(10_000_000)
    for n_contents, alpha in _CASES[-1:] if options.quick else _CASES:
        path = str(options.folder / f"curves-{n_contents}-{alpha:g}.oracleGeneral.bin")
        apart(write_traces, path=path, requests=requests, n_contents=n_contents, alpha=alpha)
        what = f"Zipf {alpha:g}, {n_contents:.0e} contents"
        yield attempted(
            measure_trace, what=what, path=path, read=str(itrace_of(path)), repeat=options.repeat
        )
    if _REAL.exists() and not options.quick:
        path = str(options.folder / "scarab.oracleGeneral.bin")
        apart(_write_peers, text=str(_REAL), path=path)
        for read in (path, str(_REAL)):
            yield attempted(
                measure_trace,
                what=f"recommendations, from {Path(read).name}",
                path=path,
                read=read,
                repeat=options.repeat,
            )


def _write_peers(text: str, path: str) -> Row:
    """Write a list of numbers, one a line, as the peer reads it."""
    with lzma.open(text) as lines:
        ids = np.array(lines.read().split(), dtype=np.uint64)
    records = np.zeros(len(ids), _RECORD)
    records["id"], records["size"] = ids, 1
    records["next"] = next_requests(ids)
    records.tofile(path)
    return {}


def measure_trace(what: str, path: str, read: str, repeat: int) -> Row:
    """Return the figures of one trace.

    Parameters
    ----------
    what : str
        What it is called.
    path : str
        The trace in the format oracleGeneral.
    read : str
        The same trace, as Icarus reads it.
    repeat : int
        Runs.

    Raises
    ------
    MeasurementError
        If misses differ from the peer's.
    """
    trace = decode_trace(read)
    sizes = np.unique((_SHARES * trace.n_contents).astype(np.int64)).tolist()
    found = miss_ratio_curves(read, "LRU", sizes).curves[0]

    def kernel() -> None:
        LruDistances().add(trace.contents)

    calls: list[Callable[[], Any]] = [kernel, lambda: miss_ratio_curves(read, "LRU", sizes)]
    row: Row = {"what": what, "requests": trace.n_requests, **_with_threads(trace, sizes)}
    if peer.installed():
        replays = [peer.replay("LRU", size, path) for size in sizes]
        theirs = [round((1 - replay()) * trace.n_requests) for replay in replays]
        if found.misses is None or theirs != found.misses.tolist():
            raise MeasurementError(f"{what}: misses are {found.misses}, libcachesim's {theirs}")
        calls.append(lambda: [replay() for replay in replays])
    alone, whole, *other = interleaved(repeat, *calls)
    row["kernel_seconds"] = min(one.cpu for one in alone.spent)
    row["seconds"] = min(one.cpu for one in whole.spent)
    row["peak_mb"] = peak_mb()
    if other:
        row["peer_seconds"] = min(one.cpu for one in other[0].spent)
        row["kernel_to_peer"], row["to_peer"] = ratio(alone, other[0]), ratio(whole, other[0])
    else:
        row["kernel_to_peer"] = row["to_peer"] = peer.NOT_INSTALLED
    return row


def _with_threads(trace: DecodedTrace, sizes: list[int]) -> Row:
    """Simulate SLRU at all sizes, in one thread and in as many as there are cores."""
    miss_ratio_curves(trace, "SLRU", sizes)
    one, all_ = (
        timed(partial(miss_ratio_curves, trace, "SLRU", sizes, n_threads=n))[0] for n in (1, None)
    )
    rate = trace.n_requests * len(sizes) / one.cpu
    return {"simulated_per_second": rate, "threads": one.wall / all_.wall}


SUBJECT = Subject(
    name="curves",
    title=(
        "The miss-ratio curve of LRU in one pass; peer: libcachesim's LRU at ten sizes, one by "
        "one; and SLRU simulated at ten sizes"
    ),
    columns=(
        Column("trace", "what"),
        Column("requests", "requests", ","),
        Column("s, in memory", "kernel_seconds", ".3f"),
        Column("s, with reading", "seconds", ".3f"),
        Column("peer's s", "peer_seconds", ".2f"),
        Column("in memory / peer", "kernel_to_peer", ".1f"),
        Column("with reading / peer", "to_peer", ".1f"),
        Column("SLRU, requests/s", "simulated_per_second", ",.0f"),
        Column("all threads / one", "threads", ".2f"),
        Column("MB", "peak_mb", ".0f"),
    ),
    measure=measure,
    y=("to_peer",),
    label="times as fast as libcachesim at ten sizes",
)
