"""Sections that experiments of a queue have in common.

A design of 10^5 experiments has a few hundred distinct sections. Where each is one object, what is
asked of experiments (whether they are right, what their results are recognised by, what varies) is
asked once of each section, which takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np

from icarus.core.values import nesting_problem
from icarus.design import Design
from icarus.util import Tree

__all__ = ["SharedSections"]

_PLAIN = (str, int, float, bool, type(None), complex, bytes, np.generic)
_DEEPEST = 4
"""Levels of a section that is looked for by its content. A section may contain itself."""


class SharedSections:
    """Makes one object of sections that are the same; one of these serves one queue."""

    def __init__(self) -> None:
        self._by_content: dict[Any, Any] = {}
        # Those that are shared already, with whether they are nested wrongly.
        self._shared: dict[tuple[Any, int], tuple[Any, bool]] = {}

    def share(self, experiment: Tree) -> bool:
        """Have an experiment share its sections with those that were given before.

        Parameters
        ----------
        experiment : Tree
            Gets sections of others in the place of its own where they are the same to the type of
            each value.

        Returns
        -------
        bool
            Whether it contains itself or is nested too deeply.
        """
        problem = False
        for name, own in experiment.items():
            section, nested = self._shared.get((name, id(own))) or self._of(name, own)
            if section is not own:
                dict.__setitem__(experiment, name, section)
            problem = problem or nested
        return problem

    def points(self, design: Design) -> Iterator[tuple[Tree, str | None]]:
        """Yield the points of a design, which share their sections.

        They are not made one by one, which takes five times as long.

        Yields
        ------
        experiment : Tree
        excluded : str or None
            The name of the constraint that excludes it.
        """
        varying = dict.fromkeys(path[0] for path in design.writes)
        names = dict.fromkeys([*design.base.keys(), *varying])
        fixed = {
            name: self._of(name, design.base[name])[0] for name in names if name not in varying
        }
        known: dict[tuple[Any, Hashable], Any] = {}
        for index in range(design.size):
            experiment = Tree()
            for name in names:
                if name in fixed:
                    section = fixed[name]
                else:
                    key = name, design.section_key(index, name)
                    if key not in known:
                        own = design.section(index, name)
                        known[key] = None if own is None else self._of(name, own)[0]
                    section = known[key]
                if section is not None:
                    dict.__setitem__(experiment, name, section)
            yield experiment, next(iter(design.broken(index)), None)

    def _of(self, name: Any, own: Any) -> tuple[Any, bool]:
        """Return the section to be shared that is the same as one, and if it is nested wrongly."""
        content = _content(own, _DEEPEST)
        section = own if content is None else self._by_content.setdefault(content, own)
        key = name, id(section)
        if key not in self._shared:
            self._shared[key] = section, nesting_problem({name: own}) is not None
        return self._shared[key]


def _content(value: Any, deepest: int) -> Any:
    """Return what values of the same types and content share; None where that is not known."""
    kind = type(value)
    if issubclass(kind, _PLAIN):
        return kind, value
    if callable(value):
        # Whoever is found by this has the function, too, so that no other gets its number.
        return kind, id(value)
    if deepest == 0:
        return None
    if issubclass(kind, dict):
        return _all_of(kind, ((key, _content(one, deepest - 1)) for key, one in value.items()))
    if kind in (list, tuple):
        return _all_of(kind, ((None, _content(one, deepest - 1)) for one in value))
    return None


def _all_of(kind: type, items: Iterable[tuple[Any, Any]]) -> Any:
    parts = []
    for item in items:
        if item[1] is None:
            return None
        parts.append(item)
    return kind, tuple(parts)
