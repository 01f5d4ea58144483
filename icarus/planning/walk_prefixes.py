"""What walks have in common: beginnings that are done once, and states in which they wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from icarus.core.hashing import digest
from icarus.design.walks import beginning_of, stages_of
from icarus.execution.cursor import Limit
from icarus.planning.barriers import barriers_of
from icarus.planning.identity import identities_of
from icarus.planning.prefixes import Prefix

__all__ = ["prefixes_of_walks"]


def prefixes_of_walks(
    experiments: Sequence[Mapping[str, Any]], places: Iterable[int], seed: int, *, share: bool
) -> list[Prefix]:
    """Return the beginnings that walks share, shorter ones before those that go on from them.

    Where a walk comes to a barrier, what it has done until then is put aside in any case.

    Parameters
    ----------
    experiments : sequence of mapping
    places : iterable of int
        Those that are walks.
    seed : int
        ``SEED`` of the campaign.
    share : bool
        Whether walks that begin alike do that once.
    """
    groups: dict[Any, list[int]] = {}
    for place in places:
        one = experiments[place]
        together = share and one.get("share", True)
        told = tuple((name, id(function)) for name, function in one["stages"].items())
        # What is not shared is recognised by all options, also by those of later stages.
        alone = "" if together else digest(dict(one["walk"].items()))
        gates = tuple(barriers_of(one))
        groups.setdefault((*told, gates, alone), []).append(place)
    found: list[Prefix] = []
    for (*_, alone), members in groups.items():
        found += _of_walks(experiments, members, seed, alone)
    return found


def _of_walks(
    experiments: Sequence[Mapping[str, Any]], members: list[int], seed: int, alone: str
) -> Iterator[Prefix]:
    names = [name for name, _ in stages_of(experiments[members[0]])]
    # Those of all members are at the same stages.
    barriers = barriers_of(experiments[members[0]])
    waiting = {barrier.rests_at for barrier in barriers}
    # There the state is as before; walks part at what they were told.
    unchanged = {barrier.number for barrier in barriers}
    here = _by_options(experiments, members, names[:1])
    for depth in range(1, len(names)):
        next_ = _by_options(experiments, members, names[: depth + 1])
        alike: dict[str, list[int]] = {}
        further: dict[str, set[str]] = {}
        for place in members:
            alike.setdefault(here[place], []).append(place)
            further.setdefault(here[place], set()).add(next_[place])
        for key, places in alike.items() if depth not in unchanged else ():
            # Where they do not part at once, they go on together.
            if len(further[key]) > 1 or depth in waiting:
                beginning = beginning_of(experiments[places[0]], depth)
                known = digest([identities_of([beginning], {}, seed).keys[0], key, alone])
                at = Limit(requests=depth)
                yield Prefix(tuple(places), at, known, names[depth - 1], depth in waiting)
        here = next_


def _by_options(
    experiments: Sequence[Mapping[str, Any]], members: list[int], names: list[str]
) -> dict[int, str]:
    """Return what stands for the options of the first stages of each walk."""
    return {
        place: digest(
            {name: one for name, one in experiments[place]["walk"].items() if name in names}
        )
        for place in members
    }
