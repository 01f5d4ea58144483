"""How often experiments are replicated: a number, or until their results are precise enough.

``REPLICATIONS`` is read here; what is decided by it as results come, in
``icarus.orchestration.replicating``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt, Lt

from icarus.core.values import check_value
from icarus.errors import nearest, suggestion
from icarus.metering import RESOURCES
from icarus.util import Settings

__all__ = [
    "CONFIDENCE",
    "Replications",
    "given_twice",
    "replication_problems",
    "replications_of",
]

CONFIDENCE = 0.95
"""Level of the confidence intervals, that of tables and plots."""

_KEYS: dict[str, tuple[Any, int | None]] = {
    "min": (Annotated[int, Ge(2)], 3),
    "max": (Annotated[int, Ge(2)], 50),
    "until": (dict[str, Any], None),
}
"""Type and default of what ``REPLICATIONS`` may hold."""


@dataclass(frozen=True)
class Replications:
    """When an experiment has been replicated often enough."""

    least: int
    """Replications that are run in any case, and values that an interval is made of at least."""
    most: int
    """Replications after which nothing more is run."""
    until: Mapping[str, float]
    """From metric, ``COLLECTOR.METRIC``, to the largest half-width wanted of its confidence
    interval, as a share of the mean."""

    def describe(self) -> str:
        """Return this in a few words."""
        wanted = (f"{name} is known to {100 * share:.3g} %" for name, share in self.until.items())
        return f"{self.least} to {self.most}, until {' and '.join(wanted)}"

    def facts(self) -> dict[str, Any]:
        """Return this as it is kept with results, in the form that settings have."""
        return {"min": self.least, "max": self.most, "until": dict(self.until)}


def replications_of(settings: Settings) -> tuple[int, Replications | None]:
    """Return how often checked settings have experiments run, at least, and when it is enough.

    Returns
    -------
    least : int
    enough : Replications or None
        None where the number is fixed.
    """
    value = settings["REPLICATIONS"]
    if value is None:
        return int(settings["N_REPLICATIONS"]), None
    if not isinstance(value, Mapping):
        return int(value), None
    least, most = (int(value.get(key, _KEYS[key][1])) for key in ("min", "max"))
    until = {name: float(share) for name, share in value["until"].items()}
    return least, Replications(least, most, until)


def given_twice(settings: Settings) -> list[str]:
    """Return the problem of settings whose ``REPLICATIONS`` and ``N_REPLICATIONS`` differ."""
    if settings["REPLICATIONS"] is None or "N_REPLICATIONS" not in settings:
        return []
    one, other = settings["REPLICATIONS"], settings["N_REPLICATIONS"]
    if not isinstance(one, Mapping) and one == other:
        return []
    return [
        "REPLICATIONS: given beside N_REPLICATIONS, which says the same in another way; give one "
        f"of them, and another name to what is not meant for Icarus (found {one!r} and {other!r})"
    ]


def replication_problems(
    value: Any, collectors: Iterable[str] | None, metered: bool = False
) -> list[str]:
    """Return what is wrong with a value of ``REPLICATIONS``.

    Parameters
    ----------
    value : object
        As settings give it; None is no value.
    collectors : iterable of str or None
        Names of the collectors that measure; None where other kinds of jobs than simulations give
        metrics, too, of which nobody knows the names before.
    metered : bool, optional
        Whether jobs are metered.
    """
    if value is None:
        return []
    if not isinstance(value, Mapping):
        wrong = check_value(Annotated[int, Ge(1)], value)
        wanted = 'a number, or a mapping such as {"min": 3, "max": 50, "until": {METRIC: 0.02}}'
        return [f"REPLICATIONS: {problem}; it is {wanted}" for problem in wrong]
    problems = [
        f"REPLICATIONS: unknown key {key!r}; {suggestion(str(key), _KEYS)}"
        for key in value
        if key not in _KEYS
    ]
    for key, (annotation, default) in _KEYS.items():
        if key in value:
            found = check_value(annotation, value[key])
            problems += [f"REPLICATIONS[{key!r}]: {problem}" for problem in found]
        elif default is None:
            problems.append(
                f"REPLICATIONS[{key!r}]: missing; for which metrics, and how precise, such as "
                '{"CACHE_HIT_RATIO.MEAN": 0.02}; for a fixed number write REPLICATIONS = 10'
            )
    if problems:
        return problems
    least, most = (value.get(key, _KEYS[key][1]) for key in ("min", "max"))
    if least > most:
        problems.append(f"REPLICATIONS: 'min', {least}, is more than 'max', {most}")
    known = None if collectors is None else list(collectors)
    return problems + _problems_of_metrics(value["until"], known, metered)


def _problems_of_metrics(
    until: Mapping[str, Any], collectors: list[str] | None, metered: bool
) -> list[str]:
    problems = [] if until else ["REPLICATIONS['until']: empty; name at least one metric"]
    for name, share in until.items():
        place = f"REPLICATIONS['until'][{name!r}]"
        problems += [
            f"{place}: {one}" for one in check_value(Annotated[float, Gt(0), Lt(1)], share)
        ]
        folded = name.casefold()
        if _begins(f"{folded}.", RESOURCES):
            if not metered:
                problems.append(
                    f"{place}: what jobs use is not measured; set RESOURCE_METRICS = True"
                )
            continue
        if collectors is None or any(
            folded == one.casefold() or _begins(folded, one) for one in collectors
        ):
            continue
        named = name.partition(".")[0]
        # One that is there but not measured is the likelier mistake where both are near.
        near = nearest(named, collectors)
        hint = f"did you mean {near!r}?" if near else suggestion(named, collectors)
        problems.append(
            f"{place}: no collector {named!r} in DATA_COLLECTORS; {hint} "
            "(a metric is named COLLECTOR.METRIC)"
        )
    return problems


def _begins(name: str, collector: str) -> bool:
    return name.startswith(f"{collector.casefold()}.")
