"""Limits of jobs and campaigns, as settings give them: seconds, bytes, attempts and failures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import ByteSize, TypeAdapter, ValidationError

from icarus.core.byte_sizes import shown_bytes
from icarus.core.durations import seconds_of
from icarus.util import Settings

__all__ = ["Limits", "checkpoint_problems", "memory_problems", "shown_bytes"]

_bytes = TypeAdapter(ByteSize)


@dataclass(frozen=True)
class Limits:
    """What a job, or a campaign, may take; None is no limit."""

    job_timeout: float | None = None
    """Seconds from the start of a job."""
    stall_timeout: float | None = None
    """Seconds between two signs of life, of which the start of a job is the first."""
    memory: int | None = None
    """Bytes that a worker may have resident."""
    max_retries: int = 0
    """How often a job that failed or was lost is started again."""
    max_failures: int | None = None
    """Failed jobs after which nothing more is started."""
    checkpoint_first: float | None = None
    """Seconds after which a job puts its state aside for the first time; None is never."""
    checkpoint_every: float = 0.0
    """Seconds between two such times."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that checked settings give."""
        memory = settings["MEMORY_LIMIT"]
        first, every = _checkpoints(settings["CHECKPOINT_EVERY"])
        return cls(
            job_timeout=settings["JOB_TIMEOUT"],
            stall_timeout=settings["STALL_TIMEOUT"],
            memory=None if memory is None else int(_bytes.validate_python(memory)),
            max_retries=settings["MAX_RETRIES"],
            max_failures=settings["MAX_FAILURES"],
            checkpoint_first=first,
            checkpoint_every=every,
        )


def memory_problems(value: Any) -> list[str]:
    """Return what is wrong with a value of ``MEMORY_LIMIT``."""
    if value is None:
        return []
    wanted = 'should be a number of bytes, or a text such as "4 GB" or "512 MiB"'
    try:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise TypeError
        if _bytes.validate_python(value) <= 0:
            raise ValueError
    except (TypeError, ValueError, ValidationError):
        return [f"{wanted}, found {value!r}"]
    return []


_FIRST_CHECKPOINT, _CHECKPOINTS = 600.0, 300.0
"""Seconds, where settings do not say: what is done sooner is as soon done again."""


def _checkpoints(value: Any) -> tuple[float | None, float]:
    """Return when a job puts its state aside first, None for never, and how often then."""
    if value is None:
        return _FIRST_CHECKPOINT, _CHECKPOINTS
    every = 0.0 if value == "never" else seconds_of(value)
    return (every, every) if every else (None, 0.0)


def checkpoint_problems(value: Any) -> list[str]:
    """Return what is wrong with a value of ``CHECKPOINT_EVERY``."""
    try:
        _checkpoints(value)
    except ValueError as error:
        return [f"{error}; 'never' puts nothing aside"]
    return []
