"""Which engine runs an experiment: the compiled one where every part of it has a kernel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Literal, NamedTuple

from icarus.core.definitions import UNDEFINED
from icarus.core.hashing import digest
from icarus.core.once import OncePerObject
from icarus.execution.collectors.collector import absorbs
from icarus.policies import cache as policies
from icarus.policies.lifetimes import MOST_CONTENTS, follows_a_law
from icarus.registry import CACHE_POLICY, DATA_COLLECTOR, STRATEGY
from icarus.strategies import definition as strategies
from icarus.traces.compressed import COMPRESSION_SUFFIXES

__all__ = [
    "BREAK_EVEN",
    "OUTLASTS",
    "Choice",
    "Demand",
    "EngineName",
    "choose_engine",
    "most_lines",
    "pair_of",
    "pair_requests",
    "pairs_of",
    "requests_of",
]

EngineName = Literal["auto", "python", "compiled"]
"""What settings may ask for."""


BREAK_EVEN = 150_000
"""Requests that the python engine serves in the processor time that compiling a pair of a strategy
and a policy takes: 2 to 5 s for most, against 10 to 35 microseconds a request, measured side by
side."""

OUTLASTS = 2 * BREAK_EVEN
"""Requests of a simulation that is still running when its code, asked for at its start, is there.
In the interpreter the kernels are half as fast as the python engine."""


class Demand(NamedTuple):
    """How many requests code is needed for."""

    own: float
    """Of the simulation that asks for it."""
    together: float
    """Of all simulations of the campaign with the same strategy and policy."""
    use: str = ""
    """What those are counted by; see ``pair_of``."""


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
    for name in collectors:
        if not absorbs(DATA_COLLECTOR.resolve(name)):
            return f"collector: {name} wants to hear of each event"
    if (params.get("netconf") or {}).get("shortest_path"):
        return "netconf: paths are given instead of computed"
    for section, registry, lacks in (
        ("strategy", STRATEGY, strategies.lacking),
        ("cache_policy", CACHE_POLICY, policies.lacking),
    ):
        given = dict(params[section].items())
        name = given.pop("name")
        lacking = lacks(registry.resolve(name), given)
        if lacking is not None:
            what = f"{name} {lacking}" if lacking == UNDEFINED else lacking
            return f"{section}: {what}"
    n_contents = params["workload"].get("n_contents")
    if follows_a_law(params["cache_policy"].get("ttl")) and (n_contents or 0) > MOST_CONTENTS:
        return "cache_policy.ttl: in Python no table of so many contents is needed"
    events = {event["event"] for event in params.get("timeline") or ()}
    given = dict(params["cache_policy"].items())
    policy = policies.definition_of(CACHE_POLICY.resolve(name := given.pop("name")))
    if "resize" in events and not policies.can_resize(policy, given):
        return f"timeline: caches of {name} get other sizes only in Python"
    return None


_PACKED = 20
"""Times by which a compressed trace may grow, as those with small numbers in them do."""


def pair_of(experiment: Mapping[str, Any]) -> str:
    """Return what tells a strategy and a policy, with their parameters, from others."""
    return digest([experiment["strategy"], experiment["cache_policy"]])


def pairs_of(experiments: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the pair of each experiment of a campaign; sections that they share are read once."""
    shared: OncePerObject[str] = OncePerObject()
    return [
        shared.find((one["strategy"], one["cache_policy"]), partial(pair_of, one))
        for one in experiments
    ]


def pair_requests(
    experiments: Sequence[Mapping[str, Any]], pairs: Sequence[str], n_replications: int
) -> list[float]:
    """Return for each experiment how many requests a campaign has for its code.

    Those are the requests of all experiments with the same strategy and policy, as far as it can
    be told before anything runs; where it cannot, there are no end of them.

    Parameters
    ----------
    experiments : sequence of mapping
    pairs : sequence of str
        The pair of each.
    n_replications : int
        Of each experiment.
    """
    together: defaultdict[str, float] = defaultdict(float)
    shared: OncePerObject[float] = OncePerObject()
    for experiment, pair in zip(experiments, pairs, strict=True):
        workload = experiment["workload"]
        requests = shared.find((workload,), partial(requests_of, workload))
        together[pair] += requests * n_replications
    return [together[pair] for pair in pairs]


def requests_of(workload: Mapping[str, Any]) -> float:
    """Return about how many requests a workload has at most, without reading a trace."""
    parts = [workload.get(name) for name in ("n_warmup", "n_measured")]
    known = [part for part in parts if isinstance(part, int | float)]
    return sum(known) if len(known) == len(parts) else most_lines(workload)


def most_lines(workload: Mapping[str, Any]) -> float:
    """Return how many lines the trace of a workload may have; infinity if there is none."""
    try:
        # By `get`: a Tree grows what is asked for by its name.
        trace = Path(workload.get("reqs_file"))  # type: ignore[arg-type]
        times = _PACKED if trace.suffix.lower() in COMPRESSION_SUFFIXES else 1
        # Each id takes a byte and a separator at least.
        return trace.stat().st_size * times / 2
    except (TypeError, OSError, ValueError):
        return inf
