"""The class that all resources derive from, and the decorator of their commands."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, final

from icarus.control.attributes import Attribute, AttributeValues, Duration
from icarus.control.traces import DeclaredTrace
from icarus.errors import ResourceError

if TYPE_CHECKING:
    from icarus.control.component import Component
    from icarus.control.conductor import Conductor

__all__ = ["Connector", "Resource", "command"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_COMMAND = "_is_command"


def command(function: _Function) -> _Function:
    """Have a method of a resource be a command, as ``ExperimentController.call`` calls them.

    Its parameters are checked against its annotations before.
    """
    setattr(function, _COMMAND, True)
    return function


@dataclass(frozen=True)
class Connector:
    """What a resource may be connected to, as the one of the two that needs the other.

    Parameters
    ----------
    type : str
        Name of a type of resources; also those derived from it will do.
    help : str
        What for.
    least, most : int, optional
        How many there must and may be.
    """

    type: str
    help: str
    least: int = 0
    most: int | None = None


class Resource:
    """Something that is deployed, started and stopped under a controller.

    A class of one's own derives from this and is registered by
    ``icarus.registry.register_resource``. It overrides what it needs of the methods that begin
    with ``do_``. Each is called once for a transition, and the state changes once it has returned;
    what it raises makes the resource FAILED. Written as ``async def`` they run in the controller's
    event loop, and must not block it; otherwise they run in a thread.

    Attributes
    ----------
    attributes : tuple of Attribute
        Declared by the class, beside those of the classes that it derives from.
    traces : tuple of DeclaredTrace
        Declared likewise.
    connectors : tuple of Connector or None
        What it may be connected to; None stands for anything.
    guid : int
        Its number at its controller.
    name : str
    """

    # Of the class it is the type that it is registered as.
    name: str = ""
    attributes: ClassVar[tuple[Attribute, ...]] = (
        Attribute(
            name="critical",
            type=bool,
            default=True,
            mutable="live",
            help="whether its failure ends the scenario",
        ),
        Attribute(
            name="grace",
            type=Duration,
            default=5.0,
            unit="s",
            mutable="live",
            help="how long it may take to stop, and to be released, before it is killed",
        ),
    )
    traces: ClassVar[tuple[DeclaredTrace, ...]] = ()
    connectors: ClassVar[tuple[Connector, ...] | None] = None

    _component: Component
    _values: AttributeValues
    _conductor: Conductor

    @final
    @classmethod
    def declared_attributes(cls) -> dict[str, Attribute]:
        """Return the attributes of the class, inherited ones first, by name."""
        return {one.name: one for one in cls._declared("attributes")}

    @final
    @classmethod
    def declared_traces(cls) -> dict[str, DeclaredTrace]:
        """Return the traces of the class, inherited ones first, by name."""
        return {one.name: one for one in cls._declared("traces")}

    @classmethod
    def _declared(cls, what: str) -> list[Any]:
        return [one for base in reversed(cls.__mro__) for one in vars(base).get(what, ())]

    @final
    @classmethod
    def commands(cls) -> dict[str, Callable[..., Any]]:
        """Return the methods that are commands, by name."""
        named = ((name, getattr(cls, name)) for name in dir(cls) if not name.startswith("__"))
        return {name: one for name, one in named if getattr(one, _COMMAND, False)}

    @final
    @property
    def guid(self) -> int:
        """Its number at its controller."""
        return self._component.guid

    @final
    @property
    def folder(self) -> Path:
        """A folder for its files, which is there once this is asked for."""
        return self._component.folder()

    @final
    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose messages begin with its name."""
        return self._component.log

    @final
    def get(self, name: str) -> Any:
        """Return the value of an attribute."""
        return self._values[name]

    @final
    def put(self, name: str, value: Any) -> None:
        """Have an attribute show a value that the resource itself has found."""
        self._values.put(name, value)

    @final
    def connected(self, kind: str | None = None) -> list[Resource]:
        """Return the resources that it is connected to, in either direction.

        Parameters
        ----------
        kind : str, optional
            Only those of this type.
        """
        linked = [*self._component.needs, *self._component.needed_by]
        found = [one.resource for one in linked]
        return [one for one in found if kind is None or one.is_a(kind)]

    @final
    @classmethod
    def is_a(cls, kind: str) -> bool:
        """Return whether this is of a type of resources, or of one derived from it."""
        return any(vars(base).get("name") == kind for base in cls.__mro__)

    @final
    def background(self, function: Callable[[], Awaitable[Any]]) -> None:
        """Have an ``async`` function go on until it returns, or the resource is released.

        What it raises makes the resource FAILED. To be called in the event loop.
        """
        self._conductor.life.in_background(self._component, function)

    @final
    def alive(self) -> None:
        """Give a sign of life, as from any thread, while something goes on that takes long."""
        self._component.alive()

    @final
    @property
    def stopping(self) -> bool:
        """Whether it has been asked to stop."""
        return self._component.stopping

    def problems(self) -> list[str]:
        """Return what is wrong with its attributes taken together, before it is deployed."""
        return []

    def trace_path(self, name: str) -> Path | None:
        """Return the file of a trace that the class does not declare; None if there is none.

        By default these are the files in its folder.
        """
        path = self.folder / name
        return path if path.is_file() else None

    def trace_names(self) -> list[str]:
        """Return the names of traces that there are beside those declared."""
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file()
        )

    def changed(self, name: str, old: Any, new: Any) -> Any:
        """Be told that the user has given an attribute another value while it is STARTED."""

    def do_discover(self) -> Any:
        """Find what is needed."""

    def do_provision(self) -> Any:
        """Get what is needed."""

    def do_deploy(self) -> Any:
        """Have all ready to be started."""

    def do_start(self) -> Any:
        """Start, and return once it is started."""

    def do_run(self) -> Any:
        """Do the work: called after ``do_start``; when it returns, the resource is FINISHED.

        A resource without it is STARTED until it is stopped.
        """

    def do_stop(self) -> Any:
        """Stop; ``do_run`` is to return soon."""

    def do_release(self) -> Any:
        """Give back everything, whatever state it is in."""

    def do_kill(self) -> None:
        """End at once what has not ended in time; called in the event loop, and must not block."""


def require_resource(kind: Any) -> type[Resource]:
    """Return a class of resources; ResourceError if it is none."""
    if isinstance(kind, type) and issubclass(kind, Resource):
        return kind
    raise ResourceError(f"should be a class derived from icarus.control.Resource, found {kind!r}")


def overrides(resource: Resource, hook: str) -> bool:
    """Return whether a resource does anything in one of its methods."""
    return getattr(type(resource), hook) is not getattr(Resource, hook)
