"""Parts of a queue: what somebody runs of a campaign that is too large for one go or one machine.

Experiments keep their ids: results of parts can be merged, and the whole campaign goes on from what
a part of it has given.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from icarus.design import Design
from icarus.errors import SettingsError
from icarus.util import Settings

__all__ = ["Selection", "select", "selected"]

_POINTS = re.compile(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*")
_SHARD = re.compile(r"\s*(\d+)\s*/\s*(\d+)\s*")

_SEED = 1
"""What a sample is drawn from, as of designs: it is the same one each time."""


@dataclass(frozen=True)
class Selection:
    """Which experiments of a queue are to be run; all by default.

    Parameters
    ----------
    sample : int, optional
        So many, drawn at random from those that no constraint excludes: the same ones each time.
    points : str, optional
        ``"A:B"``, those from A up to B without B, counted from 0, as of a list in Python.
    shard : str, optional
        ``"K/N"``, the K-th of N parts that together are the queue, every N-th experiment.

    Raises
    ------
    SettingsError
        If a text says nothing of the kind.
    """

    sample: int | None = None
    points: str | None = None
    shard: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no selection."""
        problems = []
        if self.sample is not None and self.sample < 1:
            problems.append(f"--sample: should be 1 or more, found {self.sample}")
        if self.points is not None and not _POINTS.fullmatch(self.points):
            problems.append(
                f"--points: should be A:B, such as 0:100 for the first hundred, found "
                f"{self.points!r}"
            )
        if self.shard is not None:
            found = _SHARD.fullmatch(self.shard)
            if not found or not 1 <= int(found[1]) <= int(found[2]):
                problems.append(
                    f"--shard: should be K/N, from 1/N to N/N, such as 1/4, found {self.shard!r}"
                )
        if problems:
            raise SettingsError(problems)

    def __bool__(self) -> bool:
        return (self.sample, self.points, self.shard) != (None, None, None)

    @property
    def suffix(self) -> str:
        """What tells the results of a shard from those of others; nothing where there is none.

        Shards run at the same time, and each of them needs files of its own.
        """
        found = _SHARD.fullmatch(self.shard or "")
        return f"-{int(found[1])}of{int(found[2])}" if found else ""


def selected(queue: Any, selection: Selection) -> Any:
    """Return the part of a queue that is to be run: first points, then shard, then sample.

    Raises
    ------
    SettingsError
        If nothing is left, or there are not as many experiments as are to be drawn.
    """
    if isinstance(queue, (str, Mapping)) or not isinstance(queue, Iterable):
        # That is for the plan to say.
        return queue
    part = queue if isinstance(queue, Design) else list(queue)
    n_all = _size(part)
    if points := _POINTS.fullmatch(selection.points or ""):
        first, last = (None if bound is None else int(bound) for bound in points.groups())
        part = part[first:last]
    if shard := _SHARD.fullmatch(selection.shard or ""):
        part = part[int(shard[1]) - 1 :: int(shard[2])]
    if n_all and not _size(part):
        raise SettingsError([f"EXPERIMENT_QUEUE: none of {n_all:,} experiments is selected"])
    return part if selection.sample is None else _sample(part, selection.sample)


def select(settings: Settings, selection: Selection) -> None:
    """Have settings run a part of their queue only."""
    if selection and "EXPERIMENT_QUEUE" in settings:
        settings["EXPERIMENT_QUEUE"] = selected(settings["EXPERIMENT_QUEUE"], selection)


def _sample(part: Any, n: int) -> Any:
    if isinstance(part, Design):
        return part.sample(n)
    admitted = [i for i, one in enumerate(part) if getattr(one, "excluded", None) is None]
    if n > len(admitted):
        raise SettingsError([f"--sample: {n:,} experiments asked for, there are {len(admitted):,}"])
    return [part[i] for i in sorted(random.Random(_SEED).sample(admitted, n))]


def _size(queue: Any) -> int:
    size: int = queue.size if isinstance(queue, Design) else len(queue)
    return size
