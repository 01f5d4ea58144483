"""Classes that are made of definitions: NamedTuples whose methods say what a component does."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from icarus.core.signatures import Parameter, parameters, public_name

UNDEFINED = "has no kernel"
"""What a component lacks for being compiled that is written as a class of Icarus 0.8."""

__all__ = [
    "UNDEFINED",
    "class_of",
    "constructor",
    "filled_in",
    "parameters_of",
    "require_methods",
    "settled",
]

_Definition = TypeVar("_Definition", bound=type)


def parameters_of(definition: Any) -> Mapping[str, Parameter]:
    """Return the parameters of a definition by name: those of ``new`` behind the first."""
    found = parameters(definition.new, positional=1)
    return {public_name(name): replace(one, name=public_name(name)) for name, one in found.items()}


def settled(
    what: str, takes: Mapping[str, Parameter], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return all parameters of a component, those not given at their default, as it has them.

    Parameters
    ----------
    what : str
        What a message calls the component.
    takes : mapping
        The parameters that it has.
    args, kwargs
        What was given; what is not known is passed over, as with Icarus 0.8.

    Raises
    ------
    TypeError
        If one is missing.
    """
    if not takes:
        return {}
    named = {public_name(name): value for name, value in kwargs.items()}
    given = {**dict(zip(takes, args, strict=False)), **named}
    for name, parameter in takes.items():
        if name not in given and parameter.required:
            raise TypeError(f"{what} needs the parameter {name!r}")
    return {
        parameter.argument: given.get(name, parameter.default) for name, parameter in takes.items()
    }


def constructor(
    new: Callable[..., Any], begin: Callable[..., None], leading: Mapping[str, Any]
) -> Callable[..., None]:
    """Return an ``__init__`` that says of itself what it takes: that is what settings may give.

    Parameters
    ----------
    new : callable
        The class method ``new`` of the definition.
    begin : callable
        The ``__init__`` that does the work.
    leading : mapping
        What the framework gives before all parameters: from name to type.
    """

    def __init__(*args: Any, **kwargs: Any) -> None:  # noqa: N807
        begin(*args, **kwargs)

    kind = inspect.Parameter
    _, *known = inspect.signature(new).parameters.values()
    first = [kind(name, kind.POSITIONAL_OR_KEYWORD) for name in ("self", *leading)]
    by_position = [one for one in known if one.kind != kind.KEYWORD_ONLY]
    by_name = [one for one in known if one.kind == kind.KEYWORD_ONLY]
    gathered = kind("args", kind.VAR_POSITIONAL), kind("kwargs", kind.VAR_KEYWORD)
    __init__.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*first, *by_position, gathered[0], *by_name, gathered[1]]
    )
    hints = {one.name: one.annotation for one in parameters(new, positional=1).values()}
    __init__.__annotations__ = {**leading, **hints}
    return __init__


def _require_named_tuple(definition: Any) -> None:
    if not (isinstance(definition, type) and issubclass(definition, tuple)):
        raise TypeError(f"a definition is a NamedTuple class, found {definition!r}")


def class_of(definition: type, base: type, name: str) -> type:
    """Return the class that goes with a definition, to be registered in its place.

    Parameters
    ----------
    definition : type
        The NamedTuple class.
    base : type
        What makes a class of a definition that is given by name.
    name : str
        The attribute of the definition that it becomes, where pickles find it.
    """
    _require_named_tuple(definition)
    made = {
        "__doc__": definition.__doc__,
        "__module__": definition.__module__,
        "__qualname__": f"{definition.__qualname__}.{name}",
    }

    def fill(namespace: dict[str, Any]) -> None:
        namespace.update(made)

    made_class = types.new_class(name, (base,), {"definition": definition}, fill)
    setattr(definition, name, made_class)
    return made_class


def filled_in(definition: _Definition, methods: Mapping[str, Any]) -> _Definition:
    """Return a definition that was given methods, of those that it does not have itself.

    Parameters
    ----------
    definition : type
    methods : mapping of str to callable
        By their names.
    """
    for name, method in methods.items():
        if not hasattr(definition, name):
            setattr(definition, name, method)
    return definition


def require_methods(definition: Any, takes: Mapping[str, Sequence[str]]) -> None:
    """Raise TypeError unless a definition is a NamedTuple class with these methods.

    Parameters
    ----------
    definition : object
    takes : mapping
        From the name of each method to what it takes behind ``self``, in this order.
    """
    _require_named_tuple(definition)
    where = definition.__name__
    for name, arguments in takes.items():
        method = getattr(definition, name, None)
        wanted = f"{name}(self{''.join(f', {one}' for one in arguments)})"
        if method is None:
            raise TypeError(f"{where} has no method {wanted}")
        try:
            inspect.signature(method).bind(None, *arguments)
        except TypeError:
            found = f"{name}{inspect.signature(method)}"
            raise TypeError(f"{where} should have {wanted}, found {found}") from None
    if not inspect.ismethod(getattr(definition, "new", None)):
        raise TypeError(f"{where} has no class method new")
