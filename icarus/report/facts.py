"""What a report says of a campaign beside its numbers: what was run, what failed, what to mind."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from icarus.core.capacities import CAPACITY_KEYS
from icarus.plaintext import one_line, plain, some_of
from icarus.results._completeness import counted
from icarus.results.labels import constants_text, number_text, value_text
from icarus.results.resultset import ResultSet
from icarus.results.variation import constants_of, dotted, rows_of
from icarus.util import Tree

__all__ = ["Failure", "cautions", "failures_of", "settings_texts", "title_of", "what_was_run"]

_MOST_FAILURES = 200
_LONGEST = 20_000
"""Characters of a traceback."""
_WIDE = 0.1
"""Share of the mean from which the half-width of an interval is wide."""


@dataclass(frozen=True)
class Failure:
    """A simulation that gave no results."""

    job: str
    status: str
    what: str
    error: str
    traceback: str


def title_of(results: ResultSet) -> str:
    """Return what all experiments share, in a line."""
    rows = rows_of(params for params, _ in results)
    return constants_text(constants_of(rows)) if rows else ""


def what_was_run(results: ResultSet) -> list[tuple[str, str]]:
    """Return facts of a campaign, each with its name."""
    facts = [*results.metadata, *(one for _, one in results.failures)]
    campaigns = _distinct(one["campaign"] for one in facts if one.get("campaign"))
    told = [("Simulations", counted(results, whole=True).text)]
    told += _times(facts)
    told += [
        ("Engines", _counted(one.get("engine") for one in results.metadata)),
        ("Requests simulated", number_text(sum(one.get("n_requests") or 0 for one in facts))),
        ("Settings", _values(campaigns, "settings_path")),
        ("Overrides", _values(campaigns, "overrides")),
        ("Command", "; ".join(_distinct(" ".join(map(str, one.get("command") or ()))
                                        for one in campaigns))),
        ("Seed", _values(campaigns, "seed")),
        ("Replications", _values(campaigns, "n_replications")),
        ("Collectors", _values(campaigns, "collectors")),
        ("Versions", "; ".join(
            _distinct(", ".join(f"{name} {number}" for name, number in one["versions"].items())
                      for one in campaigns if isinstance(one.get("versions"), Mapping)))),
        ("Machine", "; ".join(
            _distinct(f"{one.get('host')}: {one.get('cores')} cores, {one.get('system')}"
                      for one in campaigns if one.get("host")))),
    ]  # fmt: skip
    return [(name, plain(text)) for name, text in told if text]


def settings_texts(results: ResultSet) -> list[tuple[str, str]]:
    """Return the path and the text of each settings module that the results are of."""
    facts = [*results.metadata, *(one for _, one in results.failures)]
    campaigns = (one["campaign"] for one in facts if one.get("campaign"))
    texts = {
        (str(one.get("settings_path")), str(one["settings_text"])): None
        for one in campaigns
        if one.get("settings_text")
    }
    return [(plain(path), text) for path, text in texts]


def failures_of(results: ResultSet) -> tuple[list[Failure], int]:
    """Return the first failures, and how many there are."""
    found = [
        Failure(
            job=one_line(facts.get("job", "")),
            status=one_line(facts.get("status", "")),
            what=_described(params),
            error=one_line(facts.get("error") or "", 500),
            traceback=str(facts.get("traceback") or "")[-_LONGEST:],
        )
        for params, facts in results.failures[:_MOST_FAILURES]
    ]
    return found, len(results.failures)


def _described(params: Tree) -> str:
    [row] = rows_of([params])
    return one_line(
        ", ".join(f"{dotted(path)} = {value_text(value)}" for path, value in row.items()),
        600,
    )


def cautions(results: ResultSet, data: Mapping[str, Any], maps: Mapping[str, Any]) -> list[str]:
    """Return what to mind of the results, a sentence each.

    Parameters
    ----------
    results : ResultSet
    data, maps : dict
        What ``chart_data`` and ``network_maps`` made of them.
    """
    return [
        *filter(None, [counted(results, whole=True).warning]),
        *_unfilled(results),
        *_wide(data),
        *_overloaded(maps["over"]),
    ]


def _unfilled(results: ResultSet) -> Iterator[str]:
    """Tell of warm-ups in which caches cannot fill, even if each request left a new copy."""
    cold = sum(map(_is_cold, (params for params, _ in results)))
    if cold:
        yield (
            f"{cold:,} of {len(results):,} simulations had fewer warm-up requests than their "
            "caches have room for: caches may not have been full when measuring began"
        )


def _is_cold(params: Tree) -> bool:
    placement, workload = (dict.get(params, name) for name in ("cache_placement", "workload"))
    if not isinstance(placement, dict) or not isinstance(workload, dict):
        return False
    room, warmup = placement.get("cache_budget"), workload.get("n_warmup")
    share, contents = placement.get("network_cache"), workload.get("n_contents")
    if any(placement.get(key) == "bytes" for key in CAPACITY_KEYS):
        return False
    if isinstance(share, int | float) and isinstance(contents, int | float):
        room = share * contents
    if not isinstance(room, int | float) or not isinstance(warmup, int | float):
        return False
    return warmup < room


def _wide(data: Mapping[str, Any]) -> Iterator[str]:
    groups, metrics = data["groups"], data["metrics"]
    single = sum(group["n"] == 1 for group in groups)
    if single:
        yield (
            f"{single:,} of {len(groups):,} experiments have a single replication: nothing says "
            "how far chance goes"
        )
    names: Counter[str] = Counter()
    for group in groups:
        for metric, found in zip(metrics, group["values"], strict=True):
            if found and found[1] is not None and abs(found[0] or 0.0) * _WIDE < found[1]:
                names[metric["name"]] += 1
    if names:
        told = some_of((f"{one} ({number:,})" for one, number in names.most_common()), 4)
        yield (
            f"intervals are wider than ± {_WIDE:.0%} of the mean, of so many experiments: {told}; "
            "more replications narrow them"
        )


def _overloaded(over: Sequence[Sequence[Any]]) -> Iterator[str]:
    if over:
        worst = sorted(over, key=lambda one: -one[2])
        told = some_of((f"{u} - {v} ({share:.0%})" for u, v, share in worst), 4)
        yield f"{len(over)} links carried more than their capacity: {told}"


def _times(facts: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    known = [one for one in facts if one.get("started") and one.get("duration") is not None]
    if not known:
        return []
    begin = min(one["started"] for one in known)
    end = max(one["started"] + one["duration"] for one in known)
    busy = sum(one["duration"] for one in known)
    return [
        ("Ran", f"from {_date(begin)} to {_date(end)}"),
        ("Time", f"{_span(end - begin)} from first to last, {_span(busy)} over all simulations"),
    ]


def _date(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _span(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest:.1f} s"
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest:.0f} s"


def _values(campaigns: Sequence[Mapping[str, Any]], name: str) -> str:
    found = (one.get(name) for one in campaigns)
    return "; ".join(_distinct(value_text(one) for one in found if one not in (None, {}, [])))


def _counted(values: Iterable[Any]) -> str:
    counts = Counter(str(one) for one in values if one)
    return ", ".join(f"{name} ({number:,})" for name, number in counts.items())


def _distinct(values: Iterable[Any]) -> list[Any]:
    # Facts of a campaign are shared by its results, and may be of any kind.
    found: list[Any] = []
    seen: set[int] = set()
    for one in values:
        if id(one) not in seen and one not in found:
            found.append(one)
        seen.add(id(one))
    return [one for one in found if one != ""]
