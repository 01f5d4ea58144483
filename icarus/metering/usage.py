"""What processes used, in the units of the kernel's accounting."""

from __future__ import annotations

import operator
import resource
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["NOTHING", "Totals", "Usage", "less", "of_rusage", "plus"]


class Usage(NamedTuple):
    """What was used up to some moment, or between two of them."""

    cpu_user: float = 0.0
    """Seconds of a core outside the kernel."""
    cpu_system: float = 0.0
    """Seconds of a core within the kernel."""
    read: int = 0
    """Bytes that were read by system calls, from files, pipes and terminals, cached or not."""
    written: int = 0
    disk_read: int = 0
    """Bytes that the disk had to be asked for."""
    disk_written: int = 0
    """Bytes that the disk was given, at once or later."""
    switches_voluntary: int = 0
    """Times at which a thread waited for something."""
    switches_involuntary: int = 0
    """Times at which a thread had to leave the core to others."""


NOTHING = Usage()


def plus(one: Usage, other: Usage) -> Usage:
    """Return the sum of two usages."""
    return Usage._make(map(operator.add, one, other))


def less(one: Usage, other: Usage) -> Usage:
    """Return what one usage has more than another."""
    return Usage._make(map(operator.sub, one, other))


def of_rusage(found: resource.struct_rusage) -> Usage:
    """Return what ``getrusage`` says, which knows of neither bytes that are read nor written."""
    return Usage(
        found.ru_utime,
        found.ru_stime,
        switches_voluntary=found.ru_nvcsw,
        switches_involuntary=found.ru_nivcsw,
    )


@dataclass(frozen=True)
class Totals:
    """What a job, or one phase of it, used in all."""

    usage: Usage = NOTHING
    duration: float = 0.0
    """Seconds that it lasted."""
    memory_max: int = 0
    """The most memory that its processes had resident, in bytes."""
    has_io: bool = True
    """Whether the system tells what was read and written."""

    def metrics(self) -> dict[str, float | int]:
        """Return the same as metrics by name: seconds, bytes and numbers of switches."""
        usage = self.usage
        found: dict[str, float | int] = {
            "DURATION": self.duration,
            "CPU": usage.cpu_user + usage.cpu_system,
            "CPU_USER": usage.cpu_user,
            "CPU_SYSTEM": usage.cpu_system,
            "MEMORY_MAX": self.memory_max,
        }
        for name in Usage._fields[2:]:
            if self.has_io or name.startswith("switches"):
                found[name.upper()] = getattr(usage, name)
        return found

    def __add__(self, other: Totals) -> Totals:
        """Return what was used in two periods of time, one after the other."""
        return Totals(
            plus(self.usage, other.usage),
            self.duration + other.duration,
            max(self.memory_max, other.memory_max),
            self.has_io and other.has_io,
        )
