"""The laws of collectors, for all that come with Icarus."""

from __future__ import annotations

import pytest

from icarus.core.kinds import is_built_in
from icarus.registry import DATA_COLLECTOR
from icarus.testing import CollectorLaws

ALL_OPTIONS = {
    "CACHE_HIT_RATIO": {"off_path_hits": True, "per_node": True, "content_hits": True},
    "LATENCY": {"cdf": True, "percentiles": True},
    "LINK_LOAD": {"req_size": 100, "content_size": 1000},
    "PATH_STRETCH": {"cdf": True},
}

COLLECTORS = sorted(name for name, one in DATA_COLLECTOR.items() if is_built_in(one))


@pytest.mark.fuzz
@pytest.mark.parametrize("name", COLLECTORS)
class TestCollectors(CollectorLaws):
    @pytest.fixture(autouse=True)
    def _which(self, name):
        self.collector, self.parameters = name, ALL_OPTIONS.get(name, {})
