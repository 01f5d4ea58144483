"""What waiting gives: how each resource stands."""

from __future__ import annotations

from collections.abc import Mapping

from icarus.control.component import Report
from icarus.orchestration.status import Status

__all__ = ["Reports"]


class Reports(dict[str, Report]):
    """How resources stand, by name: state, outcome, reason and times of each.

    Parameters
    ----------
    reports : mapping of str to Report
    timed_out : bool, optional

    Attributes
    ----------
    timed_out : bool
        Whether the time was over before all was as wanted.
    """

    def __init__(self, reports: Mapping[str, Report], timed_out: bool = False) -> None:
        super().__init__(reports)
        self.timed_out = timed_out

    @property
    def ok(self) -> bool:
        """Whether nothing failed, was skipped, or is still open."""
        return not self.timed_out and all(one.outcome is Status.OK for one in self.values())
