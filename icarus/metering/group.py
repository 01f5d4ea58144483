"""The group of results that says what a job used, which is never the same twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icarus.util import Tree

__all__ = ["RESOURCES", "is_resource", "shown_unasked", "without_resources"]

RESOURCES = "RESOURCES"
"""Its name."""
_SHOWN = frozenset({"DURATION", "CPU", "MEMORY_MAX"})


def is_resource(metric: tuple[Any, ...]) -> bool:
    """Whether a metric, given as a path into results, says what a job used."""
    return bool(metric) and metric[0] == RESOURCES


def shown_unasked(metric: tuple[Any, ...]) -> bool:
    """Whether a resource metric is one of the few that everybody looks at."""
    return metric[-1] in _SHOWN


def without_resources(results: Mapping[str, Any]) -> Tree:
    """Return results without what the job used, for those that ask whether results are the same."""
    if RESOURCES not in results:
        return results if isinstance(results, Tree) else Tree(results)
    return Tree({name: value for name, value in results.items() if name != RESOURCES})
