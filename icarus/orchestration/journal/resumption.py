"""What a campaign that goes on from an earlier run says about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from icarus.orchestration.events import CampaignStarted
from icarus.orchestration.jobs import Outcome
from icarus.orchestration.status import Status

__all__ = ["resumption"]


def resumption(
    event: CampaignStarted, outcomes: Mapping[str, Outcome], retry_failed: bool
) -> Iterator[str]:
    """Yield what a campaign that goes on from an earlier run has to say about it."""
    found = Counter(outcomes[job.id].status for job in event.jobs if job.id in outcomes)
    if not found:
        return
    done = found[Status.OK]
    failed = event.known - done
    text = (
        f"{done} of {len(event.jobs)} jobs are done already; {len(event.jobs) - event.known} to run"
    )
    if failed:
        yield f"{text}; {failed} failed before: --retry-failed runs these again"
    elif retry_failed and found.total() > done:
        yield f"{text}, with {found.total() - done} that failed before"
    else:
        yield text
