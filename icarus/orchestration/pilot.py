"""A pilot: a few experiments with few requests, to know what the campaign will take."""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from icarus.core.kinds import KINDS, settable_parameters
from icarus.errors import SettingsError
from icarus.execution.compiled.engine_choice import BREAK_EVEN
from icarus.orchestration.events import Event, JobEnded
from icarus.orchestration.jobs import jobs_of
from icarus.orchestration.orchestrator import Orchestrator
from icarus.orchestration.status import Status
from icarus.planning.identity import experiment_id
from icarus.planning.plan import Plan, make_plan
from icarus.util import Settings, Tree, timestr

__all__ = ["Estimate", "run_pilot"]

_SHARE = 1000
"""Requests of an experiment for each one of the pilot."""
_LEAST = 2_000
"""Requests that are run at least, for their time to be told from that of building a network."""
_MOST = 24
"""Experiments that are tried."""
_LENGTHS = ("n_warmup", "n_measured")


@dataclass(frozen=True)
class Estimate:
    """What a campaign will take, from a pilot."""

    tried: int
    experiments: int
    requests: float
    """Those that the pilot ran, as a share of all that the experiments which it tried have."""
    took: float
    """Seconds that the pilot took."""
    processor_time: float
    """Seconds of processor time of the whole campaign, all replications included."""
    processes: int
    longest: float
    """Seconds that the longest job will take."""
    longest_label: str
    memory: int
    """Bytes of the largest process."""
    replications: tuple[int, int]
    """The least number, which the estimate is for, and the most that there may be."""
    failed: list[str] = field(default_factory=list)
    """What went wrong, a line each."""

    @property
    def ok(self) -> bool:
        """Whether nothing went wrong."""
        return not self.failed

    @property
    def wall_time(self) -> float:
        """Seconds that the campaign will take, if its processes have a core each."""
        return max(self.processor_time / self.processes, self.longest)

    def lines(self) -> list[str]:
        """Return it in lines of text."""
        lines = [
            f"pilot:         {self.tried} of {self.experiments:,} experiments, "
            f"{100 * self.requests:.3g} % of their requests, in {_time(self.took)}"
        ]
        if self.processor_time:
            least, most = self.replications
            each = "" if least == most else f", with {least} of up to {most} replications"
            processes = f"{self.processes} process{'' if self.processes == 1 else 'es'}"
            lines += [
                f"time:          about {_time(self.wall_time)} on {processes}, "
                f"{_time(self.processor_time)} of processor time{each}",
                f"longest job:   about {_time(self.longest)}, {self.longest_label}",
                f"memory:        about {self.memory / 1e6:,.0f} MB a process, "
                f"{self.processes * self.memory / 1e6:,.0f} MB in all",
            ]
        return [*lines, *(f"failed:        {line}" for line in self.failed)]

    def facts(self) -> dict[str, Any]:
        """Return it as data for JSON: times in seconds, memory in bytes."""
        return {
            "tried": self.tried,
            "experiments": self.experiments,
            "share_of_requests": self.requests,
            "took": self.took,
            "processor_time": self.processor_time,
            "wall_time": self.wall_time,
            "processes": self.processes,
            "longest_job": {"seconds": self.longest, "label": self.longest_label},
            "memory": self.memory,
            "replications": {"least": self.replications[0], "most": self.replications[1]},
            "failed": self.failed,
        }


def _time(seconds: float) -> str:
    return f"{seconds:.2g}s" if seconds < 10 else timestr(seconds)


@dataclass
class _Trial:
    """An experiment that is tried with two numbers of requests."""

    number: int
    """Its place in the plan."""
    requests: float
    """Of all of it."""
    lengths: tuple[int, int]
    durations: list[float] = field(default_factory=list)

    def setup_and_pace(self) -> tuple[float, float]:
        """Return the seconds before the first request, and those that one takes."""
        (first, second), (short, long) = self.lengths, self.durations
        pace = (long - short) / (second - first) if second > first else 0.0
        if pace <= 0:
            return 0.0, long / second
        return max(short - pace * first, 0.0), pace


def run_pilot(settings: Settings) -> Estimate:
    """Try experiments of a campaign with a thousandth of their requests, and twice as many.

    Code that the campaign would have compiled is compiled first, which the estimate leaves out.
    Memory is that of processes with all caches and contents, but with few requests.

    Parameters
    ----------
    settings : Settings
        Those of the campaign; nothing is written.

    Raises
    ------
    SettingsError
        If anything is wrong with them, or no experiment can be shortened.
    """
    plan = make_plan(settings)
    trials = _trials(plan)
    if not trials:
        raise SettingsError(
            ["--pilot: no workload has a number of requests (n_warmup, n_measured) to shorten"]
        )
    _compile(plan, trials)
    begun = time.monotonic()
    failed, memory = _run(settings, plan, trials)
    took = time.monotonic() - begun
    return _estimate(plan, [one for one in trials if len(one.durations) == 2], took, memory, failed)


