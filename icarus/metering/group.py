"""The groups of results that say what a job used, which is never the same twice.

They are ``RESOURCES``, of the job in all, and one for each of its phases, such as
``RESOURCES.write``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icarus.metering.usage import Totals
from icarus.util import Tree

__all__ = [
    "RESOURCES",
    "groups_of",
    "is_resource",
    "resource_label",
    "resources_together",
    "shown_unasked",
    "without_resources",
]

RESOURCES = "RESOURCES"
"""The name of the group of the job in all."""
_PEAK = "MEMORY_MAX"
_LABELS = {
    "DURATION": ("Duration", "s"),
    "CPU": ("Processor time", "s"),
    "CPU_USER": ("Processor time outside the kernel", "s"),
    "CPU_SYSTEM": ("Processor time in the kernel", "s"),
    _PEAK: ("Most memory", "bytes"),
    "READ": ("Read", "bytes"),
    "WRITTEN": ("Written", "bytes"),
    "DISK_READ": ("Read from disks", "bytes"),
    "DISK_WRITTEN": ("Written to disks", "bytes"),
    "SWITCHES_VOLUNTARY": ("Voluntary context switches", ""),
    "SWITCHES_INVOLUNTARY": ("Involuntary context switches", ""),
}
"""What each metric is, and its unit."""
_SHOWN = frozenset({(RESOURCES, "DURATION"), (RESOURCES, "CPU"), (RESOURCES, "MEMORY_MAX")})


def groups_of(totals: Totals, phases: Mapping[str, Totals]) -> dict[str, dict[str, float | int]]:
    """Return metrics by name, by group, given what was used in all and in each phase."""
    of_phases = {f"{RESOURCES}.{name}": found.metrics() for name, found in phases.items()}
    return {RESOURCES: totals.metrics(), **of_phases}


def is_resource(metric: tuple[Any, ...]) -> bool:
    """Return whether a path into results leads to what a job used."""
    group = metric[0] if metric else None
    return isinstance(group, str) and (group == RESOURCES or group.startswith(f"{RESOURCES}."))


def resource_label(metric: tuple[Any, ...]) -> str | None:
    """Return what a metric of what jobs use is, with its unit; None for all others."""
    if not is_resource(metric) or metric[-1] not in _LABELS:
        return None
    quantity, unit = _LABELS[metric[-1]]
    phase = metric[0].partition(".")[2]
    return (f"{quantity}, {phase}" if phase else quantity) + (f" ({unit})" if unit else "")


def shown_unasked(metric: tuple[Any, ...]) -> bool:
    """Return whether a metric of what jobs use is one that everybody looks at."""
    return metric in _SHOWN


def resources_together(before: Mapping[str, Any], now: Mapping[str, Any]) -> Tree:
    """Return results of the last part of a job with what all of its parts used.

    Parameters
    ----------
    before : mapping
        Results of the parts before.
    now : mapping
        Results of the last one.
    """
    own = {group: found for group, found in now.items() if not is_resource((group,))}
    used: dict[str, dict[str, Any]] = {}
    for part in (before, now):
        for group, metrics in part.items():
            if is_resource((group,)):
                so_far = used.setdefault(group, {})
                for name, amount in metrics.items():
                    both = amount, so_far.get(name, 0)
                    so_far[name] = max(both) if name == _PEAK else sum(both)
    return Tree({**own, **used})


def without_resources(results: Mapping[str, Any]) -> Tree:
    """Return results without what the job used, for those that ask whether results are the same."""
    if isinstance(results, Tree) and not any(is_resource((group,)) for group in results.keys()):  # noqa: SIM118
        return results
    return Tree({group: found for group, found in results.items() if not is_resource((group,))})
