"""What a controller knows of each resource: its state, since when, and what waits for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import anyio

from icarus.control.attributes import AttributeValues
from icarus.control.resource import Resource
from icarus.control.states import TRANSITIONS, ResourceAction, ResourceState
from icarus.errors import ResourceError, TransitionError, suggestion
from icarus.orchestration.status import Status
from icarus.plaintext import one_line

if TYPE_CHECKING:
    from icarus.control.conditions import Condition, Hold

__all__ = ["Component", "Components", "Group", "Moment", "Report"]

logger = logging.getLogger("control")

Group: TypeAlias = "int | str | Resource | Iterable[int | str | Resource]"
"""Resources as users name them: a guid, a name, the resource itself, or several of these."""

_S = ResourceState
_OFF = (_S.FAILED, _S.RELEASED)
"""States that are not on the way from NEW to FINISHED."""


class Moment(NamedTuple):
    """When something happened."""

    monotonic: float
    """In seconds, by the clock of the event loop."""
    wall: float
    """In seconds since 1970."""


class Report(NamedTuple):
    """How a resource stands."""

    state: ResourceState
    outcome: Status | None
    """OK, FAILED, TIMEOUT or SKIPPED; None while it is open."""
    reason: str
    """Why it is that; empty where nothing is to be said."""
    times: dict[ResourceState, float]
    """When it came to each state, in seconds since the controller began."""


class Watcher(Protocol):
    """What is told of changes of components."""

    def notice(self, component: Component) -> None:
        """Be told that a component has changed."""


class _Prefixed(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        return f"{self.extra['name'] if self.extra else ''}: {msg}", kwargs


@dataclass(eq=False)
class Component:
    """A resource under a controller.

    Only the event loop changes it.
    """

    guid: int
    name: str
    resource: Resource
    place: Path
    """Where its folder is, or would be."""
    values: AttributeValues
    alive: Callable[[], None]
    """Tells somebody that something goes on."""
    moved: Callable[[Component, ResourceState, str], None]
    """Told of each transition, with the state before it."""
    enabled: set[str] = field(default_factory=set)
    """Traces that are to be written."""
    state: ResourceState = _S.NEW
    phase: ResourceState = _S.NEW
    """How far it came on the way from NEW to FINISHED, whatever became of it since."""
    outcome: Status | None = None
    reason: str = ""
    times: dict[ResourceState, Moment] = field(default_factory=dict)
    needs: list[Component] = field(default_factory=list)
    """Those that it is connected to, and that are READY before it is deployed."""
    needed_by: list[Component] = field(default_factory=list)
    conditions: dict[ResourceAction, list[Condition]] = field(default_factory=dict)
    holds: dict[ResourceAction, Hold] = field(default_factory=dict)
    """Actions that wait for their conditions."""
    watchers: dict[Watcher, None] = field(default_factory=dict)
    """In the order in which they came, so that nothing depends on addresses."""
    calls: dict[anyio.CancelScope, anyio.Event] = field(default_factory=dict)
    """Methods of the resource that are being called, with what tells of their end."""
    background: dict[anyio.CancelScope, None] = field(default_factory=dict)
    """What goes on for it until it is released."""
    run_scope: anyio.CancelScope | None = None
    run_ended: anyio.Event | None = None
    asked: bool = False
    """Whether it was to be deployed."""
    stopping: bool = False
    releasing: bool = False

    def __post_init__(self) -> None:
        self.log = _Prefixed(logger, {"name": self.name})
        self.note_time()

    def note_time(self) -> None:
        """Note that it has come to its state now."""
        self.times[self.state] = Moment(anyio.current_time(), time.time())

    @property
    def critical(self) -> bool:
        """Whether its failure ends the scenario."""
        return bool(self.values["critical"])

    @property
    def grace(self) -> float:
        """How long it may take to stop, and to be released, in seconds."""
        return float(self.values["grace"])

    def folder(self) -> Path:
        """Return the folder of its files, which is made if need be."""
        self.place.mkdir(parents=True, exist_ok=True)
        return self.place

    def require(self, state: ResourceState) -> None:
        """Raise TransitionError unless the state may follow that which it is in."""
        if self.outcome is Status.SKIPPED and state is _S.STARTED:
            raise TransitionError(f"{self.name} cannot be {state}: {self.reason}")
        if state not in TRANSITIONS[self.state]:
            known = ", ".join(one for one in _S if one in TRANSITIONS[self.state])
            what = f"from there it can be {known}" if known else "that is its end"
            raise TransitionError(f"{self.name} is {self.state} and cannot be {state}; {what}")

    def move(self, state: ResourceState, reason: str = "") -> None:
        """Have it be in another state from now on; TransitionError if that is not legal."""
        self.require(state)
        before, self.state = self.state, state
        if state not in _OFF:
            self.phase = state
        self.note_time()
        if reason:
            self.reason = one_line(reason, 500)
        self.moved(self, before, reason)
        self.tell()

    def tell(self) -> None:
        """Tell all that watch it."""
        for watcher in list(self.watchers):
            watcher.notice(self)

    def reached(self, state: ResourceState) -> bool:
        """Return whether it is at least in a state; one that has FAILED is in no other."""
        if state in _OFF:
            return state in self.times
        return _S.FAILED not in self.times and self.phase.rank >= state.rank

    def since(self, state: ResourceState) -> float:
        """Return since when it is at least in a state that it has reached, by the loop's clock."""
        if state in self.times:
            return self.times[state].monotonic
        # It came to a later one at once, as from STARTED to FINISHED.
        later = (at for one, at in self.times.items() if one not in _OFF and one.rank > state.rank)
        return min(at.monotonic for at in later)

    def never(self, state: ResourceState) -> str | None:
        """Return why it will not come to a state any more; None if it has, or still may."""
        if state is _S.RELEASED or self.reached(state):
            return None
        if _S.FAILED in self.times:
            return f"{self.name} failed: {self.reason}"
        if self.state is _S.RELEASED:
            return f"{self.name} was released before it was {state}"
        if self.outcome is Status.SKIPPED and (state is _S.FAILED or self.phase.rank < state.rank):
            return f"{self.name} was skipped: {self.reason}"
        return None

    def report(self, began: float) -> Report:
        """Return how it stands."""
        times = {state: at.monotonic - began for state, at in self.times.items()}
        return Report(self.state, self.outcome, self.reason, times)


