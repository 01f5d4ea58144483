"""Icarus: a simulator for networks of caches, and the orchestrator of campaigns of them.

The names of ``icarus.models`` and ``icarus.tools`` are at hand here too, with ``run`` and the
subpackages. They are imported when they are first used, so that the command line starts
quickly; registries fill themselves likewise.
"""

from __future__ import annotations

import importlib
from typing import Any

from icarus import release
from icarus.release import author as __author__
from icarus.release import license_short as __license__
from icarus.release import version as __version__

__all__ = ["__author__", "__license__", "__version__", "open_simulation", "release", "run"]

_SUBPACKAGES = frozenset(
    {
        "control",
        "execution",
        "loading",
        "models",
        "orchestration",
        "registry",
        "results",
        "runner",
        "scenarios",
        "stages",
    }
    | {"tools", "util"}
)


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return importlib.import_module(f"icarus.{name}")
    if name in ("run", "open_simulation"):
        return getattr(importlib.import_module("icarus.runner"), name)
    if name == "Cancel":
        return importlib.import_module("icarus.errors").Cancel
    if not name.startswith("_"):
        for package in ("icarus.models", "icarus.tools"):
            module = importlib.import_module(package)
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
