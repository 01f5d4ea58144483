"""Walks: what is done stage by stage, with each combination of the options of all stages."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

from icarus.design.points import Point
from icarus.errors import DesignError
from icarus.util import Tree

__all__ = [
    "START",
    "Stage",
    "Walks",
    "barrier",
    "beginning_of",
    "stage",
    "stages_of",
    "walk_of",
    "walks",
]

START = "start"
"""What the function that makes the first state is called among those of stages."""


@dataclass(frozen=True)
class Stage:
    """One stage of walks.

    Attributes
    ----------
    name : str
        What results and plots call it.
    function : callable
    options : tuple or None
        What it is tried with; None for a stage without options.
    is_barrier : bool
        Whether it is done alone, for all walks with the same options of barriers.
    again : bool
        Of a barrier, whether it is done again where a campaign goes on before all walks that come
        through it have ended.
    """

    name: str
    function: Callable[..., Any]
    options: tuple[Any, ...] | None = None
    is_barrier: bool = False
    again: bool = True


def stage(
    function: Callable[..., Any],
    options: Sequence[Any] | None = None,
    *,
    name: str | None = None,
) -> Stage:
    """Return a stage of walks.

    Parameters
    ----------
    function : callable
        Defined in the settings module, or in one that it imports. It is called with the state and
        the context, ``function(state, ctx)``, or with an option in between,
        ``function(state, option, ctx)``. It changes the state; what the last one returns is the
        result of the walk.
    options : sequence, optional
        What it is tried with, one at a time: numbers, texts, tuples of these.
    name : str, optional
        By default that of the function.

    Raises
    ------
    DesignError
        If the function has no name that another process could find it by, or there are no options
        in the sequence.
    """
    return _stage("stage", function, options, name)


def barrier(
    function: Callable[..., Any],
    options: Sequence[Any] | None = None,
    *,
    name: str | None = None,
    again: bool = True,
) -> Stage:
    """Return a stage that is done alone: once for all walks, and while nothing else runs.

    All walks first come to it. With each option it is then done once, by itself, and the walks with
    this option go on to their end, or to the next barrier, before it is done with the next option.
    Behind others, it is done once for each combination of their options and its own, in the order
    of nested loops. Each replication has barriers of its own.

    Parameters
    ----------
    function : callable
        As for ``stage``, but called without a state, ``function(ctx)`` or ``function(option,
        ctx)``. What it returns is ``ctx.messages[name]`` for all stages behind it in the walks that
        come through it.
    options : sequence, optional
        What it is tried with, one at a time.
    name : str, optional
        By default that of the function.
    again : bool, optional
        Whether it is done again where a campaign was stopped and goes on before all walks that come
        through it have ended, as it may have had effects that are gone, such as a process.

    Raises
    ------
    DesignError
        As for ``stage``.
    """
    return replace(_stage("barrier", function, options, name), is_barrier=True, again=bool(again))


def _stage(
    what: str, function: Callable[..., Any], options: Sequence[Any] | None, name: str | None
) -> Stage:
    _require_a_name(function, f"a {what}")
    given = None if options is None else tuple(options)
    label = name or function.__name__
    if given is not None and not given:
        raise DesignError([f"{what} {label}: an empty list of options leaves no walk"])
    return Stage(label, function, given)


def _require_a_name(function: Any, what: str) -> None:
    path = getattr(function, "__qualname__", None)
    if not callable(function) or path is None or "<" in path:
        raise DesignError(
            [
                f"{what}: should be a function that a module defines by def, so that each process "
                f"finds it, found {path or function!r}"
            ]
        )


class Walks(Sequence[Point]):
    """All combinations of the options of stages, as experiments; those of the first vary slowest.

    Parameters
    ----------
    stages : sequence of Stage
    start : callable or None
        Called with the context; returns the first state.
    where : callable or None
        Called with a dict from stage to option; returns why a combination is left out, or nothing.
    share : bool
        Whether walks that begin alike share what they have in common.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        start: Callable[[Any], Any] | None,
        where: Callable[[dict[str, Any]], Any] | None,
        share: bool,
    ) -> None:
        self.stages = tuple(stages)
        self.start, self.where, self.share = start, where, share
        self._varied = [one for one in self.stages if one.options is not None]
        self._sizes = [len(one.options or ()) for one in self._varied]

    def __len__(self) -> int:
        return math.prod(self._sizes)

    @property
    def sizes(self) -> dict[str, int]:
        """How many options each stage has; 1 for one without options."""
        return {one.name: 1 if one.options is None else len(one.options) for one in self.stages}

    @overload
    def __getitem__(self, index: int) -> Point: ...

    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...

    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return [self[place] for place in range(len(self))[index]]
        number = place = range(len(self))[index]
        options: dict[str, Any] = {}
        for one, size in zip(reversed(self._varied), reversed(self._sizes), strict=True):
            number, digit = divmod(number, size)
            options[one.name] = copy.deepcopy(one.options[digit])  # type: ignore[index]
        options = {one.name: options[one.name] for one in self._varied}
        return self._point(options, place)

    def _point(self, options: dict[str, Any], place: int) -> Point:
        functions: dict[str, Any] = {} if self.start is None else {START: self.start}
        functions |= {one.name: one.function for one in self.stages}
        # An experiment is what its mappings hold, in whatever order.
        order = [one.name for one in self.stages]
        point = Point({"walk": options, "stages": functions, "order": order})
        if barriers := {one.name: one.again for one in self.stages if one.is_barrier}:
            point["barriers"] = barriers
        if not self.share:
            point["share"] = False
        point.number = place + 1
        if self.where is not None:
            reason = self.where(dict(options))
            if reason:
                point.excluded = reason if isinstance(reason, str) else "where"
        return point

    def __iter__(self) -> Iterator[Point]:
        return (self[place] for place in range(len(self)))


