"""Traces of Zipf requests, in libcachesim's binary format and converted by Icarus."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from icarus.tools import TruncatedZipfDist, convert_trace
from scripts.benchmark.measuring import Row, timed

__all__ = ["itrace_of", "next_requests", "write_traces"]

_RECORD = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])


def write_traces(path: str, requests: int, n_contents: int, alpha: float) -> Row:
    """Write a trace and convert it.

    Parameters
    ----------
    path : str
        The file in the format oracleGeneral, which the end of its name has to say; the converted
        one lies beside it.
    requests, n_contents : int
        How many requests, for how many contents.
    alpha : float
        The exponent of their popularity.

    Returns
    -------
    dict
        How many contents are requested, and the requests converted per second.
    """
    contents = TruncatedZipfDist(alpha, n_contents).sample(requests, np.random.default_rng(1))
    records = np.empty(requests, _RECORD)
    records["time"] = np.arange(requests) // 1000
    records["id"] = contents
    records["size"] = 1
    records["next"] = next_requests(contents)
    records.tofile(path)
    spent, info = timed(lambda: convert_trace(path, itrace_of(path), overwrite=True))
    return {"n_contents": info.n_contents, "converted_per_second": requests / spent.cpu}


def itrace_of(path: str) -> Path:
    """Return where the converted form of a trace lies."""
    return Path(path).with_suffix(".itrace")


def next_requests(contents: np.ndarray) -> np.ndarray:
    """Return for each request the place of the next one for the same content, or -1."""
    order = np.argsort(contents, kind="stable")
    again = np.flatnonzero(contents[order[1:]] == contents[order[:-1]])
    following = np.full(len(contents), -1, dtype=np.int64)
    following[order[again]] = order[again + 1]
    return following
