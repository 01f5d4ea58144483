"""Which engine runs an experiment: the compiled one where every part of it has a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from icarus.execution.collectors.collector import absorbs
from icarus.registry import CACHE_POLICY, DATA_COLLECTOR, STRATEGY, WORKLOAD
from icarus.scenarios.workload.requests import yields_batches

__all__ = ["Choice", "EngineName", "choose_engine"]

EngineName = Literal["auto", "python", "compiled"]
"""What settings may ask for."""


class Choice(NamedTuple):
    """An engine, and why it is this one."""

    engine: Literal["python", "compiled"]
    reason: str


def choose_engine(
    params: Mapping[str, Any],
    collectors: Mapping[str, Mapping[str, Any]],
    asked_for: EngineName = "auto",
) -> Choice:
    """Return the engine of an experiment.

    Parameters
    ----------
    params : mapping
        The experiment.
    collectors : mapping
        From registry name of a collector to its parameters.
    asked_for : {"auto", "python", "compiled"}, optional
        The setting ``ENGINE``. Where it is "compiled" and a part has no kernel, the choice is
        "python" all the same, and the reason says which part.
    """
    if asked_for == "python":
        return Choice("python", "asked for")
    lacking = _lacking(params, collectors)
    if lacking is not None:
        return Choice("python", lacking)
    return Choice("compiled", "asked for" if asked_for == "compiled" else "all parts have kernels")


def _lacking(params: Mapping[str, Any], collectors: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return what has no kernel, as a place in the experiment and a text; None if all have."""
    if not yields_batches(WORKLOAD.resolve(params["workload"]["name"])):
        return f"workload: {params['workload']['name']} does not yield batches"
    for name in collectors:
        if not absorbs(DATA_COLLECTOR.resolve(name)):
            return f"collector: {name} wants to hear of each event"
    if (params.get("netconf") or {}).get("shortest_path"):
        return "netconf: paths are given instead of computed"
    # Only here: what has said no so far does without the compiler.
    from icarus.kernels import entries  # noqa: F401 - registers the kernels
    from icarus.kernels.kernel_registry import policy_kernel, strategy_kernel

    for section, registry, kernel_of in (
        ("strategy", STRATEGY, strategy_kernel),
        ("cache_policy", CACHE_POLICY, policy_kernel),
    ):
        given = dict(params[section].items())
        name = given.pop("name")
        kernel = kernel_of(registry.resolve(name))
        lacking = f"{name} has no kernel" if kernel is None else kernel.lacks(given)
        if lacking is not None:
            return f"{section}: {lacking}"
    return None
