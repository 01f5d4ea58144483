"""Eviction policies (``policies``)."""

from icarus.models.cache import policies
from icarus.models.cache.policies import *  # noqa: F403 - the interface of Icarus 0.8

__all__ = policies.__all__
