"""The settings of a sweep file: its design as the queue, and the general settings that it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icarus.design.overriding import overriding
from icarus.design.sweepfile import Sweep
from icarus.errors import DesignError, SettingsError, suggestion
from icarus.planning.settings import GENERAL_SETTINGS, check_setting

__all__ = ["SWEEP_SETTINGS", "setting_problems", "sweep_settings"]

_FUNCTIONS = {"VETO": "[where] says what is excluded", "HOOKS": "write a settings module"}
"""Settings that take functions, with what there is in their place for a sweep file."""

SWEEP_SETTINGS = [
    name for name in GENERAL_SETTINGS if name not in {"EXPERIMENT_QUEUE", *_FUNCTIONS}
]
"""The settings that a sweep file may have."""


def sweep_settings(
    path: str, sweep: Sweep, names: Mapping[str, Any], paths: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of a sweep file, with overrides.

    Parameters
    ----------
    path : str
        The file.
    sweep : Sweep
        What it says.
    names, paths : mapping
        Overrides of settings, and of what the design varies and starts from.

    Raises
    ------
    SettingsError
        With all problems of the file, of those that it extends and of the overrides.
    """
    problems = list(sweep.problems)
    for name, value in sweep.settings.items():
        place = sweep.places[f"settings.{name}"]
        problems += [f"{place}: {text}" for text in setting_problems(name, value)]
    for name, value in names.items():
        problems += [f"-c {name}: {text}" for text in setting_problems(name, value)]
    queue = None
    # What is missing because it was wrong would be missed.
    if not sweep.problems:
        with overriding(paths) as overrides:
            try:
                queue = sweep.design()
            except DesignError as error:
                problems += error.problems
        problems += overrides.problems(path)
    if problems:
        raise SettingsError(problems)
    return {**sweep.settings, **names, "EXPERIMENT_QUEUE": queue}


def setting_problems(name: str, value: Any) -> list[str]:
    """Return what is wrong with a setting."""
    if name == "EXPERIMENT_QUEUE":
        return ["the experiments of a sweep are made of [base] and [axes]"]
    if name in _FUNCTIONS:
        return [f"it takes functions, which a sweep file has none of; {_FUNCTIONS[name]}"]
    if name not in GENERAL_SETTINGS:
        return [f"unknown setting; {suggestion(name, SWEEP_SETTINGS)}"]
    return check_setting(name, value)
