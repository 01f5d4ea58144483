"""Strategies: where requests go and where copies are left.

``base`` has what all share, ``onpath`` those that cache on the way from the origin,
``hashrouting`` those that send a request to the one cache responsible for its content.
"""

from icarus.models.strategy import base, hashrouting, onpath
from icarus.models.strategy.base import *  # noqa: F403 - the interface of Icarus 0.8
from icarus.models.strategy.hashrouting import *  # noqa: F403
from icarus.models.strategy.onpath import *  # noqa: F403

__all__ = [*base.__all__, *hashrouting.__all__, *onpath.__all__]