def walks(
    *stages: Stage,
    start: Callable[[Any], Any] | None = None,
    where: Callable[[dict[str, Any]], Any] | None = None,
    share: bool = True,
) -> Walks:
    """Return the walks through all combinations of the options of stages.

    Each is an experiment of the kind ``walk``. Walks that begin with the same options are one walk
    up to where they part: it is done once, and its state is put aside. A queue may have several
    such sequences one after another; those with barriers must have the same ones.

    Parameters
    ----------
    *stages : Stage
        In the order in which they are done: what ``stage`` and ``barrier`` return.
    start : callable, optional
        Called with the context; returns the state that the first stage gets, by default None.
    where : callable, optional
        Called with a dict from stage to option; returns why a combination is not to be tried, or
        nothing. What is left out is VETOED, with this reason.
    share : bool, optional
        Whether to do once what walks have in common. Results are the same.

    Returns
    -------
    Walks
        A sequence of experiments, for ``EXPERIMENT_QUEUE``.

    Raises
    ------
    DesignError
        If there is no stage, two have one name, or `start` has none that another process could
        find it by.
    """
    if not stages:
        raise DesignError(["walks: there is no stage"])
    problems = [
        f"walks: should be stages, made by icarus.stages.stage, found {one!r}"
        for one in stages
        if not isinstance(one, Stage)
    ]
    if problems:
        raise DesignError(problems)
    names = [one.name for one in stages]
    twice = [name for name, group in itertools.groupby(sorted(names)) if len(list(group)) > 1]
    if twice or START in names:
        name = twice[0] if twice else START
        why = "stands for how walks begin" if not twice else "is the name of several stages"
        raise DesignError([f"walks: {name!r} {why}; give a stage another by name="])
    if start is not None:
        _require_a_name(start, "start")
    return Walks(stages, start, where, share)


def stages_of(experiment: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the stages of a walk in their order: names and functions."""
    functions = dict(experiment["stages"].items())
    order = experiment.get("order") or [name for name in functions if name != START]
    return [(name, functions[name]) for name in order]


def beginning_of(experiment: Mapping[str, Any], depth: int) -> Tree:
    """Return a walk that ends after so many stages."""
    return walk_of(experiment, [START, *[name for name, _ in stages_of(experiment)][:depth]])


def walk_of(experiment: Mapping[str, Any], names: Sequence[str]) -> Tree:
    """Return a walk of nothing but these stages."""
    parts = [part for part in ("walk", "stages", "barriers") if part in experiment]
    order = [name for name, _ in stages_of(experiment) if name in names]
    return Tree(
        {
            part: {name: one for name, one in experiment[part].items() if name in names}
            for part in parts
        }
        | {"order": order}
    )
