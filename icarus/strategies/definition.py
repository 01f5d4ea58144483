"""What the compiled engine asks of a strategy: its definition, and whether that is Icarus's own.

A definition belongs to one class exactly, not to its subclasses, which may do something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icarus.compiler.state_types import is_foreign
from icarus.core.definitions import UNDEFINED
from icarus.strategies.known_network import Numbering

__all__ = ["compiled_state", "is_foreign", "lacking", "renewed_state"]

State = Any
"""A NamedTuple of arrays."""


def lacking(strategy: Any, parameters: Mapping[str, Any]) -> str | None:
    """Return what of a strategy cannot be compiled, given its class; None if all can."""
    if "definition" not in vars(strategy):
        return UNDEFINED
    found: str | None = strategy.lacks(parameters)
    return found


def compiled_state(strategy: Any, numbering: Numbering) -> State:
    """Return what compiled code knows of a strategy, given as the object that Python has."""
    return strategy.definition.new(strategy.network.numbered(numbering), **strategy.parameters)


def renewed_state(state: State, strategy: Any, numbering: Numbering) -> State:
    """Return what compiled code knows of a strategy once the network has changed.

    Parameters
    ----------
    state : NamedTuple
        What it knew before, with all that requests have changed of it.
    strategy : DefinedStrategy
        It was told of the change.
    numbering : Numbering
    """
    if not hasattr(strategy.definition, "renewed"):
        return compiled_state(strategy, numbering)
    return state.renewed(strategy.network.numbered(numbering), **strategy.parameters)
