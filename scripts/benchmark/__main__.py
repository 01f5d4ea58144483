"""Measure Icarus and print, write and draw the figures: ``python -m scripts.benchmark``.

``make bench`` measures all subjects but that of the tree of large caches, which takes some
minutes and has ``make bench-scale``.
"""

from __future__ import annotations

import argparse
import runpy
import sys
import tempfile
from pathlib import Path

if not __package__:  # python scripts/benchmark
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    runpy.run_module("scripts.benchmark", run_name="__main__")
    sys.exit()

from icarus.registry import load_components
from scripts.benchmark import (
    changing,
    contents,
    curves,
    designs,
    journal,
    large_caches,
    metering,
    nodes,
    own_components,
    pages,
    peer,
    plain_python,
    policies,
    processes,
    startup,
    strategies,
    tables,
    waiting,
)
from scripts.benchmark.measuring import PROJECT, MeasurementError, in_one_process
from scripts.benchmark.report import machine, plot, table, write_json
from scripts.benchmark.subject import Options

_MODULES = (
    *(strategies, policies, contents, nodes, own_components, plain_python),
    *(processes, startup, waiting, designs, changing, metering, journal, tables, pages),
    *(curves, large_caches),
)
SUBJECTS = {module.SUBJECT.name: module.SUBJECT for module in _MODULES}
LONG = {large_caches.SUBJECT.name}
"""Subjects that are measured only where they are named."""

SCALE = ((10**8, 10**5), (10**9, 10**6))


def _size(text: str) -> tuple[int, int]:
    contents_, _, cache = text.partition(":")
    return int(float(contents_)), int(float(cache))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    parser.add_argument(
        "subjects", nargs="*", metavar="SUBJECT", help=f"what to measure: {', '.join(SUBJECTS)}"
    )
    parser.add_argument("--quick", action="store_true", help="only see that everything works")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each measurement")
    parser.add_argument(
        "--output",
        type=Path,
        default=PROJECT / "results" / "benchmark",
        help="folder for figures and pictures [results/benchmark]",
    )
    parser.add_argument(
        "--size",
        type=_size,
        action="append",
        metavar="CONTENTS:CACHE",
        help="for large-caches: contents, and contents in each cache, as in 1e8:1e5",
    )
    parser.add_argument(
        "--alpha", type=float, action="append", help="for large-caches: exponent [1.0]"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.subjects) - set(SUBJECTS)
    if unknown:
        parser.error(f"no subject {min(unknown)!r}; there are {', '.join(SUBJECTS)}")
    if arguments.repeat < 1:
        parser.error(f"--repeat must be at least 1, found {arguments.repeat}")
    return arguments


def main() -> None:
    """Measure what the command line asks for."""
    arguments = _arguments()
    load_components()
    chosen = arguments.subjects or [
        name for name in SUBJECTS if arguments.quick or name not in LONG
    ]
    figures = {"machine": machine(), "quick": arguments.quick, "subjects": {}}
    if not peer.installed():
        print(f"{peer.NOT_INSTALLED}; pip install libcachesim has it measured too\n")
    with tempfile.TemporaryDirectory() as folder, in_one_process(arguments.quick):
        options = Options(
            quick=arguments.quick,
            repeat=1 if arguments.quick else arguments.repeat,
            folder=Path(folder),
            scale=tuple(arguments.size or SCALE),
            alphas=tuple(arguments.alpha or (1.0,)),
        )
        failed = []
        for name in chosen:
            subject = SUBJECTS[name]
            rows = []
            for row in subject.measure(options):
                rows.append(row)
                print(f"  {', '.join(c.text(row) for c in subject.columns)}", file=sys.stderr)
            print(f"{table(subject, rows)}\n", flush=True)
            figures["subjects"][name] = {"title": subject.title, "rows": rows}
            write_json(arguments.output / f"{name}.json", figures["subjects"][name])
            failed += [row["error"] for row in rows if "error" in row]
            plot(subject, [row for row in rows if "error" not in row], arguments.output)
    write_json(arguments.output / "benchmark.json", figures)
    print("* measured elsewhere. Rates are of CPU time, ratios medians over neighbouring runs.")
    print(f"Figures and pictures are in {arguments.output}.")
    if failed:
        raise MeasurementError("\n".join([f"{len(failed)} measurements failed", *failed]))


if __name__ == "__main__":
    try:
        main()
    except MeasurementError as error:
        sys.exit(f"benchmark: {error}")
