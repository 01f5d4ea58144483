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

from icarus.core.hashing import digest
from icarus.core.kinds import KINDS, conformed_section, is_built_in
from icarus.core.once import OncePerObject
from icarus.core.random_streams import root_seed
from icarus.core.section_checks import Finding
from icarus.core.signatures import accepts_seed
from icarus.execution.building import Networks
from icarus.planning.rehearsal import rehearse

__all__ = ["FitChecker"]

_FITTED = ("cache_placement", "content_placement", "strategy")
_ROOT = root_seed(0, 0)
"""For placements that draw: strategies ask whether there are caches, not where they are."""


class FitChecker:
    """Checks experiments whose sections have no problems, remembering what it found."""

    def __init__(self) -> None:
        self._seen: dict[str, list[Finding]] = {}
        self._shared: OncePerObject[dict[float | None, list[Finding]]] = OncePerObject()
        # Not those of simulations, which tell of caches that get no place as they are placed.
        self._networks = Networks()

    def check(self, experiment: Mapping[str, Any]) -> list[Finding]:
        """Return what does not fit: the place in the experiment, and why."""
        told = tuple(experiment.get(section) for section in ("topology", *_FITTED, "timeline"))
        by_catalogue = self._shared.find(told, dict)
        n_contents = _n_contents(experiment)
        if n_contents not in by_catalogue:
            key = digest([*told, n_contents])
            if key not in self._seen:
                with _unlogged():
                    self._seen[key] = self._found(experiment)
            by_catalogue[n_contents] = self._seen[key]
        return by_catalogue[n_contents]

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
            parameters |= _budget(experiment, parameters.pop("network_cache", None))
            try:
                topology = self._topology(experiment, with_caches=section == "strategy")
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
        n_contents = _n_contents(experiment)
        if n_contents is None or not _is_built_in(experiment, "cache_placement"):
            return None
        placement = conformed_section("cache_placement", experiment["cache_placement"])
        return self._networks.with_caches(network, placement, n_contents, _ROOT)


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


def _budget(experiment: Mapping[str, Any], share: Any) -> dict[str, float]:
    """Return the cache budget where settings tell it, as a trace does not."""
    n_contents = _n_contents(experiment)
    return {} if share is None or n_contents is None else {"cache_budget": n_contents * share}


def _n_contents(experiment: Mapping[str, Any]) -> float | None:
    told = experiment["workload"].get("n_contents")
    return told if isinstance(told, int | float) and told else None
