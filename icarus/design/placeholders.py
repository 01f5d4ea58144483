"""Placeholders in what case files say: ``{name}`` stands for a value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from icarus.errors import suggestion

__all__ = ["GIVEN", "filled", "unknown_placeholders"]

GIVEN = ("data", "shared", "run", "python")
"""Those that every case has: two folders, the number of the run, from 1, and what runs Python."""

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def filled(value: Any, values: Mapping[str, Any]) -> Any:
    """Return a value with all placeholders in it replaced.

    A text that is nothing but one becomes the value itself, which keeps its type. ``{{`` and ``}}``
    stand for braces.

    Parameters
    ----------
    value : object
        A text, or lists and mappings with texts in them.
    values : mapping
        By the names of placeholders.

    Raises
    ------
    KeyError
        If one has no value; ``unknown_placeholders`` finds them before.
    """
    if isinstance(value, str):
        whole = _FIELD.fullmatch(value)
        if whole is not None and whole[1] is not None:
            return values[whole[1]]
        braces = {"{{": "{", "}}": "}"}
        return _FIELD.sub(lambda found: braces.get(found[0]) or str(values[found[1]]), value)
    if isinstance(value, Mapping):
        return {key: filled(one, values) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [filled(one, values) for one in value]
    return value


def unknown_placeholders(
    value: Any, known: Collection[str], place: str
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with placeholders, each with its place.

    Parameters
    ----------
    value : object
    known : collection of str
        The names that have values.
    place : str
        Where the value stands.
    """
    if isinstance(value, str):
        for found in _FIELD.finditer(value):
            if found[1] is not None and found[1] not in known:
                yield place, f"unknown placeholder {found[0]!r}; {suggestion(found[1], known)}"
            elif found[0] in "{}":
                yield place, f"a single {found[0]!r} in {value!r}; write it twice to mean a brace"
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from unknown_placeholders(one, known, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from unknown_placeholders(one, known, f"{place}[{number}]")
