"""What all laws share: how they are tried, the component they are about, and equal conditions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import hypothesis
import numpy as np

from icarus.core.random_streams import with_seed
from icarus.execution.global_randomness import legacy_random_state
from icarus.registry import Registry

__all__ = ["broken", "built", "component_of", "equal_conditions", "named", "try_all"]


def broken(what: str, *history: str) -> NoReturn:
    """Say that a law is broken.

    Parameters
    ----------
    what : str
        What was wrong.
    *history : str
        What was done before, line by line.
    """
    __tracebackhide__ = True
    raise AssertionError("\n".join([what, *(f"    {line}" for line in history)]))


def try_all(
    law: Callable[..., None],
    *examples: hypothesis.strategies.SearchStrategy[Any],
    share: float = 1,
) -> None:
    """Have Hypothesis look for an example that breaks a law, and for the smallest that does.

    Laws are inherited, and a test method that Hypothesis decorates itself must not be; how much
    is tried is up to the settings profile that is loaded.

    Parameters
    ----------
    law : callable
        Takes the examples by position.
    *examples : SearchStrategy
        Where these come from.
    share : float, optional
        Part of the profile's number of examples to try.
    """
    __tracebackhide__ = True
    profile = hypothesis.settings()
    limits = hypothesis.settings(
        profile,
        max_examples=max(1, round(share * profile.max_examples)),
        deadline=None,
        report_multiple_bugs=False,
        # Laws tell in their own words what they tried.
        phases=set(profile.phases) - {hypothesis.Phase.explain},
        verbosity=min(profile.verbosity, hypothesis.Verbosity.quiet),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    limits(hypothesis.given(*examples)(law))()


def component_of(laws: object, kind: str, registry: Registry) -> Any:
    """Return the component that a class of laws is about.

    Parameters
    ----------
    laws : object
        It has the component, or its registry name, under the name `kind`.
    kind : str
        As in ``policy``.
    registry : Registry
        Where names are looked up.
    """
    # A function among the attributes of a class would be taken for a method.
    given = inspect.getattr_static(laws, kind, None)
    given = getattr(given, "__func__", given)
    if isinstance(given, str):
        return registry.resolve(given, f"{type(laws).__name__}.{kind}")
    if not callable(given):
        raise TypeError(
            f"{type(laws).__name__}.{kind} should be a {registry.kind}: its registry name, or "
            f"the class; found {given!r}"
        )
    return given


def built(component: Any, *positional: Any, parameters: Mapping[str, Any], seed: int) -> Any:
    """Return a component built as the framework does, with a seed if it takes one."""
    sequence = np.random.SeedSequence(seed)
    return component(*positional, **with_seed(component, parameters, sequence))


def named(component: Any) -> str:
    """Return what a component is called in messages."""
    # The class of a definition is an attribute of it: `Sieve.Cache`, and all are called `Cache`.
    name = str(getattr(component, "__qualname__", component))
    return name.rpartition("<locals>.")[2]


@contextmanager
def equal_conditions(seed: int = 0) -> Iterator[None]:
    """Let what draws at random without a seed of its own draw the same as each time before.

    Simulations do so, too: components written for Icarus 0.8 draw from global generators.
    """
    with legacy_random_state(np.random.SeedSequence(seed)):
        yield
