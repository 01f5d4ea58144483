"""Campaigns of walks: what is done in stages, with each combination of their options.

A settings module has ``from icarus import stages as s``, and as its ``EXPERIMENT_QUEUE``
``s.walks(s.stage(warm), s.stage(fail, options=LINKS), ...)``.
"""

from icarus.design.walks import Stage, Walks, barrier, stage, walks
from icarus.orchestration.kinds.walk import WalkContext

__all__ = ["Stage", "WalkContext", "Walks", "barrier", "stage", "walks"]
