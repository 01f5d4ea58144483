"""Campaigns of walks: what is done in stages, with each combination of their options.

A settings module has ``from icarus import stages as s``, and as its ``EXPERIMENT_QUEUE``
``s.walks(s.stage(warm), s.stage(fail, options=LINKS), ...)``.
"""

from icarus.design.walks import Stage, Walks, barrier, stage, walks

__all__ = ["Stage", "Walks", "barrier", "stage", "walks"]
