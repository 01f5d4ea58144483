"""The names that Icarus 0.8 has here; see ``icarus.strategies``."""

from icarus.models.strategy import base, hashrouting, offpath, onpath
from icarus.models.strategy.base import *  # noqa: F403
from icarus.models.strategy.hashrouting import *  # noqa: F403
from icarus.models.strategy.offpath import *  # noqa: F403
from icarus.models.strategy.onpath import *  # noqa: F403

__all__ = [*base.__all__, *hashrouting.__all__, *offpath.__all__, *onpath.__all__]
