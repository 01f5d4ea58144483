"""Whether placements fit the network that they are to be made on, checked before anything runs.

A placement registers a function ``fit(topology, parameters)`` that raises a `ValueError` where it
could not be made. Networks of Icarus' own factories are built for that, each once; what factories
of users do before a campaign is theirs to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icarus.core.kinds import conformed_section
from icarus.execution.reuse import Copies, key_of
from icarus.hashing import digest
from icarus.registry import CACHE_PLACEMENT, CONTENT_PLACEMENT, TOPOLOGY_FACTORY

__all__ = ["FitChecker"]

_PLACEMENTS = {"cache_placement": CACHE_PLACEMENT, "content_placement": CONTENT_PLACEMENT}


class FitChecker:
    """Checks experiments whose sections have no problems, remembering what it found."""

    def __init__(self) -> None:
        self._topologies = Copies()
        self._seen: dict[str, list[tuple[str, str]]] = {}

    def check(self, experiment: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the placements that do not fit: the place in the experiment, and why."""
        n_contents = experiment["workload"].get("n_contents")
        placements = [(name, experiment.get(name)) for name in _PLACEMENTS]
        key = digest([experiment["topology"], n_contents, placements])
        if key not in self._seen:
            self._seen[key] = [
                problem
                for section, given in placements
                for problem in self._judge(experiment, section, given)
            ]
        return self._seen[key]

    def _judge(
        self, experiment: Mapping[str, Any], section: str, given: Any
    ) -> list[tuple[str, str]]:
        if not given or (fit := _PLACEMENTS[section].fits.get(given["name"])) is None:
            return []
        topology = experiment["topology"]
        parameters = conformed_section(section, given)
        name = parameters.pop("name")
        parameters |= _budget(experiment, parameters.pop("network_cache", None))
        return [
            (f"{section}.name", f"{name} on {topology['name']}: {text}")
            for text in self._found(topology, fit, parameters)
        ]

    def _found(self, section: Mapping[str, Any], fit: Any, parameters: dict[str, Any]) -> list[str]:
        given = conformed_section("topology", section)
        factory = TOPOLOGY_FACTORY[given.pop("name")]
        key = key_of(factory, given)
        if key is None:
            return []
        try:
            fit(self._topologies.get(key, lambda: factory(**given)), parameters)
        except ValueError as error:
            return [str(error)]
        return []


def _budget(experiment: Mapping[str, Any], share: Any) -> dict[str, float]:
    """Return the cache budget where settings tell it, as a trace does not."""
    n_contents = experiment["workload"].get("n_contents")
    if share is None or not isinstance(n_contents, int | float) or not n_contents:
        return {}
    return {"cache_budget": n_contents * share}
