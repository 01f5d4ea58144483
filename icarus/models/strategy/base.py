"""The names that Icarus 0.8 has here; see ``icarus.strategies``."""

from icarus.strategies import NoCache, Strategy

__all__ = ["NoCache", "Strategy"]
