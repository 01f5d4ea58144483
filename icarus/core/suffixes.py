"""What files are, going by the ends of their names."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "CASE_FILES",
    "SETTINGS_SUFFIXES",
    "SWEEP_SUFFIXES",
    "folder_of_cases",
    "is_settings",
    "is_sweep",
]

CASE_FILES = ("case.json", "case.toml")
"""Names of case files."""

SWEEP_SUFFIXES = (".toml", ".json")
"""Of sweep files."""

SETTINGS_SUFFIXES = (".py", *SWEEP_SUFFIXES)
"""Of all that campaigns are run from."""


def folder_of_cases(path: str | os.PathLike[str]) -> Path | None:
    """Return the folder of cases that a path means, also if it is that of a case file, or None."""
    if Path(path).name in CASE_FILES:
        return Path(path).parent
    return Path(path) if Path(path).is_dir() else None


def is_sweep(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a sweep file."""
    return Path(path).suffix.lower() in SWEEP_SUFFIXES and Path(path).name not in CASE_FILES


def is_settings(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a settings module or a sweep file."""
    return Path(path).suffix.lower() in SETTINGS_SUFFIXES
