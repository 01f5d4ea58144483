"""What of the machine this process may use: cores and memory, as containers limit them.

Linux keeps such limits in control groups, of two versions, which may be nested; the least of those
on the way to the root holds.
"""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Cores", "Memory", "available_cores", "cores", "groups_of", "memory"]

_ROOT = Path("/")
_NO_LIMIT = 1 << 60
"""Bytes from which on a limit is none: version 1 writes the largest number of pages."""


@dataclass(frozen=True)
class Cores:
    """How many cores may be used, and why it is not all of the machine's."""

    number: int
    reason: str = ""


@dataclass(frozen=True)
class Memory:
    """How much memory there is, in bytes, for whom."""

    total: int
    available: int
    whose: str = "the machine"


@dataclass(frozen=True)
class _Group:
    """A control group that this process is in, or one that this is nested in."""

    folder: Path
    name: str
    version: int


def available_cores() -> int:
    """Return how many cores this process may use, which a batch system may have limited."""
    return cores().number


def cores(root: Path = _ROOT) -> Cores:
    """Return how many cores this process may use.

    Parameters
    ----------
    root : Path, optional
        Where the files of the system are.
    """
    wanted = os.environ.get("PYTHON_CPU_COUNT", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return Cores(int(wanted), "PYTHON_CPU_COUNT")
    machine = os.cpu_count() or 1
    number = _allowed_by_the_system(machine)
    reason = "" if number >= machine else "the process may use no others"
    for group in groups_of("cpu", root):
        quota = _quota(group)
        # A part of a core is worth a process, which would idle otherwise.
        if quota is not None and (whole := max(math.ceil(quota), 1)) < number:
            number = whole
            reason = f"the quota of the control group {group.name} is {quota:g} cores"
    return Cores(number, reason)


def _allowed_by_the_system(machine: int) -> int:
    # From Python 3.13 on; it heeds ``-X cpu_count`` too.
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or machine
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return machine


def _quota(group: _Group) -> float | None:
    """Return the cores whose time a group may take up; None where it has no quota."""
    if group.version == 2:
        given = _text(group.folder / "cpu.max").split()
    else:
        given = [_text(group.folder / f"cpu.cfs_{name}_us") for name in ("quota", "period")]
    with suppress(ValueError, IndexError, ZeroDivisionError):
        quota = int(given[0]) / int(given[1])
        return quota if quota > 0 else None
    return None


def memory(root: Path = _ROOT) -> Memory:
    """Return the memory of the machine or, if that is scarcer, of a group that this process is in.

    Parameters
    ----------
    root : Path, optional
        Where the files of the system are.
    """
    machine = psutil.virtual_memory()
    scarcest = Memory(machine.total, machine.available)
    for group in groups_of("memory", root):
        found = _memory_of(group)
        if found is None or found.total >= machine.total:
            continue
        scarcest = min(scarcest, found, key=lambda one: one.available / one.total)
    return scarcest


def _memory_of(group: _Group) -> Memory | None:
    """Return how much memory a group may have; None where it has no limit."""
    names = ("max", "current") if group.version == 2 else ("limit_in_bytes", "usage_in_bytes")
    with suppress(ValueError):
        limit, used = (int(_text(group.folder / f"memory.{name}")) for name in names)
        if not 0 < limit < _NO_LIMIT:
            return None
        lines = _text(group.folder / "memory.stat").splitlines()
        facts = dict(line.split() for line in lines if line.count(" ") == 1)
        # Of files that were read or written, which the system gives up before it kills anybody.
        prefix = "" if group.version == 2 else "total_"
        cached = sum(int(facts.get(f"{prefix}{kind}_file", 0)) for kind in ("active", "inactive"))
        available = min(max(limit - max(used - cached, 0), 0), limit)
        return Memory(limit, available, f"the control group {group.name}")
    return None


def groups_of(controller: str, root: Path = _ROOT) -> list[_Group]:
    """Return the control groups that limit this process, from its own to the outermost.

    Parameters
    ----------
    controller : str
        What they limit: ``"cpu"`` or ``"memory"``.
    root : Path, optional
    """
    if root == _ROOT:
        return _own_groups(controller)
    return _find_groups(controller, root)


@functools.cache
def _own_groups(controller: str) -> list[_Group]:
    return _find_groups(controller, _ROOT) if sys.platform == "linux" else []


def _find_groups(controller: str, root: Path) -> list[_Group]:
    found: list[_Group] = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        hierarchy, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        version = 2 if hierarchy == "0" and not controllers else 1
        if version == 1 and controller not in controllers.split(","):
            continue
        for top, mount in _mounts(root, controller, version):
            found += _upwards(root, mount, _within(path, top), version)
    return found


def _mounts(root: Path, controller: str, version: int) -> Iterator[tuple[str, str]]:
    """Yield which group is mounted where, of a version and with a controller."""
    for line in _text(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if len(fields) < 5 or len(kind) < 3:
            continue
        wanted = "cgroup2" if version == 2 else "cgroup"
        if kind[0] == wanted and (version == 2 or controller in kind[2].split(",")):
            # Spaces are written as octal numbers.
            yield fields[3], fields[4].replace("\\040", " ")


def _within(path: str, top: str) -> tuple[str, ...]:
    """Return the way to a group from the one that is mounted, which in a container is its own."""
    names, above = Path(path).parts[1:], Path(top).parts[1:]
    if ".." in names or names[: len(above)] != above:
        return ()
    return names[len(above) :]


def _upwards(root: Path, mount: str, names: tuple[str, ...], version: int) -> Iterator[_Group]:
    base = root / mount.lstrip("/")
    for depth in range(len(names), -1, -1):
        folder = base.joinpath(*names[:depth])
        if folder.is_dir():
            yield _Group(folder, "/" + "/".join(names[:depth]), version)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
