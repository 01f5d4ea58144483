"""The kind of experiments that are walks: stages, done one after another on one state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from numbers import Number
from typing import Any, ClassVar

import numpy as np

from icarus.core.hashing import digest
from icarus.core.random_streams import root_seed, stream
from icarus.core.values import shown
from icarus.design.walks import START, stages_of
from icarus.errors import StateError
from icarus.execution.running import RunningSimulation
from icarus.orchestration.kinds.task import JobContext, Paused, Product, Task
from icarus.orchestration.states import PassedBarrier
from icarus.planning.barriers import barriers_of
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
    messages : dict
        What barriers on the way returned, by their names.
    reported : dict
        What was reported so far.
    """

    def __init__(self, seed: int, replication: int) -> None:
        self.seed, self.replication = seed, replication
        self.messages: dict[str, Any] = {}
        self.reported: dict[str, Any] = {}
        self.begin((), {})

    def report(self, name: str, value: Any) -> None:
        """Have a value among the results of the walk, under ``WALK`` and this name."""
        self.reported[name] = value

    def begin(self, stages: Sequence[str], options: Mapping[str, Any]) -> None:
        """Have random numbers be those of the stages so far and their options."""
        self._so_far = [[name, options.get(name)] for name in stages]
        self._rng: np.random.Generator | None = None

    @property
    def rng(self) -> np.random.Generator:
        """For the present stage.

        It depends on the replication and on the stages so far and their options alone, so that what
        walks share is the same however it is shared.
        """
        if self._rng is None:
            root = stream(root_seed(self.seed, self.replication), "task")
            key = int(digest(self._so_far)[:12], 16)
            sequence = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, key))
            self._rng = np.random.default_rng(sequence)
        return self._rng


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
        to_do = [one for one in context.barriers if one.to_do]
        if to_do:
            return self._at_barrier(to_do[0], context)
        names = self.phases
        done, state, ctx = self._taken_up(context)
        wanted = {int(one.requests): one for one in context.shared}
        closed = {one.number: one.state for one in context.barriers}
        barriers = self._barriers()
        value = None
        for number, name in enumerate(names[done:], start=done + 1):
            value = None
            if number in closed:
                come_through = closed[number].read()
                if come_through is None:
                    return Paused(Tree(), number - 1)
                _pass(ctx, name, *come_through)
                continue
            context.enter(name)
            if isinstance(state, RunningSimulation):
                state.resume(partial(_tell, context, number - 1))
            if name in barriers:
                _pass(ctx, name, *self._do_barrier(name, ctx.messages))
            else:
                value = self._do(names[:number], ctx, state)
            context.report(number)
            if number in wanted:
                wanted[number].write((number, state, ctx))
        return Product(_results(value, ctx.reported), len(names))

    def _do(self, so_far: Sequence[str], ctx: WalkContext, *state: Any) -> Any:
        """Do the last of the stages so far; barriers have no state."""
        walk = dict(self.params["walk"].items())
        name = so_far[-1]
        ctx.begin(so_far, walk)
        option = (walk[name],) if name in walk else ()
        return self.params["stages"][name](*state, *option, ctx)

    def _barriers(self) -> list[str]:
        return [one.name for one in barriers_of(self.params)]

    def _at_barrier(self, barrier: PassedBarrier, context: JobContext) -> Product:
        """Do a barrier, and nothing else, for all who come through it."""
        name = self.phases[barrier.number - 1]
        context.enter(name)
        ctx = WalkContext(self.seed, self.replication)
        for one in context.barriers[: context.barriers.index(barrier)]:
            before, come_through = self.phases[one.number - 1], one.state.read()
            if come_through is None:
                raise StateError(f"what came of the barrier {before} cannot be read any more")
            _pass(ctx, before, *come_through)
        barrier.state.write(self._do_barrier(name, ctx.messages))
        return Paused(Tree(), barrier.number - 1)

    def _do_barrier(self, name: str, messages: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Do a barrier; return what it returned, and what it reported."""
        ctx = WalkContext(self.seed, self.replication)
        ctx.messages = dict(messages)
        names = self._barriers()
        value = self._do(names[: names.index(name) + 1], ctx)
        return value, ctx.reported

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


def _pass(ctx: WalkContext, name: str, message: Any, reported: Mapping[str, Any]) -> None:
    """Have a walk know what came of a barrier."""
    ctx.messages[name] = message
    ctx.reported.update(reported)


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
    known = set(dict(functions.items())) - {START}
    barriers = experiment.get("barriers", {})
    if not isinstance(barriers, Mapping):
        text = f"should be whether barriers are done again, by name, found {shown(barriers)}"
        return [*found, ("barriers", text)]
    order = experiment.get("order", sorted(known))
    if not isinstance(order, Sequence) or sorted(order) != sorted(known):
        found.append(("order", f"should be all stages in their order, found {shown(order)}"))
    for section, names in (("walk", walk), ("barriers", barriers)):
        unknown = [name for name, _ in names.items() if name not in known]
        found += [(f"{section}.{name}", "there is no stage of this name") for name in unknown]
    return found


JOB_KIND.add(WALK, WalkTask, check=_check)  # type: ignore[arg-type]
