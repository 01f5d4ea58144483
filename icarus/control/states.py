"""States of resources and of their controller, and which state may follow which."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from icarus.errors import ConditionError, suggestion

__all__ = ["TRANSITIONS", "ECState", "ResourceAction", "ResourceState", "least_of", "named"]

_Member = TypeVar("_Member", bound=StrEnum)


class ECState(StrEnum):
    """State of a controller."""

    RUNNING = "RUNNING"
    FAILED = "FAILED"
    """A critical resource failed, and nothing more is deployed, started or stopped."""
    TERMINATED = "TERMINATED"
    """It was shut down, and nothing had failed that is critical."""


class ResourceAction(StrEnum):
    """What can be made to wait for conditions."""

    DEPLOY = "DEPLOY"
    START = "START"
    STOP = "STOP"


class ResourceState(StrEnum):
    """State of a resource."""

    NEW = "NEW"
    DISCOVERED = "DISCOVERED"
    PROVISIONED = "PROVISIONED"
    READY = "READY"
    STARTED = "STARTED"
    STOPPED = "STOPPED"
    """It was stopped, and may be started again."""
    FINISHED = "FINISHED"
    """It came to its end by itself."""
    FAILED = "FAILED"
    RELEASED = "RELEASED"

    @property
    def rank(self) -> int:
        """Its place on the way from NEW to FINISHED; FAILED and RELEASED are not on it.

        Raises
        ------
        ValueError
            Of those two.
        """
        return _WAY.index(self)


_WAY = (
    ResourceState.NEW,
    ResourceState.DISCOVERED,
    ResourceState.PROVISIONED,
    ResourceState.READY,
    ResourceState.STARTED,
    ResourceState.STOPPED,
    ResourceState.FINISHED,
)

_S = ResourceState

TRANSITIONS: dict[ResourceState, frozenset[ResourceState]] = {
    _S.NEW: frozenset({_S.DISCOVERED, _S.FAILED, _S.RELEASED}),
    _S.DISCOVERED: frozenset({_S.PROVISIONED, _S.FAILED, _S.RELEASED}),
    _S.PROVISIONED: frozenset({_S.READY, _S.FAILED, _S.RELEASED}),
    _S.READY: frozenset({_S.STARTED, _S.FAILED, _S.RELEASED}),
    _S.STARTED: frozenset({_S.STOPPED, _S.FINISHED, _S.FAILED, _S.RELEASED}),
    _S.STOPPED: frozenset({_S.STARTED, _S.FAILED, _S.RELEASED}),
    _S.FINISHED: frozenset({_S.RELEASED}),
    _S.FAILED: frozenset({_S.RELEASED}),
    _S.RELEASED: frozenset(),
}
"""Which states may follow each state; no other transition happens."""


_CALLED: dict[type[StrEnum], str] = {ResourceAction: "action", ResourceState: "state"}


def named(kind: type[_Member], value: object) -> _Member:
    """Return the member of an enumeration that a user names, in any case.

    Raises
    ------
    ConditionError
        If there is none of this name.
    """
    if isinstance(value, str) and value.upper() in kind.__members__:
        return kind[value.upper()]
    what = _CALLED.get(kind, "value")
    raise ConditionError(f"unknown {what} {value!r}; {suggestion(str(value), kind.__members__)}")


def least_of(states: object) -> ResourceState:
    """Return the state that is reached first among those that a user names.

    Parameters
    ----------
    states : ResourceState, str or iterable of them

    Raises
    ------
    ConditionError
        If one is unknown, or there is none.
    """
    given = [states] if isinstance(states, str) or not isinstance(states, Iterable) else states
    found = [named(ResourceState, one) for one in given]
    if not found:
        raise ConditionError("no state is named to wait for")
    return min(found, key=lambda one: _WAY.index(one) if one in _WAY else len(_WAY))
