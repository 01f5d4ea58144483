"""Tables on the terminal, figures as JSON, pictures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from scripts.benchmark.measuring import Row
from scripts.benchmark.subject import Subject

__all__ = ["machine", "plot", "table", "write_json"]


def machine() -> Row:
    """Return what the figures depend on beside the code."""
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_at_start": os.getloadavg()[0],
        **{name: _version(name) for name in ("icarus-sim", "numba", "numpy", "libcachesim")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def table(subject: Subject, rows: Sequence[Row]) -> str:
    """Return the rows of a subject as a table in Markdown, which aligns on a terminal too."""
    head = [column.title for column in subject.columns]
    cells = [[column.text(row) for column in subject.columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    left = [not column.form for column in subject.columns]

    def line(texts: Sequence[str]) -> str:
        aligned = (
            text.ljust(width) if to_left else text.rjust(width)
            for text, width, to_left in zip(texts, widths, left, strict=True)
        )
        return f"| {' | '.join(aligned)} |"

    rule = "|".join(
        "-" * (width + 2) if to_left else "-" * (width + 1) + ":"
        for width, to_left in zip(widths, left, strict=True)
    )
    return "\n".join([subject.title, "", line(head), f"|{rule}|", *map(line, cells)])


def write_json(path: Path, figures: dict[str, Any]) -> None:
    """Write all figures to a file, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def plot(subject: Subject, rows: Sequence[Row], folder: Path) -> Path:
    """Draw the figures of a subject into a file of the folder, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(6.4, 4.0 if subject.x else 1.0 + 0.22 * len(rows)))
        axes = figure.add_subplot()
        (_draw_lines if subject.x else _draw_bars)(axes, subject, rows)
        axes.grid(alpha=0.3)
        figure.tight_layout()
        path = folder / f"{subject.name}.png"
        figure.savefig(path, dpi=150)
    return path


def _draw_lines(axes: Any, subject: Subject, rows: Sequence[Row]) -> None:
    for key in subject.y:
        points = [(row[subject.x or ""], _figure(row, key)) for row in rows]
        known = [(x, y) for x, y in points if y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), "o-", label=key.split(".")[0].split("_")[0])
    for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        scale("log")
        axis.set_major_formatter("{x:,g}")
        axis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(subject.x)
    axes.set_ylabel(subject.label)
    if len(subject.y) > 1:
        axes.legend()


def _draw_bars(axes: Any, subject: Subject, rows: Sequence[Row]) -> None:
    (key,) = subject.y
    named = [column for column in subject.columns[:3] if not column.form or column.form == ","]
    known = [row for row in rows if _figure(row, key) is not None]
    names = [", ".join(dict.fromkeys(column.text(row) for column in named)) for row in known]
    axes.barh(names[::-1], [_figure(row, key) for row in known][::-1])
    axes.set_xlabel(subject.label)


def _figure(row: Row, key: str) -> float | None:
    value: Any = row
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, int | float) else None
