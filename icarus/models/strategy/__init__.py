"""Strategies: where requests go and where copies are left.

``base`` has what all share, ``onpath`` those that cache on the way from the origin,
``offpath`` those that look for a copy wherever it is, ``hashrouting`` those that send a
request to the cache responsible for its content.
"""

from icarus.models.strategy import base, hashrouting, offpath, onpath
from icarus.models.strategy.base import *  # noqa: F403 - the interface of Icarus 0.8
from icarus.models.strategy.hashrouting import *  # noqa: F403
from icarus.models.strategy.offpath import *  # noqa: F403
from icarus.models.strategy.onpath import *  # noqa: F403

__all__ = [*base.__all__, *hashrouting.__all__, *offpath.__all__, *onpath.__all__]