def _trials(plan: Plan) -> list[_Trial]:
    """Choose experiments: one for each strategy and policy, and others between them."""
    admitted = [i for i in range(len(plan.ids)) if _is_estimated(plan, i)]
    known = {
        i: lengths for i in admitted if any((lengths := _lengths_of(plan.experiments[i])).values())
    }
    by_pair = {plan.pairs[i]: i for i in reversed(list(known))}
    chosen = sorted(by_pair.values())[:_MOST]
    others = [i for i in known if i not in chosen]
    left = _MOST - len(chosen)
    if left > 0:
        chosen += others[:: max(-(-len(others) // left), 1)]
    trials = []
    for i in sorted(chosen):
        total = sum(known[i].values())
        short = min(max(total // _SHARE, _LEAST), total)
        trials.append(_Trial(i, total, (short, min(2 * short, total))))
    return trials


def _is_estimated(plan: Plan, number: int) -> bool:
    """Return whether an experiment is a simulation, and to be run."""
    return bool(plan.pairs[number]) and plan.ids[number] not in plan.vetoes


def _lengths_of(experiment: Tree) -> dict[str, int]:
    """Return the numbers of requests of an experiment; nothing if it does not have both."""
    section = experiment["workload"]
    workload = KINDS["workload"].registry.get(section["name"])
    if workload is None:
        return {}
    known = settable_parameters("workload", workload)
    lengths = {name: section.get(name, known[name].default) for name in _LENGTHS if name in known}
    whole = len(lengths) == len(_LENGTHS) and all(
        isinstance(one, int | float) for one in lengths.values()
    )
    return {name: int(one) for name, one in lengths.items()} if whole else {}


def _shortened(experiment: Tree, requests: int) -> Tree:
    lengths = _lengths_of(experiment)
    share = requests / max(sum(lengths.values()), 1)
    short = Tree(experiment)
    measured = max(round(lengths["n_measured"] * share), 1)
    short["workload"] = {
        **experiment["workload"],
        "n_measured": measured,
        "n_warmup": max(requests - measured, 0),
    }
    return short


def _compile(plan: Plan, trials: Sequence[_Trial]) -> None:
    """Have the code at hand that the campaign would have compiled on the way."""
    from icarus.execution.compiled.ahead import compile_ahead

    worth = [
        plan.experiments[one.number]
        for one in trials
        if plan.pair_requests[one.number] >= BREAK_EVEN and plan.engine != "python"
    ]
    compile_ahead(worth, plan.collectors, "compiled")


def _run(settings: Settings, plan: Plan, trials: Sequence[_Trial]) -> tuple[list[str], int]:
    """Run the trials; return what went wrong, and the most memory of a process."""
    pilot = copy.copy(settings)
    shortened = [
        [_shortened(plan.experiments[one.number], length) for length in one.lengths]
        for one in trials
    ]
    # The longer ones last: what is done once by each process is done by then.
    pilot["EXPERIMENT_QUEUE"] = [one for column in zip(*shortened, strict=True) for one in column]
    for name in ("REPLICATIONS", "HOOKS", "VETO", "MAX_FAILURES"):
        pilot[name] = None
    pilot["N_REPLICATIONS"] = 1
    # Few requests may be odd, and are meant to be few.
    pilot["STRICT"] = False
    ended: dict[str, JobEnded] = {}

    def note(event: Event) -> None:
        if isinstance(event, JobEnded):
            ended[event.job.experiment] = event

    orchestrator = Orchestrator(pilot)
    orchestrator.subscribe(note)
    orchestrator.run()
    for trial, short in zip(trials, shortened, strict=True):
        # Where both are all requests there are, the two are one experiment.
        outcomes = [ended[experiment_id(one)].outcome for one in short]
        if all(one.status is Status.OK for one in outcomes):
            trial.durations = [one.duration for one in outcomes]
    wrong = [one for one in ended.values() if one.outcome.status is not Status.OK]
    failed = [f"{one.job.label}: {one.outcome.status}: {one.outcome.error}" for one in wrong]
    return failed, max((one.outcome.peak_memory for one in ended.values()), default=0)


def _estimate(
    plan: Plan, trials: Sequence[_Trial], took: float, memory: int, failed: list[str]
) -> Estimate:
    """Put together what the trials tell of all experiments."""
    by_pair: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    own = {one.number: one.setup_and_pace() for one in trials}
    for number, found in own.items():
        by_pair[plan.pairs[number]].append(found)
    every = list(own.values())
    total = longest = 0.0
    label = ""
    labels = [job.label for job in jobs_of(replace(plan, n_replications=1))]
    for i, experiment in enumerate(plan.experiments if every else ()):
        if not _is_estimated(plan, i):
            continue
        like = [own[i]] if i in own else by_pair.get(plan.pairs[i]) or every
        setup, pace = (fmean(column) for column in zip(*like, strict=True))
        requests = sum(_lengths_of(experiment).values()) or fmean(one.requests for one in trials)
        seconds = setup + pace * requests
        total += seconds
        if seconds > longest:
            longest, label = seconds, labels[i]
    done = sum(sum(set(one.lengths)) for one in trials)
    return Estimate(
        tried=len(trials),
        experiments=sum(_is_estimated(plan, i) for i in range(len(plan.experiments))),
        requests=done / (sum(one.requests for one in trials) or 1),
        took=took,
        processor_time=total * plan.n_replications,
        processes=plan.n_processes,
        longest=longest,
        longest_label=label,
        memory=memory,
        replications=(plan.n_replications, plan.most_replications),
        failed=failed,
    )
