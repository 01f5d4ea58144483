"""What a component's signature says about its parameters.

Settings are validated, seeds handed out and ``icarus list`` printed from what is read here.
"""

from __future__ import annotations

import functools
import inspect
import keyword
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from types import SimpleNamespace
from typing import Any

from icarus.types import Seed

__all__ = [
    "Parameter",
    "accepts_seed",
    "files_opened",
    "parameters",
    "public_name",
    "summary",
    "takes_any_keyword",
    "takes_seed_sequence",
]

_UNTYPED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One parameter of a component."""

    name: str
    annotation: Any
    """Its type with constraints; ``inspect.Parameter.empty`` where it has none."""
    default: Any
    """Its default; ``inspect.Parameter.empty`` where it is required."""

    @property
    def argument(self) -> str:
        """What a definition calls it: words of Python cannot be names there, as ``in``."""
        return f"{self.name}_" if keyword.iskeyword(self.name) else self.name

    @property
    def required(self) -> bool:
        """Whether settings must give it."""
        return self.default is inspect.Parameter.empty

    @property
    def typed(self) -> bool:
        """Whether it has an annotation to check values against."""
        return self.annotation is not _UNTYPED


@functools.cache
def _signature(component: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(component)
    except (ValueError, TypeError):
        # Some classes written in C do not say: they may take anything.
        return inspect.signature(lambda *args, **kwargs: None)


@functools.cache
def _type_hints(component: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations of a component that can be resolved, by parameter."""
    target: Any = component.__init__ if inspect.isclass(component) else component
    names = getattr(target, "__globals__", {})
    hints: dict[str, Any] = {}
    for name, annotation in getattr(target, "__annotations__", {}).items():
        alone = SimpleNamespace(__annotations__={name: annotation})
        try:
            hints.update(typing.get_type_hints(alone, names, include_extras=True))
        except Exception:
            # Such as a class imported for type checkers only: it says nothing about values
            # that settings can give, and the component runs without it.
            continue
    return hints


@functools.cache
def parameters(component: Callable[..., Any], positional: int = 0) -> dict[str, Parameter]:
    """Return the parameters that a component takes by keyword, by name, in order.

    Parameters
    ----------
    component : callable
    positional : int, optional
        How many arguments the framework passes by position; the parameters they fill are left
        out, be they named, positional only or gathered by ``*args``.
    """
    hints = _type_hints(component)
    names_of = public_name if getattr(component, "is_of_definition", False) else str
    named = {}
    for name, parameter in _signature(component).parameters.items():
        by_position = parameter.kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        )
        if by_position and positional > 0:
            positional -= 1
        elif parameter.kind in (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.KEYWORD_ONLY,
        ):
            public = names_of(name)
            named[public] = Parameter(public, hints.get(name, _UNTYPED), parameter.default)
    return named


def public_name(argument: str) -> str:
    """Return what settings call a parameter: ``in`` what a definition has to call ``in_``."""
    word = argument.removesuffix("_")
    return word if keyword.iskeyword(word) else argument


@functools.cache
def takes_any_keyword(component: Callable[..., Any]) -> bool:
    """Return whether a component swallows keywords that it does not name."""
    kinds = (parameter.kind for parameter in _signature(component).parameters.values())
    return inspect.Parameter.VAR_KEYWORD in kinds


def accepts_seed(component: Callable[..., Any]) -> bool:
    """Return whether a component has a parameter ``seed``."""
    return "seed" in parameters(component)


def takes_seed_sequence(component: Callable[..., Any]) -> bool:
    """Return whether the parameter ``seed`` is annotated as taking what NumPy takes."""
    return bool(parameters(component)["seed"].annotation == Seed)


def summary(component: Callable[..., Any]) -> str:
    """Return the first line of a component's docstring."""
    doc = inspect.getdoc(component)
    return doc.splitlines()[0] if doc else ""


def files_opened(component: Any, parameters: Mapping[str, Any]) -> list[str | PathLike[str]]:
    """Return the files that a component will open under the parameters that settings give.

    These are those that its attribute ``files_opened``, a function of the parameters, returns;
    the files that parameters name themselves need not be among them. One that says nothing, or
    raises, opens none.
    """
    tell = getattr(component, "files_opened", None)
    if tell is None:
        return []
    try:
        return list(tell(dict(parameters)))
    except Exception:
        # The file is missing, or a parameter is wrong: the component itself will say so.
        return []
