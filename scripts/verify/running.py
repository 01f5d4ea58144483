"""Runs the simulations of all checks, the longest first, on a few processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from icarus.execution.simulation import Simulation, SimulationResult, simulate

# Importing the checks registers their components, in worker processes too.
from scripts.verify.checks import Check, Effort, Results
from scripts.verify.hashrouting_latency import CHECK as HASHROUTING_LATENCY
from scripts.verify.scenario_s1 import CHECK as SCENARIO_S1
from scripts.verify.scenario_s3 import CHECK as SCENARIO_S3
from scripts.verify.single_cache import CHECK as SINGLE_CACHE
from scripts.verify.tree_characteristic_times import CHECK as TREE

__all__ = ["CHECKS", "run_simulations"]

CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (SINGLE_CACHE, SCENARIO_S1, SCENARIO_S3, TREE, HASHROUTING_LATENCY)
}

Job = tuple[str, str]
"""Names of the check and of its simulation."""


def run_simulations(
    checks: Sequence[Check],
    effort: Effort,
    processes: int = 1,
    report: Callable[[Job, int, int], None] = lambda job, done, total: None,
) -> dict[str, Results]:
    """Return the results of the simulations of each check, by its name.

    Parameters
    ----------
    checks : sequence of Check
    effort : Effort
    processes : int, optional
        How many run at a time; with 1 they run in this process.
    report : callable, optional
        Told of every simulation that ended, with how many have and how many there are.
    """
    jobs = {
        (check.name, key): simulation
        for check in checks
        for key, simulation in check.simulations(effort).items()
    }
    longest_first = sorted(jobs, key=lambda job: _requests(jobs[job]), reverse=True)
    results: dict[str, dict[str, SimulationResult]] = {check.name: {} for check in checks}

    def finished(job: Job, result: SimulationResult) -> None:
        results[job[0]][job[1]] = result
        report(job, sum(len(of_check) for of_check in results.values()), len(jobs))

    if processes == 1:
        for job in longest_first:
            finished(job, simulate(jobs[job]))
        return dict(results)
    with ProcessPoolExecutor(processes) as pool:
        futures = {pool.submit(_simulate, jobs[job]): job for job in longest_first}
        for future in as_completed(futures):
            finished(futures[future], future.result())
    return dict(results)


def _simulate(simulation: Simulation) -> SimulationResult:
    # Not `simulate` itself: unpickling this function imports this module, and so the components.
    return simulate(simulation)


def _requests(simulation: Simulation) -> int:
    workload = simulation.params["workload"]
    return int(workload["n_warmup"] + workload["n_measured"])
