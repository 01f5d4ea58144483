"""The stages of a campaign's walks as a tree, with how often each is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from icarus.core.hashing import digest
from icarus.design.walks import stages_of
from icarus.planning.barriers import barriers_of

__all__ = ["StageCount", "stage_counts", "tree_lines"]


class StageCount(NamedTuple):
    """How often a stage of walks is done in one replication."""

    name: str
    options: int
    """That it is tried with; 0 for a stage without options."""
    times: int
    is_barrier: bool


def stage_counts(
    experiments: Sequence[Mapping[str, Any]], places: Iterable[int], *, share: bool
) -> list[tuple[int, list[StageCount]]]:
    """Return how many walks there are of each sequence of stages, and what each stage is.

    Parameters
    ----------
    experiments : sequence of mapping
    places : iterable of int
        Those that are walks.
    share : bool
        Whether what walks have in common is done once.
    """
    groups: dict[Any, list[Mapping[str, Any]]] = {}
    for place in places:
        walk = experiments[place]
        together = share and walk.get("share", True)
        told = tuple((name, id(one)) for name, one in walk["stages"].items())
        groups.setdefault((told, together), []).append(walk)
    return [(len(walks), _counts(walks, together)) for (_, together), walks in groups.items()]


def _counts(walks: Sequence[Mapping[str, Any]], together: bool) -> list[StageCount]:
    names = [name for name, _ in stages_of(walks[0])]
    barriers = [barrier.name for barrier in barriers_of(walks[0])]
    chosen = [dict(walk["walk"].items()) for walk in walks]
    counts = []
    for depth, name in enumerate(names, start=1):
        upto = [one for one in names[:depth] if name not in barriers or one in barriers]
        distinct = {digest([one.get(stage) for stage in upto]) for one in chosen}
        options = {digest(one[name]) for one in chosen if name in one}
        times = len(distinct) if together or name in barriers else len(walks)
        counts.append(StageCount(name, len(options), times, name in barriers))
    return counts


def tree_lines(counts: Iterable[tuple[int, list[StageCount]]]) -> list[str]:
    """Return the stages in lines of text, each behind the one that it goes on from."""
    lines = []
    for walks, stages in counts:
        names = [
            f"{'  ' * (depth - 1)}└ {one.name}" if depth else one.name
            for depth, one in enumerate(stages)
        ]
        width = max(map(len, names))
        lines.append(f"stages of {walks:,} walk{'s' if walks > 1 else ''}:")
        for name, one in zip(names, stages, strict=True):
            options = f"{one.options:,} option{'s' if one.options > 1 else ''}"
            times = f"{one.times:,} time{'s' if one.times > 1 else ''}"
            alone = ", alone" if one.is_barrier else ""
            lines.append(
                f"  {name:<{width}}  {options if one.options else '-':<12}  {times}{alone}"
            )
    return lines
