"""What the commands on traces print, as lines."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from os import PathLike, fspath
from typing import Any

from icarus.plaintext import one_line, plain
from icarus.traces.conversion import TraceInfo, convert_trace, trace_info

__all__ = ["column", "convert_lines", "info_lines"]

_LEAST_P = 0.001
"""The least p-value that is told: it is an estimate from some ten to a hundred simulations."""
_MOST_WORDS = 12
_LONGEST_NOTE = 400
_CALENDAR = 1e8
"""Time stamps from here on, in seconds, are taken for dates: 1973 and later."""


def info_lines(source: str | PathLike[str], **options: Any) -> list[str]:
    """Return what ``icarus trace info`` prints.

    Parameters
    ----------
    source : str or path-like
        The trace.
    **options
        As for `icarus.tools.trace_info`.

    Raises
    ------
    TraceError
        As `icarus.tools.trace_info`.
    """
    return _described(trace_info(source, **options))


def convert_lines(
    source: str | PathLike[str], destination: str | PathLike[str], **options: Any
) -> list[str]:
    """Convert a trace and return what ``icarus trace convert`` prints.

    Parameters
    ----------
    source, destination : str or path-like
        The trace, and the file to write.
    **options
        As for `icarus.tools.convert_trace`.

    Raises
    ------
    TraceError
        As `icarus.tools.convert_trace`.
    """
    info = convert_trace(source, destination, **options)
    kept = [
        name
        for name, held in (("times", info.time), ("sizes", info.bytes_reqs))
        if held is not None
    ]
    extent = f", with {' and '.join(kept)}" if kept else ", without times and sizes"
    notes = [f"{info.path}: {note}" for note in info.notes]
    if info.left_out:
        notes.append(f"{info.path}: {_left_out(info)} are left out")
    return [
        *map(one_line, notes),
        f"{fspath(destination)}: {info.n_reqs:,} requests for {info.n_contents:,} contents{extent}",
    ]


def column(text: str) -> str | int:
    """Return a column as the command line gives it: a number from 0 where it is one."""
    return int(text) if text.isdecimal() else text


def _described(info: TraceInfo) -> list[str]:
    rows = [
        ("format", info.format),
        ("requests", f"{info.n_reqs:,}"),
        ("contents", f"{info.n_contents:,}"),
        ("requests per content", f"{info.mean_reqs_per_content:.2f}"),
        (
            "requested once",
            f"{info.n_onetimers:,} ({info.onetimers_contents_ratio:.1%} of contents, "
            f"{info.onetimers_reqs_ratio:.1%} of requests)",
        ),
        ("highest hit ratio", f"{info.best_hit_ratio:.4f} (all but first requests)"),
        ("Zipf exponent", _fit(info)),
        ("time", _span(info)),
        ("bytes requested", _bytes(info.bytes_reqs)),
        ("bytes of contents", _bytes(info.bytes_contents)),
    ]
    if info.left_out:
        rows.insert(2, ("rows left out", _left_out(info)))
    rows += [("note", one_line(note, _LONGEST_NOTE)) for note in info.notes]
    width = max(len(name) for name, _ in rows)
    return [plain(info.path), *(f"  {name:<{width}}  {text}" for name, text in rows)]


def _left_out(info: TraceInfo) -> str:
    words = sorted(info.left_out.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{one_line(word, 40) or 'none'} {n:,}" for word, n in words[:_MOST_WORDS]]
    shown += ["..."] if len(words) > _MOST_WORDS else []
    return f"{sum(info.left_out.values()):,} that are no requests ({', '.join(shown)})"


def _fit(info: TraceInfo) -> str:
    if math.isnan(info.alpha):
        return "two contents are needed"
    if info.alpha <= 0:
        return f"{abs(info.alpha):.3f} (all contents are requested about equally often)"
    if math.isnan(info.p):
        return f"{info.alpha:.3f} (not tested: too many contents)"
    p = f"p = {info.p:.2g}" if info.p >= _LEAST_P else f"p < {_LEAST_P}"
    return f"{info.alpha:.3f} ({p})"


def _span(info: TraceInfo) -> str:
    if info.time is None:
        return "none"
    first, last = info.time
    length = f"{last - first:,.15g} s"
    if last > first:
        length += f", {info.n_reqs / (last - first):.4g} requests/s"
    if first < _CALENDAR:
        return f"{length}, from {first:.15g} to {last:.15g}"
    try:
        start, end = (
            datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=t) for t in (first, last)
        )
    except OverflowError:
        return f"{length}, from {first:.15g} to {last:.15g}"
    return f"{length}, from {start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC"


def _bytes(count: int | None) -> str:
    return "none" if count is None else f"{count:,}"
