"""Parts in plain Python beside the compiled engine: collectors of records, workloads of events."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from typing import Any

from icarus.execution.simulation import SimulationResult
from icarus.registry import DATA_COLLECTOR, WORKLOAD
from icarus.scenarios.workload import StationaryWorkload, iterate_events
from icarus.util import Tree
from scripts.benchmark.experiments import (
    COLLECTORS,
    MAPS,
    beside_python,
    network_experiment,
    run,
    warm_up,
)
from scripts.benchmark.measuring import PROJECT, Row, attempted, interleaved, ratio
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT", "measure_part"]

EXAMPLE = "HIT_RATIO_OVER_TIME"
"""The collector in ``config/extension.py``."""

_CASES = {
    "a collector of records": (EXAMPLE,),
    "the same, evictions too": (f"{EXAMPLE}_WITH_EVICTIONS",),
    "events as requests": (),
}
"""From part to the further collectors of its experiment."""


class Events:
    """The requests of STATIONARY, one event at a time, as classes for Icarus 0.8 yield them."""

    def __init__(self, topology: Any, **parameters: Any) -> None:
        self._requests = StationaryWorkload(topology, **parameters)
        self.contents = self._requests.contents
        self.n_contents = self._requests.n_contents

    def __iter__(self) -> Iterator[tuple[float, dict[str, Any]]]:
        return iterate_events(self._requests)


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each part."""
    for case in _CASES:
        yield attempted(
            measure_part,
            case=case,
            requests=options.requests(3_000_000),
            requests_python=options.requests(60_000),
            repeat=options.repeat,
        )


def measure_part(case: str, requests: int, requests_python: int, repeat: int) -> Row:
    """Return the figures of an experiment with a part in plain Python, and without it.

    Raises
    ------
    MeasurementError
        If the engines give different results.
    """
    _register()

    def experiment(number: int, with_part: bool = True) -> Tree:
        built = network_experiment(MAPS["GEANT"], requests=number)
        if with_part and not _CASES[case]:
            built["workload"] = {**dict(built["workload"].items()), "name": "EVENTS"}
        return built

    def with_part() -> SimulationResult:
        return run(experiment(requests), collectors=(*COLLECTORS, *_CASES[case]))

    def without() -> SimulationResult:
        return run(experiment(requests, with_part=False))

    warm_up(experiment(requests))
    calls: list[Callable[[], Any]] = [with_part, without]
    for call in calls:
        call()
    ours, theirs = interleaved(repeat, *calls)
    row: Row = {"case": case, "requests": requests, "compiled": ours.rates(requests)}
    row["without"] = theirs.rates(requests)
    row["to_without"] = ratio(ours, theirs)
    collectors = (*COLLECTORS, *_CASES[case])
    row |= beside_python(experiment(requests_python), requests_python, collectors)
    row["to_python"] = row["compiled"]["per_second"] / row["python_per_second"]
    return row


def _register() -> None:
    if EXAMPLE not in DATA_COLLECTOR:
        runpy.run_path(str(PROJECT / "config" / "extension.py"))
    if f"{EXAMPLE}_WITH_EVICTIONS" not in DATA_COLLECTOR:
        example: Any = DATA_COLLECTOR[EXAMPLE]
        asking = type("Asking", (example,), {"needs_evictions": True})
        DATA_COLLECTOR[f"{EXAMPLE}_WITH_EVICTIONS"] = asking
        WORKLOAD["EVENTS"] = Events


SUBJECT = Subject(
    name="plain-python",
    title="Parts in plain Python: GEANT, LCE, LRU, four collectors",
    columns=(
        Column("part", "case"),
        Column("requests/s", "compiled.per_second", ",.0f"),
        Column("from", "compiled.lowest", ",.0f"),
        Column("to", "compiled.highest", ",.0f"),
        Column("without", "without.per_second", ",.0f"),
        Column("/ without", "to_without", ".2f"),
        Column("python", "python_per_second", ",.0f"),
        Column("/ python", "to_python", ".0f"),
    ),
    measure=measure,
    y=("to_without",),
    label="times as fast as without",
)
