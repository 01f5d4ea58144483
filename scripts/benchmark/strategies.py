"""Every strategy on two maps, by both engines, beside a single LRU cache of libcachesim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from icarus.execution.simulation import SimulationResult
from icarus.registry import STRATEGY
from scripts.benchmark import peer
from scripts.benchmark.experiments import (
    ALPHA,
    MAPS,
    N_CONTENTS,
    NETWORK_CACHE,
    NOT_ON_GEANT,
    network_experiment,
    run,
    same_results,
    warm_up,
)
from scripts.benchmark.measuring import (
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
from scripts.benchmark.trace import write_traces

__all__ = ["SUBJECT", "measure_strategy"]

ORIGINAL = {"LCE": 42_500, "PROB_CACHE": 48_800, "HR_SYMM": 55_700}
"""Requests per second of Icarus 0.8 on GEANT, measured elsewhere, on a machine like today's."""

_QUICK = ("LCE", "HR_SYMM", "NRR")


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each strategy and map."""
    path = str(options.folder / "strategies.oracleGeneral.bin")
    requests = options.requests(3_000_000)
    if peer.installed():
        apart(write_traces, path=path, requests=requests, n_contents=N_CONTENTS, alpha=ALPHA)
    for network in list(MAPS)[: 1 if options.quick else None]:
        for strategy in _QUICK if options.quick else sorted(STRATEGY.keys()):
            if network == "GEANT" and strategy in NOT_ON_GEANT:
                continue
            yield attempted(
                measure_strategy,
                network=network,
                strategy=strategy,
                requests=requests,
                requests_python=options.requests(60_000),
                repeat=options.repeat,
                trace=path if peer.installed() else None,
            )


def measure_strategy(
    network: str,
    strategy: str,
    requests: int,
    requests_python: int,
    repeat: int,
    trace: str | None,
) -> Row:
    """Return the figures of one strategy.

    Parameters
    ----------
    network : str
        A key of ``MAPS``.
    strategy : str
        Registry name.
    requests, requests_python : int
        Requests of a run of the compiled engine and of the reference engine.
    repeat : int
        Runs of the compiled engine.
    trace : str or None
        What libcachesim replays; None without it.

    Raises
    ------
    MeasurementError
        If the engines give different results.
    """

    def experiment(number: int) -> Any:
        return network_experiment(MAPS[network], strategy, requests=number)

    warm_up(experiment(requests))
    spent_python, reference = timed(lambda: run(experiment(requests_python), "python"))
    if not same_results(run(experiment(requests_python)), reference):
        raise MeasurementError(f"the engines differ: {strategy} on {network}")
    # The peer's memory is not ours.
    loops: list[float] = []
    run(experiment(requests))
    peak = peak_mb()
    calls: list[Callable[[], Any]] = [lambda: _run_noting(experiment(requests), loops)]
    if trace:
        calls.append(peer.replay("LRU", int(N_CONTENTS * NETWORK_CACHE), trace))
    ours, *theirs = interleaved(repeat, *calls)
    compiled = ours.rates(requests)
    python = requests_python / spent_python.cpu
    row: Row = {
        "strategy": strategy,
        "network": network,
        "requests": requests,
        "compiled": compiled,
        "loop_per_second": max(loops),
        "python_per_second": python,
        "to_python": compiled["per_second"] / python,
        "engines_agree": True,
        "peak_mb": peak,
        "hit_ratio": reference.results.getval(["CACHE_HIT_RATIO", "MEAN"]),
        "peer": theirs[0].rates(requests) if theirs else peer.NOT_INSTALLED,
        "to_peer": ratio(ours, theirs[0]) if theirs else peer.NOT_INSTALLED,
    }
    if network == "GEANT" and strategy in ORIGINAL:
        row["to_original"] = compiled["per_second"] / ORIGINAL[strategy]
    return row


def _run_noting(experiment: Any, loops: list[float]) -> SimulationResult:
    """Run, and note the requests per second from the first report of progress to the last."""
    import time

    marks: list[tuple[float, int]] = []
    done = run(experiment, heartbeat=lambda n: marks.append((time.process_time(), n)))
    if len(marks) > 1 and marks[-1][0] > marks[0][0]:
        loops.append((marks[-1][1] - marks[0][1]) / (marks[-1][0] - marks[0][0]))
    else:
        loops.append(0.0)
    return done


SUBJECT = Subject(
    name="strategies",
    title=(
        f"Every strategy: {N_CONTENTS:,} contents, alpha {ALPHA}, LRU caches of "
        f"{NETWORK_CACHE:.1%} of the catalogue together, four collectors; "
        "peer: libcachesim's LRU, one cache as large"
    ),
    columns=(
        Column("strategy", "strategy"),
        Column("map", "network"),
        Column("requests/s", "compiled.per_second", ",.0f"),
        Column("from", "compiled.lowest", ",.0f"),
        Column("to", "compiled.highest", ",.0f"),
        Column("loop only", "loop_per_second", ",.0f"),
        Column("python", "python_per_second", ",.0f"),
        Column("/ python", "to_python", ".0f"),
        Column("/ peer", "to_peer", ".2f"),
        Column("/ original*", "to_original", ".0f"),
        Column("MB", "peak_mb", ".0f"),
    ),
    measure=measure,
    y=("to_python",),
    label="times as fast as the python engine",
)
