"""What experiments have in common that differ only in their timelines from some moment on.

Up to there they are one simulation, which is run once: its state is put aside, and each of them
goes on from it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from icarus.core.hashing import digest
from icarus.execution.cursor import Limit
from icarus.execution.timeline.schedule import moment_of
from icarus.planning.identity import identities_of
from icarus.util import Tree

__all__ = ["Prefix", "prefixes_of"]

_LEAST = 20_000
"""Requests that are worth a file: on the compiled engine they take some milliseconds, as does
that."""


@dataclass(frozen=True)
class Prefix:
    """The beginning that some experiments share."""

    experiments: tuple[int, ...]
    """Their places in the plan."""
    at: Limit
    """Where it ends."""
    key: str
    """What its state is recognised by, of each replication."""
    stage: str = ""
    """The stage that is done then, of walks."""
    required: bool = False
    """Whether they wait there for a barrier, and nothing can be done without it."""

    def __str__(self) -> str:
        if self.stage:
            return f"all up to the stage {self.stage}, once for {len(self.experiments)} walks"
        if math.isfinite(self.at.requests):
            length = f"{int(self.at.requests):,} requests"
        else:
            length = f"{self.at.until:g} s"
        return f"the first {length}, once for {len(self.experiments)} experiments"


class _Event(NamedTuple):
    at: Limit
    what: str
    entry: Mapping[str, Any]


def prefixes_of(
    experiments: Sequence[Mapping[str, Any]],
    places: Iterable[int],
    collectors: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> list[Prefix]:
    """Return the beginnings that experiments share, shorter ones before those that go on from them.

    Parameters
    ----------
    experiments : sequence of mapping
    places : iterable of int
        Those that are to be looked at.
    collectors : mapping
    seed : int
        ``SEED`` of the campaign.
    """
    groups: dict[str, list[int]] = {}
    for place in places:
        experiment = experiments[place]
        rest = {key: value for key, value in experiment.items() if key not in ("timeline", "desc")}
        groups.setdefault(digest(rest), []).append(place)
    found: list[Prefix] = []
    for members in groups.values():
        schedules = {place: _schedule(experiments[place]) for place in members}
        told = {place: one for place, one in schedules.items() if one is not None}
        if len(told) > 1 and any(told.values()):
            rest = {k: v for k, v in experiments[members[0]].items() if k != "timeline"}
            found += _of_group(told, rest, collectors, seed)
    return found


def _schedule(experiment: Mapping[str, Any]) -> list[_Event] | None:
    """Return the events in the order in which they are due; None if only a run tells that."""
    events = []
    for entry in experiment.get("timeline") or ():
        at = moment_of(entry["at"])
        what = digest({key: value for key, value in entry.items() if key != "at"})
        events.append(_Event(at, what, entry))
    by_time = [math.isfinite(event.at.until) for event in events]
    if any(by_time) and not all(by_time):
        return None
    return sorted(events, key=lambda event: event.at)


def _of_group(
    schedules: Mapping[int, list[_Event]],
    rest: Mapping[str, Any],
    collectors: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> list[Prefix]:
    found: list[Prefix] = []
    start = Limit(0.0, 0)
    for kind in ("until", "requests"):
        members = [
            place
            for place, events in schedules.items()
            if not events or math.isfinite(getattr(events[0].at, kind))
        ]
        if not any(schedules[place] for place in members):
            continue
        stack = [(members, 0, start)]
        while stack:
            members, depth, before = stack.pop()
            nexts = {p: schedules[p][depth] for p in members if depth < len(schedules[p])}
            if len(members) < 2 or not nexts:
                continue
            at = min(event.at for event in nexts.values())
            parts: dict[str | None, list[int]] = {}
            for place in members:
                here = place in nexts and nexts[place].at == at
                parts.setdefault(nexts[place].what if here else None, []).append(place)
            if len(parts) > 1 and at != before and _is_worth_it(at, rest):
                events = [e.entry for e in schedules[members[0]][:depth] if e.at < at]
                found.append(_prefix(members, at, events, rest, collectors, seed))
                before = at
            stack += [(part, depth + (what is not None), before) for what, part in parts.items()]
    return found


def _prefix(
    members: list[int],
    at: Limit,
    events: list[Mapping[str, Any]],
    rest: Mapping[str, Any],
    collectors: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> Prefix:
    shared = Tree({**rest, "timeline": events})
    key = digest([identities_of([shared], collectors, seed).keys[0], *map(str, at)])
    return Prefix(tuple(members), at, key)


def _is_worth_it(at: Limit, rest: Mapping[str, Any]) -> bool:
    if math.isfinite(at.requests):
        return at.requests >= _LEAST
    rate = rest["workload"].get("rate")
    return at.until > 0 and not (isinstance(rate, int | float) and at.until * rate < _LEAST)
