"""Golden results: what is run of each settings module, and how its results are written down.

    python -m tests.e2e.record_golden               record all anew
    python -m tests.e2e.record_golden line          record some
    python -m tests.e2e.record_golden --full line   with as many requests as the module says

Another version of Icarus records with PYTHONPATH=its/folder python tests/e2e/record_golden.py. Its
own settings modules are run, with `--to FOLDER` to keep what it writes apart.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import icarus
from icarus.results import read_results_pickle

PROJECT = Path(icarus.__file__).resolve().parents[1]
GOLDEN = Path(__file__).resolve().parent / "golden"
FULL = "full.json"
"""The file with one digest for each case, run with all requests."""

MEANS = ("MEAN", "MEAN_INTERNAL")
"""What is recorded of a collector to read, whichever it has."""

QUICK = {"ENGINE": "python", "PARALLEL_EXECUTION": False}
"""So few requests as in the scaled runs are served before code for them would be loaded."""


class Case(NamedTuple):
    """A run of a settings module, scaled down."""

    module: str
    """Its name, with an end where it is a sweep file."""
    options: Mapping[str, object]
    always: Mapping[str, object] = {}
    """What is set in the full run too."""
    needs_maps: bool = False

    @property
    def file(self) -> str:
        """The name of the settings module or sweep file."""
        return self.module if "." in self.module else f"{self.module}.py"


def _scaled(warmup: int, measured: int, **others: object) -> dict[str, object]:
    requests = {"N_WARMUP_REQUESTS": warmup, "N_MEASURED_REQUESTS": measured}
    return {**requests, "N_REPLICATIONS": 1, **others}


def _scaled_in_base(**others: object) -> dict[str, object]:
    requests = {"workload.n_warmup": 500, "workload.n_measured": 1000}
    windows = {"DATA_COLLECTORS": {"TIMELINE": {"window": 1.0}}}
    return {**requests, **windows, "N_REPLICATIONS": 1, **others}


_TREES = [{"name": "TREE", "k": 2, "h": 6}, {"name": "TREE", "k": 3, "h": 3}]
_TWO_MAPS = [{"name": "ROCKET_FUEL", "asn": asn, "source_ratio": 0.1} for asn in (1755, 3967)]
_UNTIL = {"min": 3, "max": 5, "until": {"CACHE_HIT_RATIO.MEAN": 0.03}}

CASES = {
    "quickstart": Case("quickstart", _scaled(500, 1000, N_CONTENTS=1000)),
    "reference": Case("reference", _scaled(500, 1000, N_CONTENTS=1000)),
    "line": Case("line", _scaled(1000, 2000, N_CONTENTS=1000)),
    "lce_vs_probcache": Case(
        "lce_vs_probcache",
        _scaled(500, 1000, N_CONTENTS=1000, TOPOLOGIES=_TWO_MAPS),
        needs_maps=True,
    ),
    "lce_vs_probcache_on_trees": Case(
        "lce_vs_probcache", _scaled(500, 1000, N_CONTENTS=1000), {"TOPOLOGIES": _TREES}
    ),
    "onpath_vs_offpath": Case("onpath_vs_offpath", _scaled(400, 800, N_CONTENTS=500)),
    "hashrouting": Case("hashrouting", _scaled(400, 800, N_CONTENTS=500)),
    "until_precise": Case(
        "until_precise", _scaled(500, 1000, N_CONTENTS=1000, REPLICATIONS=_UNTIL)
    ),
    "trace_replay": Case("trace_replay", {"N_REPLICATIONS": 1}, {"TRACE": "trace.csv"}),
    "modern_policies": Case(
        "modern_policies", {"SIZES": [0.03, 0.1]}, {"TRACE": "trace.csv", "ENGINE": "python"}
    ),
    "extension": Case(
        "extension",
        _scaled(1000, 2000, N_CONTENTS=1000),
        {"DATA_COLLECTORS": ["CACHE_HIT_RATIO", "LATENCY"]},
    ),
    "extension_over_time": Case(
        "extension",
        _scaled(500, 1000, N_CONTENTS=1000, NETWORK_CACHE=[0.2]),
        {"DATA_COLLECTORS": {"HIT_RATIO_OVER_TIME": {"seconds": 10.0}}},
    ),
    "extension_classes": Case("extension_classes", _scaled(500, 1000, NETWORK_CACHE=[0.2])),
    "link_failures": Case(
        "link_failures",
        {
            **_scaled(500, 1000, DOWN=2.5, UP=4.0, DATA_COLLECTORS={"TIMELINE": {"window": 0.5}}),
            "LINKS": [(2, 4), (22, 23)],
        },
    ),
    "flash_crowd": Case("flash_crowd", _scaled_in_base(N_CONTENTS=1000, COMES=7.0, GOES=9.0)),
    "cache_flush": Case("cache_flush", _scaled_in_base(FLUSH=10.0)),
    "sweep": Case(
        "sweep.toml",
        {"N_REPLICATIONS": 1, "workload.n_contents": 500, "workload.n_measured": 1000},
        {"workload.alpha": [0.8, 1.2], "cache_placement.network_cache": [0.01, 0.1]},
    ),
}


def options_of(case: Case, *, full: bool = False) -> list[str]:
    """Return the options of the command line that set what a case sets."""
    settings = {**({} if full else {**case.options, **QUICK}), **case.always}
    # until_precise says how often it replicates by REPLICATIONS, and has no N_REPLICATIONS.
    if "REPLICATIONS" in settings:
        settings.pop("N_REPLICATIONS", None)
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value!r}")]


def write_trace(folder: Path, n_requests: int = 2500) -> None:
    """Write the trace of `trace_replay`: two in three requests are for few contents."""
    state, rows = 1, ["content,time,size"]
    for number in range(n_requests):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF  # the generator of the C standard
        drawn = state >> 8
        content = drawn % 40 if drawn % 3 else drawn % 1000
        rows.append(f"{content},{number * 0.25 + drawn % 4 * 0.0625},{100 + content % 7 * 50}")
    (folder / "trace.csv").write_text("\n".join(rows) + "\n", encoding="ascii")


def exact(value: Any) -> str:
    """Return a text that differs for any two values that are not equal to the last bit."""
    if isinstance(value, np.ndarray):
        return f"array{value.shape}{exact(value.tolist())}"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, Mapping):
        items = sorted((exact(key), exact(item)) for key, item in value.items())
        return "{" + ",".join(f"{key}:{item}" for key, item in items) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(exact, value)) + "]"
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    raise TypeError(f"no exact text for {type(value)}: {value!r}")


def digest(value: Any) -> str:
    """Return the first 16 digits of the SHA-256 of the exact text of a value."""
    return hashlib.sha256(exact(value).encode()).hexdigest()[:16]


def record_of(parameters: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is recorded of one job: by collector, a number to read and a digest of all."""
    collectors = {
        name: [next((tree[mean] for mean in MEANS if mean in tree), None), digest(tree)]
        for name, tree in results.items()
    }
    return {"parameters": digest(parameters), **collectors}


