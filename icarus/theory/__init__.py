"""Performance of caches: analytical models, measurements of cache objects, and hash-routing.

Distributions to draw contents from, and confidence intervals, are in ``distributions``.

Beware of `target`, which keeps the conventions of Icarus 0.8. It counts from **1** in
`che_characteristic_time`, `laoutaris_per_content_cache_hit_ratio` and
`numeric_per_content_cache_hit_ratio`; it counts from **0** in all other functions.
"""

from __future__ import annotations

from icarus.theory.che import (
    che_cache_hit_ratio,
    che_characteristic_time,
    che_per_content_cache_hit_ratio,
)
from icarus.theory.che_of_policies import (
    che_cache_hit_ratio_generalized,
    che_cache_hit_ratio_simplified,
    che_characteristic_time_generalized,
    che_characteristic_time_simplified,
    che_per_content_cache_hit_ratio_generalized,
    che_per_content_cache_hit_ratio_simplified,
)
from icarus.theory.fagin import (
    fagin_cache_hit_ratio,
    fagin_characteristic_time,
    fagin_per_content_cache_hit_ratio,
    optimal_cache_hit_ratio,
)
from icarus.theory.hashrouting_latency import (
    hashrouting_model,
    hashrouting_model_mesh,
    hashrouting_model_ring,
)
from icarus.theory.laoutaris import (
    laoutaris_cache_hit_ratio,
    laoutaris_characteristic_time,
    laoutaris_per_content_cache_hit_ratio,
)
from icarus.theory.numeric import (
    numeric_cache_hit_ratio,
    numeric_cache_hit_ratio_2_layers,
    numeric_per_content_cache_hit_ratio,
    trace_driven_cache_hit_ratio,
)

__all__ = [
    "che_cache_hit_ratio",
    "che_cache_hit_ratio_generalized",
    "che_cache_hit_ratio_simplified",
    "che_characteristic_time",
    "che_characteristic_time_generalized",
    "che_characteristic_time_simplified",
    "che_per_content_cache_hit_ratio",
    "che_per_content_cache_hit_ratio_generalized",
    "che_per_content_cache_hit_ratio_simplified",
    "fagin_cache_hit_ratio",
    "fagin_characteristic_time",
    "fagin_per_content_cache_hit_ratio",
    "hashrouting_model",
    "hashrouting_model_mesh",
    "hashrouting_model_ring",
    "laoutaris_cache_hit_ratio",
    "laoutaris_characteristic_time",
    "laoutaris_per_content_cache_hit_ratio",
    "numeric_cache_hit_ratio",
    "numeric_cache_hit_ratio_2_layers",
    "numeric_per_content_cache_hit_ratio",
    "optimal_cache_hit_ratio",
    "trace_driven_cache_hit_ratio",
]
