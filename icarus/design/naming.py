"""Names of parameters in constraints and derived parameters.

A parameter is known by the last part of its path (``alpha`` of ``workload.alpha``) and by parts
joined with ``_`` (``workload_alpha``), where another has the same last part.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator

from icarus.design.points import Path, dotted
from icarus.errors import nearest, suggestion

__all__ = ["NUMBER", "Names"]

NUMBER = "_i"
"""The name of the number of the point, from 1."""


class Names:
    """Which paths names stand for.

    Parameters
    ----------
    paths : iterable of Path
        Of all parameters that points have.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths: dict[str, dict[Path, None]] = {}
        for path in dict.fromkeys(paths):
            for name in _names_of(path):
                self._paths.setdefault(name, {})[path] = None

    def path(self, name: str) -> Path:
        """Return the path that a name stands for.

        Raises
        ------
        ValueError
            If it stands for none, or for several.
        """
        found = list(self._paths.get(name, ()))
        if not found:
            known = self._paths if nearest(name, self._paths) else self._shortest()
            raise ValueError(f"unknown name {name!r}; {suggestion(name, known)}")
        if len(found) > 1:
            # What was written in full is not meant for the end of a longer one.
            whole = [path for path in found if len(path) > 1 and "_".join(path) == name]
            if len(whole) != 1:
                raise ValueError(self._ambiguous(name, found))
            found = whole
        return found[0]

    def _shortest(self) -> set[str]:
        """Return the shortest name of each parameter."""
        forms = (self._unique(path) for paths in self._paths.values() for path in paths)
        return {form for form in forms if form is not None}

    def _unique(self, path: Path) -> str | None:
        return next((one for one in _names_of(path) if len(self._paths[one]) == 1), None)

    def _ambiguous(self, name: str, found: list[Path]) -> str:
        both = " and ".join(sorted(map(dotted, found)))
        hint = " or ".join(sorted(one for one in map(self._unique, found) if one))
        return f"{name!r} is {both}" + (f"; write {hint}" if hint else "")


def _names_of(path: Path) -> Iterator[str]:
    """Yield what a parameter is known by, the shortest first."""
    if not all(isinstance(key, str) for key in path):
        return
    forms = ["_".join(path[-length:]) for length in range(1, len(path) + 1)]
    if len(path) > 2:
        forms.append(f"{path[0]}_{path[-1]}")
    for form in dict.fromkeys(forms):
        if form.isidentifier() and not keyword.iskeyword(form) and form != NUMBER:
            yield form
