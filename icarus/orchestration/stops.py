"""What stops a job from outside, as opposed to what its own code raises."""

from __future__ import annotations

__all__ = ["JobStopped"]


class JobStopped(BaseException):
    """Root of what is raised inside a job that is to stop, or whose campaign is to end.

    No error: like ``KeyboardInterrupt`` it is not to be caught by the code it stops. Whatever else
    comes out of a job is the job's own failure.
    """
