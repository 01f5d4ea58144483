"""What comes out of the checks: a table, a JSON file and a figure of each check."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from icarus.results.style import local_style, save
from scripts.verify.checks import Check, Effort, Results, Row

__all__ = ["draw", "print_rows", "write_rows"]


def print_rows(console: Console, check: Check, rows: Sequence[Row]) -> None:
    """Print the comparisons of one check."""
    table = Table(title=check.title, title_justify="left", title_style="bold", box=None)
    table.add_column("comparison", overflow="fold")
    for column in ("expected", "measured", "allowed"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        table.add_row(
            row.what,
            f"{row.expected:.5g}",
            f"{row.measured:.5g}",
            f"± {row.tolerance:.2g}",
            "[green]ok[/]" if row.ok else "[bold red]FAILED[/]",
        )
    console.print(table)
    console.print()


def write_rows(path: Path, rows: Sequence[Row], about: Mapping[str, Any]) -> None:
    """Write all comparisons, and what they were made under, as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = {**about, "rows": [{**asdict(row), "ok": row.ok} for row in rows]}
    path.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")


def draw(check: Check, results: Results, effort: Effort, path: Path) -> None:
    """Draw the figure of one check."""
    with local_style():
        figure = Figure(figsize=(10, 4.6), layout="constrained")
        check.draw(results, effort, figure)
        save(figure, path)
