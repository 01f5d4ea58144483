"""What a subject of the benchmark is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmark.measuring import Row

__all__ = ["Column", "Options", "Subject"]


@dataclass(frozen=True)
class Options:
    """How much is measured."""

    quick: bool
    """Only enough to see that everything works."""
    repeat: int
    """Runs of each measurement."""
    folder: Path
    """For files that are needed meanwhile."""
    scale: tuple[tuple[int, int], ...] = ()
    """For the tree of large caches: contents, and contents in each cache."""
    alphas: tuple[float, ...] = (1.0,)
    """For the same: exponents of the popularity."""

    def requests(self, number: int) -> int:
        """Return how many requests to measure instead of `number`."""
        return max(number // 100, 6000) if self.quick else number


@dataclass(frozen=True)
class Column:
    """A column of a printed table."""

    title: str
    key: str
    """The figure of a row; dots lead into nested ones."""
    form: str = ""
    """How it is formatted."""

    def text(self, row: Row) -> str:
        """Return the cell of a row, "-" where it has no such figure."""
        value: object = row
        for part in self.key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is None:
            return "-"
        return value if isinstance(value, str) else format(value, self.form)


@dataclass(frozen=True)
class Subject:
    """One subject of the benchmark."""

    name: str
    title: str
    columns: tuple[Column, ...]
    measure: Callable[[Options], Iterator[Row]]
    x: str | None = None
    """The figure on the horizontal axis of its plot; None where rows are compared as bars."""
    y: tuple[str, ...] = ()
    """The figures that are plotted."""
    label: str = ""
    """What is plotted, for the axis."""
