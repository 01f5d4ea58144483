"""Laws of content sizes, in bytes; see ``icarus.theory.laws``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from icarus.core.byte_sizes import bytes_of
from icarus.core.values import shown
from icarus.theory.laws import Constant, Law, Quantity, WholeUniform, law_of

__all__ = ["LARGEST", "ContentSize", "size_files", "size_law", "size_problems"]

ContentSize: TypeAlias = int | str | Mapping[str, Any]
"""What settings may give as sizes: one for all, or a law."""

LARGEST = 2**53
"""Bytes of a content at most: larger ones are no exact floats."""


def size_law(given: ContentSize) -> Law:
    """Return the law that settings give.

    Raises
    ------
    ValueError
        With a line for each thing that is wrong.
    """
    law, problems = _read(given)
    if law is None or problems:
        raise ValueError("\n".join(problems))
    return law


def size_problems(given: Any) -> list[str]:
    """Return what is wrong with sizes that settings give, each with its place."""
    return _read(given)[1]


def size_files(parameters: Mapping[str, Any]) -> list[str]:
    """Return the files that sizes are read from, for what a workload is known by."""
    given = parameters.get("content_size")
    path = given.get("path") if isinstance(given, Mapping) else None
    return [path] if isinstance(path, str) else []


def _read(given: Any) -> tuple[Law | None, list[str]]:
    if not isinstance(given, Mapping):
        try:
            return Constant(_size(given)), []
        except ValueError as error:
            return None, [f"content_size {error}"]
    law, problems = law_of(given, _SIZES)
    return law, [
        f"content_size.{key}{' ' if text.startswith('should') else ': '}{text}"
        for key, text in problems
    ]


def _size(value: Any) -> int:
    size = bytes_of(value)
    if not 1 <= size <= LARGEST:
        raise ValueError(f"should be from 1 to 2**53 bytes, found {shown(value)}")
    return size


def _problem(size: float) -> str | None:
    return None if 1 <= size <= LARGEST else "from 1 to 2**53"


_SIZES = Quantity("size", _size, int, _problem, {"UNIFORM": WholeUniform})
