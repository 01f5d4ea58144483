"""The laws of strategies, for all that come with Icarus."""

from __future__ import annotations

import itertools
import typing
from typing import Any

import pytest

from icarus.core.kinds import is_built_in
from icarus.core.signatures import parameters
from icarus.registry import STRATEGY
from icarus.testing import StrategyLaws
from icarus.testing._networks import networks

NEEDS_CLUSTERS = {"HR_CLUSTER"}
"""Its laws are in tests/models, on networks that have them."""

ITS_KINDS_ARE_TRIED = {"HASHROUTING"}
"""Its three kinds of routing are strategies of their own."""


def variants(strategy: Any) -> list[dict[str, Any]]:
    """Return values for the parameters that a strategy cannot do without."""
    choices: dict[str, list[Any]] = {}
    for name, parameter in list(parameters(strategy).items())[2:]:
        if parameter.required and typing.get_origin(parameter.annotation) is typing.Literal:
            choices[name] = list(typing.get_args(parameter.annotation))
        elif parameter.required:
            choices[name] = [0.5]
    values = itertools.product(*choices.values())
    return [dict(zip(choices, chosen, strict=True)) for chosen in values]


CASES = [
    pytest.param(name, given, id="-".join([name, *map(str, given.values())]))
    for name, strategy in sorted(STRATEGY.items())
    if is_built_in(strategy) and name not in NEEDS_CLUSTERS | ITS_KINDS_ARE_TRIED
    for given in variants(strategy)
]


@pytest.mark.fuzz
@pytest.mark.parametrize(("name", "given"), CASES)
class TestStrategies(StrategyLaws):
    @pytest.fixture(autouse=True)
    def _which(self, name, given):
        self.strategy, self.parameters = name, given
        if name == "PARTITION":
            median = {"name": "OPTIMAL_MEDIAN", "n_cache_nodes": 1, "hit_ratio": 0.4}
            self.cache_placement = {**median, "network_cache": 0.5}

    def networks(self):
        return networks(caches_everywhere=self.strategy == "HR_EDGE_CACHE")

    def test_both_engines_give_the_same_results(self):
        # To compile one takes seconds; tests/differential compiles all, on networks of its own.
        if self.strategy in ("LCE", "CL4M", "HR_ASYMM", "NRR"):
            super().test_both_engines_give_the_same_results()
