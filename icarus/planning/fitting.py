"""Whether placements and strategies fit the network that they get, checked before anything runs.

Those that may not fit register a function ``fit(topology, parameters)`` that raises a `ValueError`
then: of a placement, it gets the topology without caches, of a strategy the one with caches.
Networks are built for that where Icarus' own components make them; what users' components do
before a campaign is theirs to decide.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from icarus.core.capacities import CAPACITY_KEYS
from icarus.core.hashing import digest
from icarus.core.kinds import KINDS, conformed_section, is_built_in
from icarus.core.once import OncePerObject
from icarus.core.random_streams import root_seed
from icarus.core.section_checks import Finding
from icarus.core.signatures import accepts_seed
from icarus.execution.building import Networks, budget_of
from icarus.planning.rehearsal import rehearse
from icarus.scenarios.workload.size_laws import size_law

__all__ = ["FitChecker"]

_FITTED = ("cache_placement", "content_placement", "strategy")
_ROOT = root_seed(0, 0)
"""For placements that draw: strategies ask whether there are caches, not where they are."""


class FitChecker:
    """Checks experiments whose sections have no problems, remembering what it found."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Finding]] = {}
        self._shared: OncePerObject[dict[Any, list[Finding]]] = OncePerObject()
        # Not those of simulations, which tell of caches that get no place as they are placed.
        self._networks = Networks()

    def check(self, experiment: Mapping[str, Any]) -> list[Finding]:
        """Return what does not fit: the place in the experiment, and why."""
        told = tuple(experiment.get(section) for section in ("topology", *_FITTED, "timeline"))
        by_catalogue = self._shared.find(told, dict)
        catalogue = _n_contents(experiment), _n_bytes(experiment)
        if catalogue not in by_catalogue:
            key = digest([*told, *catalogue])
            if key not in self._seen:
                with _unlogged():
                    self._seen[key] = self._found(experiment)
            by_catalogue[catalogue] = self._seen[key]
        return by_catalogue[catalogue]

    def _found(self, experiment: Mapping[str, Any]) -> list[Finding]:
        found: list[Finding] = []
        for section in _FITTED:
            given = experiment.get(section)
            fit = KINDS[section].registry.fits.get(given["name"]) if given else None
            # Caches that cannot be placed are one problem, not two.
            if fit is None or (section == "strategy" and found):
                continue
            parameters = conformed_section(section, experiment[section])
            name = parameters.pop("name")
            try:
                topology = self._topology(experiment, with_caches=section == "strategy")
                if topology is not None and section == "cache_placement":
                    parameters = _with_budget(experiment, topology, name, parameters)
                if topology is not None:
                    fit(topology, parameters)
            except ValueError as error:
                place = f"{section}.name"
                found.append((place, f"{name} on {experiment['topology']['name']}: {error}"))
        if not found and experiment.get("timeline"):
            found += self._rehearse(experiment)
        return found

    def _rehearse(self, experiment: Mapping[str, Any]) -> list[Finding]:
        factory = KINDS["topology"].registry[experiment["topology"]["name"]]
        # Of those that are drawn, each replication has another one.
        if accepts_seed(factory):
            return []
        topology = self._topology(experiment, with_caches=True)
        place = experiment.get("content_placement")
        if topology is None or not place:
            return []
        return rehearse(topology, experiment)

    def _topology(self, experiment: Mapping[str, Any], with_caches: bool) -> Any:
        """Return the topology of an experiment; None if that is for users' components to make."""
        if not _is_built_in(experiment, "topology"):
            return None
        network = self._networks.bare(conformed_section("topology", experiment["topology"]), _ROOT)
        if not with_caches or not experiment.get("cache_placement"):
            return network.topology
        if not _is_built_in(experiment, "cache_placement"):
            return None
        placement = conformed_section("cache_placement", experiment["cache_placement"])
        if _budget(experiment, placement, network.topology) is None:
            return None
        n_contents = _n_contents(experiment) or 0
        return self._networks.with_caches(
            network, placement, n_contents, _ROOT, n_bytes=lambda: _n_bytes(experiment)
        )


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep placements from warning of what jobs will tell when they place caches."""
    logger = logging.getLogger("cacheplacement")
    logger.addFilter(_nothing)
    try:
        yield
    finally:
        logger.removeFilter(_nothing)


def _nothing(record: logging.LogRecord) -> bool:
    return False


def _is_built_in(experiment: Mapping[str, Any], section: str) -> bool:
    return is_built_in(KINDS[section].registry[experiment[section]["name"]])


def _with_budget(
    experiment: Mapping[str, Any], topology: Any, name: str, section: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the parameters of a cache placement, with the budget where settings tell it."""
    budget = _budget(experiment, {**section, "name": name}, topology)
    parameters = {key: value for key, value in section.items() if key not in CAPACITY_KEYS}
    return parameters if budget is None else {**parameters, "cache_budget": budget}


def _budget(experiment: Mapping[str, Any], section: Mapping[str, Any], topology: Any) -> Any:
    """Return the cache budget where settings tell it, as a trace does not."""
    given = dict(section.items())
    placement = KINDS["cache_placement"].registry[given.pop("name")]
    return budget_of(
        *(placement, given, lambda: topology),
        *(_n_contents(experiment), lambda: _n_bytes(experiment)),
    )


def _n_contents(experiment: Mapping[str, Any]) -> float | None:
    told = experiment["workload"].get("n_contents")
    return told if isinstance(told, int | float) and told else None


def _n_bytes(experiment: Mapping[str, Any]) -> int | None:
    """Return about how many bytes the catalogue has, where settings tell it."""
    n_contents, law = _n_contents(experiment), experiment["workload"].get("content_size")
    if n_contents is None or law is None or not _is_built_in(experiment, "workload"):
        return None
    return round(n_contents * size_law(law).mean)
