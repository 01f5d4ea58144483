"""The kind of experiments that are scenarios: components under a controller, as a job."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Number
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from icarus.core.values import shown
from icarus.errors import Cancel, ScenarioError, nearest
from icarus.orchestration.kinds import JobContext, Product, Task
from icarus.registry import JOB_KIND
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.control.controller import ExperimentController

__all__ = ["ScenarioTask"]

_SECTION = "scenario"
_GROUP = "SCENARIO"
"""The group of results that are returned as a number."""


@dataclass(frozen=True)
class ScenarioTask(Task):
    """One replication of one scenario.

    The function ``build`` of the section is called with a controller and the other parameters of
    the section. What it returns are the results: a mapping of groups to metrics, a number, or
    nothing. When it returns, or raises, all resources are released.
    """

    kind: ClassVar[str] = _SECTION
    unit: ClassVar[str] = "events"

    def run(self, context: JobContext) -> Product:
        """Run the scenario; ScenarioError if a critical resource failed."""
        from icarus.control.controller import ExperimentController

        given = dict(self.params[_SECTION].items())
        build = given.pop("build")
        with (
            context.working_folder() as folder,
            ExperimentController(
                build.__name__,
                folder=folder,
                seed=self.seed,
                replication=self.replication,
                report=context.report,
            ) as ec,
        ):
            try:
                returned = build(ec, Tree(given))
            except (Cancel, ScenarioError):
                raise
            except Exception as error:
                # What goes wrong once a resource has failed mostly follows from that.
                _require_success(ec, error)
                raise
            _require_success(ec)
        outcomes = {name: str(one.outcome) for name, one in ec.reports().items()}
        return Product(_results(returned), ec.n_events, {"outcomes": outcomes})


def _require_success(ec: ExperimentController, cause: Exception | None = None) -> None:
    if ec.reason:
        raise ScenarioError(ec.reason) from (ec.cause or cause)


def _results(returned: Any) -> Tree:
    if returned is None:
        return Tree()
    if isinstance(returned, Mapping):
        return Tree(dict(returned.items()))
    if isinstance(returned, Number | np.ndarray | str):
        return Tree({_GROUP: {"VALUE": returned}})
    raise TypeError(
        f"a scenario should return a mapping, a number or nothing, found {shown(returned)}"
    )


def _check(experiment: Tree) -> list[tuple[str, str]]:
    """Return what is wrong with a scenario."""
    section = experiment.get(_SECTION)
    if not isinstance(section, Mapping):
        return [(_SECTION, f"should be a tree with 'build' in it, found {shown(section)}")]
    keys = [str(key) for key, _ in section.items()]
    if "build" not in keys:
        near = nearest("build", keys)
        hint = f"; is it {near!r}?" if near else ""
        return [(f"{_SECTION}.build", f"missing; it is the function that makes the scenario{hint}")]
    build = section["build"]
    place = f"{_SECTION}.build"
    if not inspect.isfunction(build):
        return [
            (place, f"should be a function of a controller and parameters, found {shown(build)}")
        ]
    if not build.__qualname__.isidentifier():
        return [
            (
                place,
                f"should be a function that a module defines by def, so that every process finds "
                f"it, found {build.__qualname__}",
            )
        ]
    if inspect.iscoroutinefunction(build):
        return [(place, f"{build.__name__} is async; it should be written as an ordinary function")]
    try:
        inspect.signature(build).bind(None, None)
    except TypeError:
        text = f"{build.__name__} should take a controller and parameters: def {build.__name__}"
        return [(place, f"{text}(ec, params)")]
    return []


JOB_KIND.add(_SECTION, ScenarioTask, check=_check)  # type: ignore[arg-type]
