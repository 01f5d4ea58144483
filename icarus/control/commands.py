"""Arguments of the commands of resources, held against what the commands take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from icarus.core.signatures import parameters, takes_any_keyword
from icarus.core.values import conform
from icarus.errors import ResourceError, suggestion

__all__ = ["arguments_of"]


def arguments_of(
    place: str, function: Callable[..., Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return arguments as a command takes them; ResourceError with all that is wrong."""
    known = parameters(function, positional=1)
    taken, problems = {}, []
    for name, value in given.items():
        if name not in known:
            if not takes_any_keyword(function):
                hint = suggestion(name, known) if known else "it takes none"
                problems.append(f"{place} has no parameter {name!r}; {hint}")
            taken[name] = value
            continue
        taken[name], wrong = (
            conform(known[name].annotation, value) if known[name].typed else (value, [])
        )
        problems += [f"{place}: {name} {text}" for text in wrong]
    problems += [
        f"{place} needs the parameter {one.name!r}"
        for one in known.values()
        if one.required and one.name not in given
    ]
    if problems:
        raise ResourceError(*problems)
    return taken
