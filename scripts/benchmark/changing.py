"""What it costs that a network changes, that time is told in windows, and that walks wait."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from icarus import stages as s
from icarus.execution.parameters import Simulation
from icarus.execution.running import RunningSimulation
from icarus.orchestration import Orchestrator
from icarus.orchestration.states import read_state, write_state
from icarus.util import Settings, Tree
from scripts.benchmark.experiments import COLLECTORS, network_experiment, warm_up
from scripts.benchmark.measuring import Row, interleaved, ratio, timed
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT"]

_REQUESTS, _EVENTS, _WINDOWS = 10**7, 100, 1000
_CACHED = 10**6
"""Contents in all caches of the state that is put aside."""
_STRATEGIES = ("LCE", "CL4M", "NRR", "HR_SYMM")


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each kind of cost."""
    requests = _REQUESTS // (20 if options.quick else 1)
    for strategy in _STRATEGIES:
        yield from _of_events(strategy, requests, 1 if options.quick else 9)
    yield _of_windows(requests, 1 if options.quick else 9)
    yield _of_barriers(50 if options.quick else 500, options.folder)
    yield _of_states(_CACHED // (20 if options.quick else 1), options.folder)


def _noting(option: int, ctx: Any) -> None:
    """Do nothing, as a barrier, and have it in the results when that was."""
    began = time.monotonic()
    ctx.report("AT BARRIER", (began, time.monotonic()))


def _behind(state: Any, ctx: Any) -> None:
    """Do nothing, as a stage behind a barrier, and have it in the results when that was."""
    began = time.monotonic()
    ctx.report("BEHIND", (began, time.monotonic()))


def _after(state: Any, option: int, ctx: Any) -> None:
    """Do the same as a stage with options."""
    _behind(state, ctx)


def _told(stages: list[s.Stage], folder: Path) -> list[dict[str, tuple[float, float]]]:
    """Return when each stage of walks on one process began and ended, in that order."""
    settings = Settings()
    settings["EXPERIMENT_QUEUE"] = s.walks(*stages)
    settings["N_PROCESSES"] = 1
    campaign = Orchestrator(settings, executor="pool")
    campaign.states = folder / "states"
    campaign.run()
    return sorted((dict(tree["WALK"].items()) for _, tree in campaign.results), key=_behind_of)


def _behind_of(walk: dict[str, tuple[float, float]]) -> tuple[float, float]:
    return walk["BEHIND"]


def _of_barriers(number: int, folder: Path) -> Row:
    plain = _told([s.stage(_after, list(range(number)))], folder)
    gated = _told([s.barrier(_noting, list(range(number))), s.stage(_behind)], folder)
    # From the end of a stage to the beginning of the next one, through a barrier or not.
    between = [two["BEHIND"][0] - one["BEHIND"][1] for one, two in itertools.pairwise(plain)]
    through = [
        two["AT BARRIER"][0] - one["BEHIND"][1] + two["BEHIND"][0] - two["AT BARRIER"][1]
        for one, two in itertools.pairwise(gated)
    ]
    each, all_in_all = statistics.median(between) * 1e3, statistics.median(through) * 1e3
    return {
        "what": "a barrier",
        "ms": all_in_all - each,
        "together": f"{all_in_all:.2f} ms from stage to stage, instead of {each:.2f}",
    }


def _opened(
    experiment: Tree, collectors: dict[str, dict[str, object]], steered: bool = False
) -> RunningSimulation:
    simulation = Simulation(experiment, collectors, 1, 0, "compiled", steered=steered)
    return RunningSimulation(simulation)


def _in_turn(
    repeats: int, *asked: tuple[Tree, dict[str, dict[str, object]]]
) -> tuple[float, float]:
    """Return the processor seconds of a simulation, and how many times as much another takes.

    From the first request to the results; each run is compared with its neighbour.
    """
    opened = [iter([_opened(*one) for _ in range(repeats)]) for one in asked]
    plain, more = interleaved(
        repeats, *(partial(lambda runs: _to_the_end(next(runs)), one) for one in opened)
    )
    return statistics.median(one.cpu for one in plain.spent), ratio(plain, more)


def _to_the_end(run: RunningSimulation) -> None:
    run.advance().results()


def _of_events(strategy: str, requests: int, repeats: int) -> Iterator[Row]:
    experiment = network_experiment({"name": "GEANT"}, strategy, requests=requests)
    collectors: dict[str, dict[str, object]] = {name: {} for name in COLLECTORS}
    warm_up(experiment)
    links = list(_opened(experiment, collectors).view.topology().edges())
    apart = requests // (_EVENTS // 2 + 1)
    changing = Tree(experiment)
    # A link is up again at the next request, so that it is the events that are measured, and not
    # the longer ways meanwhile.
    changing["timeline"] = [
        {
            "at": {"requests": apart * (i + 1) + number},
            "event": name,
            "link": links[i % len(links)],
        }
        for i in range(_EVENTS // 2)
        for number, name in enumerate(("link_down", "link_up"))
    ]
    _, times = _in_turn(repeats, (experiment, collectors), (changing, collectors))
    each = []
    run = _opened(experiment, collectors, steered=True).advance(requests=10_000)
    for link in links[: _EVENTS // 4]:
        for name in ("link_down", "link_up"):
            event = {"event": name, "link": link}
            each.append(timed(partial(run.apply, event))[0].cpu)
            run.advance(requests=run.requests + 2000)
    yield {
        "what": f"a link goes down or up, GEANT, {strategy}",
        "ms": statistics.median(each) * 1e3,
        "together": f"{_EVENTS} of them in {requests:,} requests: {times - 1:+.1%}",
    }


def _windowed(requests: int) -> dict[str, dict[str, object]]:
    return {"LATENCY": {}, "TIMELINE": {"window": {"requests": requests}}}


def _of_windows(requests: int, repeats: int) -> Row:
    experiment = network_experiment({"name": "GEANT"}, requests=requests)
    few, many = (_windowed(requests // number) for number in (1, _WINDOWS))
    whole, times = _in_turn(repeats, (experiment, few), (experiment, many))
    return {
        "what": "a window ends",
        "ms": whole * (times - 1) / _WINDOWS * 1e3,
        "together": f"{_WINDOWS:,} of them in {requests:,} requests: {times - 1:+.1%}",
    }


def _of_states(cached: int, folder: Path) -> Row:
    experiment = network_experiment(
        {"name": "GEANT"}, requests=6 * cached, n_contents=10 * cached, alpha=0.4, network_cache=0.1
    )
    run = _opened(experiment, {name: {} for name in COLLECTORS}).advance()
    held = sum(len(run.cache_dump(node) or ()) for node in run.view.cache_nodes())
    path = folder / "state"
    aside, size = timed(partial(write_state, path, run, "benchmark"))
    back, _ = timed(partial(read_state, path, "benchmark"))
    path.unlink()
    return {
        "what": f"a state of {held:,} cached of {10 * cached:,} contents, put aside and back",
        "ms": (aside.wall + back.wall) * 1e3,
        "together": f"{size / 1e6:.1f} MB",
    }


SUBJECT = Subject(
    name="changing",
    title="Networks that change, windows, barriers and states",
    columns=(
        Column("what", "what"),
        Column("ms", "ms", ".3g"),
        Column("together", "together"),
    ),
    measure=measure,
    y=("ms",),
    label="ms",
)
