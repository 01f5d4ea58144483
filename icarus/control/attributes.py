"""Attributes of resources: declared with type, unit and bounds, and held to that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from icarus.core.durations import seconds_of
from icarus.core.values import conform, shown
from icarus.errors import ResourceError, suggestion

__all__ = ["Attribute", "AttributeValues", "Duration", "Mutable"]

Mutable = Literal["never", "before start", "live"]
"""When an attribute may change: not once it was given, until its resource is started, or ever."""

_HIDDEN = "***"


class Duration:
    """The type of attributes that are durations: given as ``"2m30s"`` or in seconds, kept so."""


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """The declaration of an attribute.

    Parameters
    ----------
    name : str
    type : type
        What values are held against, as annotations of components are; ``Duration`` for those.
    help : str
        What it means, in a sentence.
    default : object, optional
    required : bool, optional
        Whether a value must be given when the resource is registered.
    unit : str, optional
        Such as ``"s"``.
    least, most : float, optional
        Bounds of numbers and durations, which are among the values.
    allowed : tuple, optional
        The values that there are.
    mutable : {"never", "before start", "live"}, optional
        When it may change.
    secret : bool, optional
        Whether records hide its value.
    """

    name: str
    type: Any
    help: str
    default: Any = None
    required: bool = False
    unit: str = ""
    least: float | None = None
    most: float | None = None
    allowed: tuple[Any, ...] = ()
    mutable: Mutable = "before start"
    secret: bool = False

    def __post_init__(self) -> None:
        if self.mutable not in get_args(Mutable):
            known = ", ".join(map(repr, get_args(Mutable)))
            raise ResourceError(
                f"attribute {self.name!r}: mutable should be one of {known}, found {self.mutable!r}"
            )

    def taken(self, value: Any) -> Any:
        """Return a value as the resource gets it.

        Raises
        ------
        ValueError
            If it is of another type, out of bounds or not allowed; the message says what would be
            right.
        """
        if value is None and self.default is None and not self.required:
            return None
        if self.type is Duration:
            value = seconds_of(value)
        else:
            value, problems = conform(self.type, value)
            if problems:
                raise ValueError(self._hidden(problems[0], value))
        if self.allowed and value not in self.allowed:
            known = ", ".join(map(repr, self.allowed))
            raise ValueError(self._hidden(f"should be one of {known}, found {shown(value)}", value))
        too_small = self.least is not None and value < self.least
        if too_small or (self.most is not None and value > self.most):
            text = f"should be {self.bounds}, found {shown(value)}"
            raise ValueError(self._hidden(text, value))
        return value

    def _hidden(self, text: str, value: Any) -> str:
        return text.replace(shown(value), _HIDDEN) if self.secret else text

    @property
    def bounds(self) -> str:
        """Its bounds in words; empty without any."""
        unit = f" {self.unit}" if self.unit else ""
        if self.least is not None and self.most is not None:
            return f"from {self.least:g} to {self.most:g}{unit}"
        if self.least is not None:
            return f"at least {self.least:g}{unit}"
        return "" if self.most is None else f"at most {self.most:g}{unit}"


class AttributeValues:
    """The values of the attributes of one resource.

    Parameters
    ----------
    owner : str
        What messages call the resource.
    declared : mapping of str to Attribute
    given : mapping
        Values by name.

    Raises
    ------
    ResourceError
        If there is anything wrong with them: all problems at once.
    """

    def __init__(
        self, owner: str, declared: Mapping[str, Attribute], given: Mapping[str, Any]
    ) -> None:
        self._owner = owner
        self._declared = declared
        self._values = {name: one.default for name, one in declared.items()}
        problems = []
        for name, value in given.items():
            try:
                self._values[name] = self._taken(name, value)
            except ResourceError as error:
                problems += error.problems
        problems += [
            f"{owner}: {one.name} is missing; {one.help}"
            for one in declared.values()
            if one.required and one.name not in given
        ]
        if problems:
            raise ResourceError(*problems)

    def _taken(self, name: str, value: Any) -> Any:
        declared = self.declaration(name)
        try:
            return declared.taken(value)
        except ValueError as error:
            raise ResourceError(f"{self._owner}: {name} {error}") from None

    def declaration(self, name: str) -> Attribute:
        """Return the declaration of an attribute; ResourceError if there is none."""
        if name not in self._declared:
            hint = suggestion(str(name), self._declared)
            raise ResourceError(f"{self._owner} has no attribute {name!r}; {hint}")
        return self._declared[name]

    def __getitem__(self, name: str) -> Any:
        self.declaration(name)
        return self._values[name]

    def put(self, name: str, value: Any) -> None:
        """Give an attribute a value, whether users may change it or not.

        Raises
        ------
        ResourceError
            If it does not take the value.
        """
        self._values[name] = self._taken(name, value)

    def checked(self, name: str, value: Any, *, started: bool) -> Any:
        """Return the value that an attribute would get from a user.

        Parameters
        ----------
        name : str
        value : object
        started : bool
            Whether its resource has been started by then.

        Raises
        ------
        ResourceError
            If it does not take the value, or may not change any more.
        """
        declared = self.declaration(name)
        if declared.mutable == "never":
            raise ResourceError(
                f"{self._owner}: {name} cannot be changed once the resource is registered"
            )
        if declared.mutable == "before start" and started:
            live = [one.name for one in self._declared.values() if one.mutable == "live"]
            raise ResourceError(
                f"{self._owner}: {name} can be changed only before the resource is started; "
                f"while it runs, these can: {', '.join(live)}"
            )
        return self._taken(name, value)

    def shown(self, names: Iterable[str] | None = None) -> dict[str, Any]:
        """Return values by name, those of secret attributes hidden."""
        return {
            name: _HIDDEN
            if self._declared[name].secret and self._values[name] is not None
            else self._values[name]
            for name in (self._declared if names is None else names)
        }
