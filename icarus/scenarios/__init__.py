"""What is simulated: topologies, workloads, and where contents and caches are placed."""

from icarus.scenarios import algorithms, cacheplacement, contentplacement, topology, workload
from icarus.scenarios.algorithms import *  # noqa: F403 - the interface of Icarus 0.8
from icarus.scenarios.cacheplacement import *  # noqa: F403
from icarus.scenarios.contentplacement import *  # noqa: F403
from icarus.scenarios.topology import *  # noqa: F403
from icarus.scenarios.workload import *  # noqa: F403

__all__ = [
    *algorithms.__all__,
    *cacheplacement.__all__,
    *contentplacement.__all__,
    *topology.__all__,
    *workload.__all__,
]
