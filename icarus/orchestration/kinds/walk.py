"""The kind of experiments that are walks: stages, done one after another on one state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from numbers import Number
from typing import Any, ClassVar

import numpy as np

from icarus.core.hashing import digest
from icarus.core.random_streams import root_seed, stream
from icarus.core.values import shown
from icarus.design.walks import START, stages_of
from icarus.execution.running import RunningSimulation
from icarus.orchestration.kinds.task import JobContext, Product, Task
from icarus.planning.job_kinds import WALK
from icarus.registry import JOB_KIND
from icarus.util import Tree

__all__ = ["WalkContext", "WalkTask"]

_GROUP = "WALK"
"""The group of results that stages report, or return as numbers."""


class WalkContext:
    """What the stages of a walk can ask and tell.

    Parameters
    ----------
    seed : int
        ``SEED`` of the campaign.
    replication : int
        Counted from 0.

    Attributes
    ----------
    seed, replication : int
    rng : numpy.random.Generator
        For the present stage: it depends on the replication and on the options so far alone, so
        that what walks share is the same however it is shared.
    reported : dict
        What was reported so far.
    """

    def __init__(self, seed: int, replication: int) -> None:
        self.seed, self.replication = seed, replication
        self.reported: dict[str, Any] = {}
        self.begin({})

    def report(self, name: str, value: Any) -> None:
        """Have a value among the results of the walk, under ``WALK`` and this name."""
        self.reported[name] = value

    def begin(self, options: Mapping[str, Any]) -> None:
        """Have the random numbers of a stage be those of the options so far."""
        root = stream(root_seed(self.seed, self.replication), "task")
        key = int(digest(dict(options.items()))[:12], 16)
        sequence = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, key))
        self.rng = np.random.default_rng(sequence)


@dataclass(frozen=True)
class WalkTask(Task):
    """One replication of one walk."""

    kind: ClassVar[str] = WALK
    unit: ClassVar[str] = "stages"

    @property
    def phases(self) -> tuple[str, ...]:
        """The stages, in order."""
        return tuple(name for name, _ in stages_of(self.params))

    def run(self, context: JobContext) -> Product:
        """Do all stages that have not been done for another walk, and return what comes of it."""
        stages = stages_of(self.params)
        done, state, ctx = self._taken_up(context)
        wanted = {int(one.requests): one for one in context.shared}
        value = None
        for number, (name, function) in enumerate(stages[done:], start=done + 1):
            context.enter(name)
            if isinstance(state, RunningSimulation):
                state.resume(partial(_tell, context, number - 1))
            value = self._do(number, function, state, ctx)
            context.report(number)
            if number in wanted:
                wanted[number].write((number, state, ctx))
        return Product(_results(value, ctx.reported), len(stages))

    def _do(self, number: int, function: Any, state: Any, ctx: WalkContext) -> Any:
        """Do a stage, counted from 1."""
        walk = dict(self.params["walk"].items())
        so_far = self.phases[:number]
        ctx.begin({name: walk[name] for name in so_far if name in walk})
        if so_far[-1] in walk:
            return function(state, walk[so_far[-1]], ctx)
        return function(state, ctx)

    def _taken_up(self, context: JobContext) -> tuple[int, Any, WalkContext]:
        """Return how many stages are done, the state, and the context of the walk."""
        for shared in reversed(context.shared):
            found = shared.read()
            if found is not None:
                number, state, ctx = found
                return number, state, ctx
        ctx = WalkContext(self.seed, self.replication)
        start = self.params["stages"].get(START)
        return 0, None if start is None else start(ctx), ctx


def _tell(context: JobContext, done: int, requests: int) -> None:
    """Give a sign of life while a simulation goes on within a stage."""
    context.report(done)


def _results(value: Any, reported: Mapping[str, Any]) -> Tree:
    """Return what the last stage returned, and what was reported, as results."""
    results = Tree(dict(value.items())) if isinstance(value, Mapping) else Tree()
    group: dict[str, Any] = dict(reported)
    if isinstance(value, Number | np.ndarray | str):
        group["VALUE"] = value
    elif value is not None and not isinstance(value, Mapping):
        raise TypeError(
            f"the last stage should return a mapping, a number or nothing, found {shown(value)}"
        )
    if group:
        results[_GROUP] = {**dict((results.get(_GROUP) or {}).items()), **group}
    return results


def _check(experiment: Tree) -> list[tuple[str, str]]:
    """Return what is wrong with a walk that was written by hand."""
    functions = experiment.get("stages")
    if not isinstance(functions, Mapping) or not len(functions):
        return [("stages", "missing; walks are made by icarus.stages.walks")]
    found = [
        (f"stages.{name}", f"should be a function, found {shown(one)}")
        for name, one in functions.items()
        if not callable(one)
    ]
    walk = experiment.get("walk")
    if not isinstance(walk, Mapping):
        return [*found, ("walk", f"should be the options of stages by name, found {shown(walk)}")]
    unknown = [name for name, _ in walk.items() if name not in dict(functions.items())]
    return [*found, *((f"walk.{name}", "there is no stage of this name") for name in unknown)]


JOB_KIND.add(WALK, WalkTask, check=_check)  # type: ignore[arg-type]
