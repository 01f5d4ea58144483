"""``RESOURCE_METRICS``: whether what jobs use is metered, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from icarus.core.durations import seconds_of
from icarus.core.values import shown
from icarus.errors import suggestion
from icarus.metering.meter import INTERVAL

__all__ = ["KEYS", "ResourceMetrics"]

KEYS = ("interval", "machine")
"""What the setting may hold, where it is a mapping."""
_LONGEST = 24 * 3600.0
"""Seconds between two samples, at most."""


@dataclass(frozen=True)
class ResourceMetrics:
    """How jobs are metered."""

    interval: float = INTERVAL
    """Seconds between two samples, as asked for."""
    machine: bool = False
    """Whether samples have the machine's counters."""

    @staticmethod
    def wanted(value: Any) -> bool:
        """Return whether a value of the setting, right or wrong, is to have jobs metered."""
        return isinstance(value, Mapping) or bool(value)

    @classmethod
    def of(cls, value: Any) -> ResourceMetrics | None:
        """Return what a value of the setting says that was found to be right; None if it is off."""
        if not isinstance(value, Mapping):
            return cls() if cls.wanted(value) else None
        return cls(seconds_of(value.get("interval", INTERVAL)), bool(value.get("machine", False)))

    @staticmethod
    def problems(value: Any) -> list[str]:
        """Return what is wrong with a value of the setting, and where in it."""
        if not isinstance(value, Mapping):
            if value is None or _is_switch(value):
                return []
            wanted = 'True, False, or a mapping such as {"interval": 0.1, "machine": True}'
            return [f": should be {wanted}, found {shown(value)}"]
        found = [
            f": unknown key {key!r}; {suggestion(str(key), KEYS)}"
            for key, _ in value.items()
            if key not in KEYS
        ]
        if not _is_switch(value.get("machine", False)):
            found.append(f"['machine']: should be True or False, found {shown(value['machine'])}")
        try:
            seconds = seconds_of(value.get("interval", INTERVAL))
        except ValueError as error:
            return [*found, f"['interval']: {error}"]
        if not 0 < seconds <= _LONGEST:
            given = shown(value["interval"])
            found.append(f"['interval']: should be more than 0, and a day at most, found {given}")
        return found


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool | int) and value in (0, 1)
