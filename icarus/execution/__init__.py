"""Running one experiment: the network, the collectors and the engine that drives them."""

from icarus.execution import collectors, engine, network
from icarus.execution.collectors import *  # noqa: F403 - the interface of Icarus 0.8
from icarus.execution.engine import *  # noqa: F403
from icarus.execution.network import *  # noqa: F403

__all__ = [*collectors.__all__, *engine.__all__, *network.__all__]
