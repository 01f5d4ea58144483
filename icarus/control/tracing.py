"""Which traces a component has: those that its class declares, and the files in its folder."""

from __future__ import annotations

from pathlib import Path

from icarus.control.component import Component
from icarus.control.states import ResourceState
from icarus.control.traces import Trace
from icarus.errors import MissingTraceError, TransitionError, suggestion

__all__ = ["declared_trace", "enable", "trace_of"]

_ENDED = (
    *(ResourceState.STOPPED, ResourceState.FINISHED),
    *(ResourceState.FAILED, ResourceState.RELEASED),
)


def declared_trace(one: Component, name: str) -> str:
    """Return the name of a trace that is declared; MissingTraceError if it is not."""
    declared = type(one.resource).declared_traces()
    if name not in declared:
        raise MissingTraceError(f"{one.name} has no trace {name!r}; {suggestion(name, declared)}")
    return name


def enable(one: Component, name: str) -> None:
    """Have a trace be written.

    Raises
    ------
    MissingTraceError
        If there is none of this name.
    TransitionError
        If the resource has been started without it.
    """
    declared_trace(one, name)
    if one.phase.rank >= ResourceState.STARTED.rank and name not in one.enabled:
        raise TransitionError(
            f"{one.name} is {one.state}; its traces are switched on before it is started"
        )
    one.enabled.add(name)


def trace_of(one: Component, name: str) -> Trace:
    """Return a trace; MissingTraceError if there is none, or it is not switched on."""
    declared = type(one.resource).declared_traces()
    path: Path | None
    if name in declared:
        if name not in one.enabled:
            raise MissingTraceError(
                f"the trace {name!r} of {one.name} is not switched on; enable_trace does that "
                "before the resource is started"
            )
        path = one.place / name
    else:
        path = one.resource.trace_path(name)
    if path is None:
        known = {*declared, *one.resource.trace_names()}
        raise MissingTraceError(f"{one.name} has no trace {name!r}; {suggestion(name, known)}")
    return Trace(path, f"trace {name!r} of {one.name}", lambda: one.state in _ENDED)
