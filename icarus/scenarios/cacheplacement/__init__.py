"""Cache placement: how the cache budget is divided over the candidates.

The sizes of all caches, numbers of contents, sum to the budget rounded to a whole number: shares
are rounded by largest remainder, ties going to the candidate that comes first in the topology.
Candidates whose size comes out 0 get no cache, that is no property ``cache_size``.
"""

from icarus.scenarios.cacheplacement.clustered import clustered_hashrouting_cache_placement
from icarus.scenarios.cacheplacement.optimal import (
    optimal_hashrouting_cache_placement,
    optimal_median_cache_placement,
)
from icarus.scenarios.cacheplacement.proportional import (
    betweenness_centrality_cache_placement,
    degree_centrality_cache_placement,
    random_cache_placement,
    uniform_cache_placement,
    uniform_consolidated_cache_placement,
)

__all__ = [
    "betweenness_centrality_cache_placement",
    "clustered_hashrouting_cache_placement",
    "degree_centrality_cache_placement",
    "optimal_hashrouting_cache_placement",
    "optimal_median_cache_placement",
    "random_cache_placement",
    "uniform_cache_placement",
    "uniform_consolidated_cache_placement",
]
