"""Values of settings, held against the types that signatures annotate."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError

from icarus.plaintext import one_line
from icarus.util import Tree

__all__ = ["check_value", "conform", "nesting_problem", "phrase", "shown"]

_LONGEST = 120
"""Characters of a value that a problem shows."""


_FLAT = frozenset({bool, int, float, str, type(None)})
"""Types of what is no container, as most values of settings are not."""


@functools.cache
def _adapter(annotation: Any) -> TypeAdapter[Any] | None:
    config = ConfigDict(strict=True, arbitrary_types_allowed=True)
    try:
        return TypeAdapter(annotation, config=config)
    except Exception:
        # Annotations of users' classes may be anything; what pydantic has no use for is not
        # checked. Configuring a class that has a configuration of its own is one such case.
        return None


def conform(annotation: Any, value: Any) -> tuple[Any, list[str]]:
    """Return `value` as a parameter of the type `annotation` takes it, and what is wrong with it.

    Parameters
    ----------
    annotation : type
        As in a signature, with constraints in ``Annotated``.
    value : object
        As settings give it. NumPy scalars count as the Python numbers they hold. Where the type
        asks for it, a real number that is whole stands for the integer (``2.5 * 10**5`` is a
        count), and 0 and 1 stand for False and True. Nothing else is converted: the string
        ``"3"`` is not a number.

    Returns
    -------
    value : object
        As it was given, unless it had to be converted.
    problems : list of str
        Empty where the value will do.
    """
    if annotation is Any:
        return value, []
    try:
        adapter = _adapter(annotation)
    except TypeError:
        return value, []  # an unhashable annotation
    if adapter is None:
        return value, []
    if nested := nesting_problem(value):
        return value, [nested[1]]
    problems: list[str] = []
    for number, reading in enumerate(_readings(value)):
        try:
            adapter.validate_python(reading)
        except ValidationError as error:
            if not problems:
                wanted = " or ".join(dict.fromkeys(phrase(one) for one in error.errors()))
                problems = [f"{wanted}, found {shown(value)}"]
        else:
            return (value if number == 0 else reading), []
    return value, problems


def check_value(annotation: Any, value: Any) -> list[str]:
    """Return what is wrong with `value` for a parameter of the type `annotation`."""
    return conform(annotation, value)[1]


def _readings(value: Any) -> Iterator[Any]:
    """Yield what a value may stand for, the likeliest first."""
    plain = _mapped(value, lambda one: one.item() if isinstance(one, np.generic) else one)
    yield plain
    yield _mapped(plain, _whole)
    if isinstance(plain, int | float) and plain in (0, 1):
        yield bool(plain)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _mapped(value: Any, convert: Callable[[Any], Any]) -> Any:
    """Return a value, and all that it contains, with `convert` applied to what is no container."""
    if type(value) in _FLAT:
        return convert(value)
    if isinstance(value, Mapping):
        items = {_mapped(key, convert): _mapped(item, convert) for key, item in value.items()}
        return Tree(items) if isinstance(value, Tree) else items
    if type(value) in (list, tuple, set, frozenset):
        return type(value)(_mapped(item, convert) for item in value)
    return convert(value)


def nesting_problem(value: Any) -> tuple[str, str] | None:
    """Return where a value contains itself, or is nested too deeply to be handed on.

    Examples
    --------
    >>> experiment = {"workload": {"name": "STATIONARY"}}
    >>> experiment["workload"]["all"] = experiment
    >>> nesting_problem(experiment)
    ('workload.all', 'it contains itself')
    """
    return None if type(value) in _FLAT else _nesting(value, [], [], set())


_NESTED = (list, tuple, set, frozenset, deque)
_DEEPEST = 100


def _nesting(
    value: Any, place: list[Any], above: list[int], seen: set[int]
) -> tuple[str, str] | None:
    items: Iterable[tuple[Any, Any]]
    # A dict first: asking the abstract class takes ten times as long.
    if isinstance(value, (dict, Mapping)):
        items = value.items()
    elif isinstance(value, _NESTED):
        items = enumerate(value)
    else:
        return None
    if id(value) in above:
        return ".".join(map(str, place)), "it contains itself"
    if len(above) == _DEEPEST:
        return ".".join(map(str, place[:5])), f"it is nested more than {_DEEPEST} deep"
    if id(value) not in seen:
        seen.add(id(value))
        above.append(id(value))
        for key, item in items:
            if type(item) not in _FLAT:
                found = _nesting(item, [*place, key], above, seen)
                if found is not None:
                    return found
        above.pop()
    return None


def shown(value: Any) -> str:
    """Return a value as a problem shows it: in one line, and not a long one."""
    return one_line(repr(value), _LONGEST)


def phrase(error: Any) -> str:
    """Return what pydantic says would be right, as the end of a sentence on a value."""
    text: str = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
    inside = [str(part) for part in error["loc"] if isinstance(part, int)]
    place = f"item {inside[-1]} " if inside else ""
    return place + text[0].lower() + text[1:]
