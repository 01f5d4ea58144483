"""Counters of the whole machine: what all processes on it used, and what there is of its memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

__all__ = ["MachineCounters"]

_COUNTERS: dict[str, dict[str, str]] = {
    "cpu": dict.fromkeys(("user", "system", "idle", "iowait"), "s, of all cores"),
    "memory": {"used": "bytes"},
    "swap": {"used": "bytes"},
    "disk": {
        **dict.fromkeys(("read_count", "write_count"), "times"),
        **dict.fromkeys(("read_bytes", "write_bytes"), "bytes"),
        **dict.fromkeys(("read_time", "write_time", "busy_time"), "ms"),
    },
    "network": {
        **dict.fromkeys(("bytes_sent", "bytes_recv"), "bytes"),
        **dict.fromkeys(("packets_sent", "packets_recv"), "packets"),
        **dict.fromkeys(("errin", "errout", "dropin", "dropout"), "packets"),
    },
}
_FUNCTIONS: dict[str, Callable[[], Any]] = {
    "cpu": psutil.cpu_times,
    "memory": psutil.virtual_memory,
    "swap": psutil.swap_memory,
    "disk": psutil.disk_io_counters,
    "network": psutil.net_io_counters,
}
_UNITS = {
    f"machine_{kind}_{name}": unit
    for kind, units in _COUNTERS.items()
    for name, unit in units.items()
}
_MEMORY = ("machine_memory_used", "machine_swap_used")


class MachineCounters:
    """The machine's counters from now on. What the machine does not have, such as disks, is absent.

    Attributes
    ----------
    units : dict
        The unit of each counter by its name, in the order of ``read``.
    """

    def __init__(self) -> None:
        self._start = _now()
        self.units = {name: _UNITS[name] for name in self._start}

    def read(self) -> list[float]:
        """Return processor, disks and network since the beginning, and the memory used now."""
        now = _now()
        # A disk that was taken out may have been the last one.
        return [
            now.get(name, before) - (0 if name in _MEMORY else before)
            for name, before in self._start.items()
        ]


def _now() -> dict[str, float]:
    found: dict[str, float] = {}
    for kind, function in _FUNCTIONS.items():
        told = None
        # As in a container that shows nothing of the disks.
        with suppress(OSError, RuntimeError, psutil.Error):
            told = function()
        for name in _COUNTERS[kind]:
            if hasattr(told, name):
                found[f"machine_{kind}_{name}"] = float(getattr(told, name))
    return found
