"""Barriers: stages of walks that are done alone, once for all walks that come through them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from icarus.core.hashing import digest
from icarus.design.walks import stages_of, walk_of
from icarus.planning.identity import identities_of

__all__ = ["Barrier", "barrier_keys", "barrier_problems", "barriers_of", "described"]


class Barrier(NamedTuple):
    """A barrier on the way of a walk."""

    name: str
    """What the stage is called."""
    number: int
    """Its place among the stages, from 1."""
    rests_at: int
    """How many stages the walk has done, other than barriers, when it waits for it; 0 for none."""
    again: bool
    """Whether it is done again where a campaign goes on before all behind it have ended."""


def barriers_of(experiment: Mapping[str, Any]) -> list[Barrier]:
    """Return the barriers on the way of a walk, in order."""
    again = dict((experiment.get("barriers") or {}).items())
    found = []
    rests_at = 0
    for number, (name, _) in enumerate(stages_of(experiment), start=1):
        if name in again:
            found.append(Barrier(name, number, rests_at, again[name]))
        else:
            rests_at = number
    return found


def barrier_keys(
    experiments: Sequence[Mapping[str, Any]], places: Iterable[int], seed: int
) -> dict[int, list[tuple[Barrier, str]]]:
    """Return the barriers on the way of each walk, with what each is recognised by.

    Two walks with the same options of barriers up to one come through the same one.

    Parameters
    ----------
    experiments : sequence of mapping
    places : iterable of int
        Those that are walks; those without barriers are passed over.
    seed : int
        ``SEED`` of the campaign.
    """
    known: dict[Any, str] = {}
    found: dict[int, list[tuple[Barrier, str]]] = {}
    for place in places:
        walk = experiments[place]
        so_far: list[str] = []
        for barrier in barriers_of(walk):
            so_far.append(barrier.name)
            part = walk_of(walk, so_far)
            told = tuple((name, id(one)) for name, one in part["stages"].items())
            options = digest(dict(part["walk"].items()))
            if (told, options) not in known:
                known[told, options] = digest([identities_of([part], {}, seed).keys[0], options])
            found.setdefault(place, []).append((barrier, known[told, options]))
    return found


def barrier_problems(
    experiments: Sequence[Mapping[str, Any]], places: Iterable[int]
) -> list[tuple[int, str]]:
    """Return where walks of one queue have other barriers than the first, and which."""
    problems = []
    first: tuple[int, list[Any]] | None = None
    told_of: set[tuple[Any, ...]] = set()
    for place in places:
        functions = dict(experiments[place]["stages"].items())
        barriers = [(one.name, functions[one.name]) for one in barriers_of(experiments[place])]
        if not barriers:
            continue
        first = first or (place, barriers)
        if barriers != first[1] and tuple(barriers) not in told_of:
            told_of.add(tuple(barriers))
            here, there = (", ".join(name for name, _ in one) for one in (barriers, first[1]))
            also = " of other functions" if here == there else ""
            problems.append(
                (
                    place,
                    f"has the barriers {here}{also}, and EXPERIMENT_QUEUE[{first[0]}] has {there}; "
                    "walks of one campaign wait for one another, so they need the same barriers",
                )
            )
    return problems


def described(keys: Mapping[int, list[tuple[Barrier, str]]]) -> str:
    """Return how often each barrier is done in a replication; empty where there are none."""
    distinct = {key: barrier.name for path in keys.values() for barrier, key in path}
    times = Counter(distinct.values())
    return ", ".join(f"{name} {n:,} time{'s' if n > 1 else ''}" for name, n in times.items())
