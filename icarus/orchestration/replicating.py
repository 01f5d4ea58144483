"""Replicating each experiment until its results are precise enough.

Whether a replication is run depends on the outcomes of all replications of its experiment before
it, taken in their order, and on nothing else: not on which of them came first, nor on where
they ran, nor in which run of the campaign.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from icarus.errors import PlotError
from icarus.orchestration.events import CampaignEnded, Event
from icarus.orchestration.jobs import Job, Outcome, jobs_of
from icarus.orchestration.source import JobSource, PlannedJobs
from icarus.planning.plan import Plan
from icarus.planning.replications import CONFIDENCE, Replications
from icarus.results.metrics import metrics_in, metrics_meant, number
from icarus.theory.distributions import means_confidence_interval
from icarus.util import Tree

__all__ = ["Interval", "PreciseJobs", "State", "planned_source"]

logger = logging.getLogger("orchestration")

_MOST_LINES = 20
"""Experiments that are named at the end of a campaign."""


class State(StrEnum):
    """How far the replications of an experiment are."""

    OPEN = "OPEN"
    """Replications are still to come."""
    PRECISE = "PRECISE"
    """All metrics are as precise as wanted."""
    MAXIMUM = "MAXIMUM"
    """The largest number of replications did not make them so."""
    UNMEASURED = "UNMEASURED"
    """The first replications gave no number for one of the metrics."""


@dataclass(frozen=True)
class Interval:
    """The confidence interval of one metric of one experiment."""

    metric: str
    wanted: float
    """The largest half-width wanted, as a share of the mean."""
    n: int
    """Number of values."""
    mean: float
    half_width: float

    @property
    def precise(self) -> bool:
        """Whether the half-width is as small as wanted; one of 0 always is."""
        return self.half_width <= self.wanted * abs(self.mean)

    def __str__(self) -> str:
        share = self.half_width / abs(self.mean) if self.mean else math.inf
        wide = f"{100 * share:.3g} %" if math.isfinite(share) else f"{self.half_width:.3g}"
        return f"{self.metric} is {self.mean:.5g} ± {wide}, wanted {100 * self.wanted:.3g} %"


@dataclass
class _Experiment:
    """What is known of one experiment."""

    jobs: Sequence[Job]
    """All replications there may be."""
    asked: int
    """How many of them the orchestrator was given."""
    measured: dict[int, dict[str, dict[str, float]]] = field(default_factory=dict)
    """By replication and by name in ``until``: values of the metrics that the name means."""
    state: State = State.OPEN
    intervals: list[Interval] = field(default_factory=list)
    trouble: str = ""
    """Why there is no number for a metric."""


class PreciseJobs:
    """The jobs of a campaign that replicates each experiment until it is precise.

    Parameters
    ----------
    plan : Plan
        One that has ``replications``.

    Notes
    -----
    A replication that failed, or gave no number for a metric, counts as run and gives no value.
    An experiment is precise when each metric has at least ``least`` values and the half-width of
    the confidence interval (Student's t), that of ``icarus results show``, is within the share
    of the mean. It is given up where the first ``least`` replications gave no value at all.
    """

    def __init__(self, plan: Plan) -> None:
        if plan.replications is None:
            raise ValueError("the plan has a fixed number of replications")
        self._plan = plan
        self._rule: Replications = plan.replications
        self._experiments: list[_Experiment] = []

    def first(self) -> Sequence[Job]:
        """Return the least number of replications of each experiment."""
        most, least = self._rule.most, self._rule.least
        logger.info("replications of each experiment: %s", self._rule.describe())
        # Numbers leave room for all replications, so that results are in the order of the queue.
        jobs = jobs_of(replace(self._plan, n_replications=most))
        self._experiments = [
            _Experiment(jobs[i : i + most], least) for i in range(0, len(jobs), most)
        ]
        return [job for one in self._experiments for job in one.jobs[:least]]

    def after(self, job: Job, outcome: Outcome) -> Sequence[Job]:
        """Return the next replication of the experiment of `job`, if it is needed."""
        one = self._experiments[job.number // self._rule.most]
        replication = job.number % self._rule.most
        one.measured[replication] = {}
        if outcome.value is not None:
            one.measured[replication] = self._values_in(outcome.value.results, one)
        # Only complete series are judged: which replication came last must not matter.
        if len(one.measured) < one.asked:
            return ()
        self._judge(one)
        if one.state is not State.OPEN:
            return ()
        one.asked += 1
        return [one.jobs[one.asked - 1]]

    def _values_in(self, results: Tree, one: _Experiment) -> dict[str, dict[str, float]]:
        values: dict[str, dict[str, float]] = {}
        found = metrics_in([results])
        for name in self._rule.until:
            try:
                meant = metrics_meant(found, name)
            except PlotError as error:
                one.trouble = one.trouble or str(error)
                continue
            numbers = {path: number(results.getval(path)) for path in meant}
            values[name] = {
                ".".join(map(str, path)): value
                for path, value in numbers.items()
                if value is not None
            }
        return values

    def _judge(self, one: _Experiment) -> None:
        one.intervals = []
        enough = True
        for name, wanted in self._rule.until.items():
            series = _series(one, name)
            if not series:
                one.state = State.UNMEASURED
                return
            for metric, values in series.items():
                mean, half_width = means_confidence_interval(values, CONFIDENCE)
                one.intervals.append(Interval(metric, wanted, len(values), mean, half_width))
                enough = enough and len(values) >= self._rule.least
        if enough and all(interval.precise for interval in one.intervals):
            one.state = State.PRECISE
        elif one.asked == self._rule.most:
            one.state = State.MAXIMUM

    def states(self) -> list[tuple[State, int]]:
        """Return the state of each experiment, in the order of the queue, and its replications."""
        return [(one.state, len(one.measured)) for one in self._experiments]

    def facts(self) -> dict[str, Any]:
        """Return what is to be kept with results: what was wanted and where it was not reached."""
        return {
            "replications": self._rule.facts(),
            "imprecise": [
                {
                    "experiment": one.jobs[0].experiment,
                    "label": _label(one),
                    "state": str(one.state),
                    "replications": len(one.measured),
                    "why": _reason(one),
                }
                for one in self._experiments
                if one.state is not State.PRECISE
            ],
        }

    def report(self, event: Event) -> None:
        """Say at the end of a campaign which experiments are not as precise as wanted."""
        if not isinstance(event, CampaignEnded):
            return
        lines = [
            f"{_label(one)}: not as precise as wanted after {len(one.measured)} replications: "
            f"{_reason(one)}"
            for one in self._experiments
            if one.state in (State.MAXIMUM, State.UNMEASURED)
        ]
        for line in lines[:_MOST_LINES]:
            logger.warning("%s", line)
        if len(lines) > _MOST_LINES:
            logger.warning("and %d more experiments", len(lines) - _MOST_LINES)
        precise = sum(one.state is State.PRECISE for one in self._experiments)
        logger.info("%d of %d experiments are precise", precise, len(self._experiments))


def _series(one: _Experiment, name: str) -> Mapping[str, list[float]]:
    """Return the values of each metric that a name means, in the order of replications."""
    series: dict[str, list[float]] = {}
    for replication in sorted(one.measured):
        for metric, value in one.measured[replication].get(name, {}).items():
            series.setdefault(metric, []).append(value)
    return series


def _label(one: _Experiment) -> str:
    return one.jobs[0].label.removesuffix(" #1")


def _reason(one: _Experiment) -> str:
    match one.state:
        case State.UNMEASURED:
            return f"no number: {one.trouble or 'every replication failed'}"
        case State.MAXIMUM:
            wide = [str(interval) for interval in one.intervals if not interval.precise]
            return "; ".join(wide or _short(one.intervals))
    return "replications are missing"


def _short(intervals: Iterable[Interval]) -> list[str]:
    return [f"{one.metric} has only {one.n} values" for one in intervals]


def planned_source(plan: Plan) -> JobSource:
    """Return the source of the jobs of a campaign: of a fixed number, or until it is precise."""
    return PlannedJobs(plan) if plan.replications is None else PreciseJobs(plan)