def records_of(path: Path) -> list[dict[str, Any]]:
    """Return the records of all jobs in a results file."""
    return [record_of(p.dict(), tree.dict()) for p, tree in read_results_pickle(path)]


def written(options: Sequence[str], records: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a file of records: JSON, with a line for each job."""
    lines = ",\n".join("  " + json.dumps(one) for one in records)
    return f'{{"options": {json.dumps(options)},\n "jobs": [\n{lines}\n]}}\n'


def recorded(name: str) -> dict[str, Any]:
    """Return what is recorded of a case: its options, and a record for each job."""
    records: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return records


def recorded_in_full(folder: Path = GOLDEN) -> dict[str, str]:
    """Return the digests of cases with all requests."""
    file = folder / FULL
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def run(name: str, folder: Path, *, full: bool = False) -> list[dict[str, Any]]:
    """Run a case in a process of its own; return the records of its jobs."""
    write_trace(folder)
    case, results = CASES[name], folder / f"{name}.pickle"
    settings = PROJECT / "config" / case.file
    command = [sys.executable, "-m", "icarus", "run", settings, "-q", "-r", results]
    maps = str(PROJECT.parent / "shared" / "data")
    surroundings = {"ICARUS_DATA": maps, **os.environ, "PYTHONPATH": str(PROJECT)}
    options = options_of(case, full=full)
    subprocess.run([*command, *options], cwd=folder, env=surroundings, check=True)
    return records_of(results)


def digest_of_all(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the number of jobs and the SHA-256 of their records, in any order."""
    lines = sorted(json.dumps(one) for one in records)
    return f"{len(lines)} jobs, {hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def record(name: str, folder: Path, *, full: bool) -> None:
    """Run a case and write down its results."""
    with tempfile.TemporaryDirectory() as place:
        records = run(name, Path(place), full=full)
    if full:
        digests = {**recorded_in_full(folder), name: digest_of_all(records)}
        text = json.dumps({name: digests[name] for name in CASES if name in digests}, indent=1)
        (folder / FULL).write_text(text + "\n", encoding="utf-8")
    else:
        text = written(options_of(CASES[name]), records)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}: {len(records)} jobs")


def main() -> None:
    """Record the cases that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--full", action="store_true", help="with all requests; takes minutes")
    parser.add_argument("--to", type=Path, default=GOLDEN, help="the folder to write to")
    given = parser.parse_args()
    if unknown := set(given.names) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    given.to.mkdir(parents=True, exist_ok=True)
    for name in given.names or CASES:
        record(name, given.to, full=given.full)


if __name__ == "__main__":
    main()