class Components:
    """The components of one controller, in the order in which they were registered."""

    def __init__(self) -> None:
        self._by_guid: dict[int, Component] = {}
        self._by_name: dict[str, Component] = {}
        self._last = 0

    def __iter__(self) -> Iterator[Component]:
        return iter(self._by_guid.values())

    def __len__(self) -> int:
        return len(self._by_guid)

    def new_guid(self, wanted: int | None) -> int:
        """Return the next number, or the one that is wanted.

        Raises
        ------
        ResourceError
            If another resource has it, or it is no number.
        """
        if wanted is None:
            guid = self._last + 1
            while guid in self._by_guid:
                guid += 1
            self._last = guid
            return guid
        if not isinstance(wanted, int) or isinstance(wanted, bool):
            raise ResourceError(f"a guid should be a whole number, found {wanted!r}")
        if wanted in self._by_guid:
            raise ResourceError(f"guid {wanted} is that of {self._by_guid[wanted].name!r} already")
        return wanted

    def require_free(self, name: str) -> None:
        """Raise ResourceError unless a name is free, and can be that of a folder."""
        if not isinstance(name, str) or not name or name.startswith(".") or "/" in name:
            raise ResourceError(
                f"a resource needs a name that a folder can have, without '/', found {name!r}"
            )
        if name in self._by_name:
            raise ResourceError(f"the name {name!r} is that of another resource already")

    def enter(self, component: Component) -> None:
        """Have a component be known by its guid and its name."""
        self._by_guid[component.guid] = component
        self._by_name[component.name] = component

    def one(self, given: Any) -> Component:
        """Return the component that a user names.

        Raises
        ------
        ResourceError
            If there is none; the message has the nearest name.
        """
        found: Component | None = None
        if isinstance(given, str):
            found = self._by_name.get(given)
        elif isinstance(given, Resource):
            found = getattr(given, "_component", None)
            if found is not None and self._by_guid.get(found.guid) is not found:
                raise ResourceError(f"{found.name!r} is a resource of another controller")
        elif isinstance(given, int) and not isinstance(given, bool):
            found = self._by_guid.get(given)
            if found is None:
                known = suggestion(str(given), self._by_guid)
                raise ResourceError(f"there is no resource with the guid {given}; {known}")
        if found is None:
            shown = given if isinstance(given, str) else one_line(repr(given), 60)
            raise ResourceError(
                f"there is no resource {shown!r}; {suggestion(str(given), self._by_name)}"
            )
        return found

    def some(self, given: Group) -> list[Component]:
        """Return the components that a user names, each once, in the order given."""
        if isinstance(given, str | int | Resource) or not isinstance(given, Iterable):
            return [self.one(given)]
        return list(dict.fromkeys(self.one(one) for one in given))
