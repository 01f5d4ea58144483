"""Cache policies (``cache``) and strategies (``strategy``), as readable classes."""

from icarus.models import cache, strategy
from icarus.models.cache import *  # noqa: F403 - the interface of Icarus 0.8
from icarus.models.strategy import *  # noqa: F403

__all__ = [*cache.__all__, *strategy.__all__]
