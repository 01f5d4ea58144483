"""Compare simulations with theory and with published figures.

    python -m scripts.verify [--quick | --full] [--only CHECK] [--processes N] [--output FOLDER]

Prints a table, writes it as JSON beside a figure of each check, and exits 1 where a comparison
fails. docs/verification.md says what is compared and why tolerances are what they are.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from icarus.release import version
from scripts.verify.checks import SEED, Effort
from scripts.verify.report import draw, print_rows, write_rows
from scripts.verify.running import CHECKS, Job, run_simulations

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks; return 0 if all comparisons hold, 1 if not."""
    args = _parser().parse_args(arguments)
    effort = Effort.QUICK if args.quick else Effort.FULL if args.full else Effort.USUAL
    checks = [CHECKS[name] for name in args.only or CHECKS]
    errors = Console(stderr=True, highlight=False)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    begin = time.perf_counter()

    def report(job: Job, done: int, total: int) -> None:
        passed = time.perf_counter() - begin
        errors.print(f"{passed:6.0f} s  {done} of {total}: {job[0]}, {job[1]}", markup=False)

    results = run_simulations(checks, effort, args.processes, report)
    rows = []
    left_out = []
    for check in checks:
        of_check = check.rows(results[check.name], effort)
        print_rows(console, check, of_check)
        left_out += check.left_out(effort)
        rows += of_check
        draw(check, results[check.name], effort, args.output / f"{check.name}.png")
    seconds = time.perf_counter() - begin
    about = {
        "version": version,
        "python": platform.python_version(),
        "engines": sorted({one.engine for each in results.values() for one in each.values()}),
        "effort": effort.value,
        "seed": SEED,
        "processes": args.processes,
        "seconds": round(seconds, 1),
        "left_out": left_out,
    }
    write_rows(args.output / "verification.json", rows, about)
    failed = sum(not row.ok for row in rows)
    for line in left_out:
        console.print(f"Left out: {line}", markup=False)
    console.print(
        f"{len(rows) - failed} of {len(rows)} comparisons hold; {seconds:.0f} s; table and "
        f"figures are in {args.output}/"
    )
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify", description=__doc__.splitlines()[0])
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", action="store_true", help="a few seconds, wide noise")
    effort.add_argument("--full", action="store_true", help="with the longest published runs")
    parser.add_argument("--only", action="append", choices=CHECKS, help="this check only")
    parser.add_argument("--processes", type=int, default=2, help="simulations at a time")
    parser.add_argument("--output", type=Path, default=Path("results/verify"), help="a folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
