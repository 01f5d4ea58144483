"""What jobs logged, told in the log of the campaign.

A campaign of a thousand simulations of one network would say a thousand times what is to be said of
it. Warnings are told when a job first gives them, and how many more did at the end; that nothing
was measured is told at the end, with the experiments.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterable

from icarus.execution.engine import NOTHING_MEASURED
from icarus.orchestration.jobs import Job, Outcome
from icarus.plaintext import one_line

__all__ = ["JobMessages"]

logger = logging.getLogger("orchestration")

_MOST_LABELS = 10
"""Experiments that one line names."""
_LONGEST_LABEL = 200

Message = tuple[int, str, str]
"""Level, logger and text."""


class JobMessages:
    """Passes on what jobs logged, what is the same only once."""

    def __init__(self) -> None:
        self._told: set[Message] = set()
        self._repeated: Counter[Message] = Counter()

    def pass_on(self, job: Job, outcome: Outcome) -> None:
        """Log what an attempt at a job logged."""
        told_here: set[Message] = set()
        for message in outcome.messages:
            level, name, text = message
            if name == NOTHING_MEASURED:
                continue
            if level == logging.WARNING and message in self._told:
                if message not in told_here:
                    self._repeated[message] += 1
                continue
            self._told.add(message)
            told_here.add(message)
            logging.getLogger(name).log(level, "%s: %s", job.label, text)

    def summarise(self, ended: Iterable[tuple[Job, Outcome]]) -> None:
        """Log how often messages came again, and in which experiments nothing was measured.

        Parameters
        ----------
        ended : iterable of (Job, Outcome)
            All jobs that ended, those of an earlier run included.
        """
        for (level, name, text), times in self._repeated.items():
            jobs = "1 more job" if times == 1 else f"{times} more jobs"
            logging.getLogger(name).log(level, "%s: %s", jobs, text)
        self._repeated.clear()
        experiments: dict[str, str] = {}
        reasons: dict[str, None] = {}
        n_experiments = set()
        for job, outcome in ended:
            n_experiments.add(job.experiment)
            for _, name, text in outcome.messages:
                if name == NOTHING_MEASURED:
                    experiments.setdefault(job.experiment, _experiment_label(job))
                    reasons[text] = None
        if experiments:
            logger.warning(
                "nothing was measured in %d of %d experiments, of which metrics are NaN (%s): %s",
                *(len(experiments), len(n_experiments), "; ".join(_few(reasons))),
                "; ".join(_few(experiments.values())),
            )


def _experiment_label(job: Job) -> str:
    return one_line(re.sub(r" #\d+$", "", job.label), _LONGEST_LABEL)


def _few(texts: Iterable[str]) -> list[str]:
    shown = list(texts)
    more = [f"and {len(shown) - _MOST_LABELS} more"] if len(shown) > _MOST_LABELS else []
    return [*shown[:_MOST_LABELS], *more]
