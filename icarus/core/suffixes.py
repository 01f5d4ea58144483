"""What files are, going by the ends of their names."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["SETTINGS_SUFFIXES", "SWEEP_SUFFIXES", "is_settings", "is_sweep"]

SWEEP_SUFFIXES = (".toml", ".json")
"""Of sweep files."""

SETTINGS_SUFFIXES = (".py", *SWEEP_SUFFIXES)
"""Of all that campaigns are run from."""


def is_sweep(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a sweep file; anything else is a settings module."""
    return Path(path).suffix.lower() in SWEEP_SUFFIXES


def is_settings(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a settings module or a sweep file."""
    return Path(path).suffix.lower() in SETTINGS_SUFFIXES
