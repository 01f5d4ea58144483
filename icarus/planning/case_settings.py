"""The settings of a folder of cases: their points as the queue, and the general settings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icarus.design import combining
from icarus.design.case_reading import SETTINGS_FILE, Case, find_cases, pointer, read_case
from icarus.design.overriding import overriding
from icarus.design.points import Point
from icarus.design.sweep_reading import parsed, read_text
from icarus.errors import DesignError, SettingsError, suggestion
from icarus.planning.job_kinds import CASE
from icarus.planning.sweep_settings import setting_problems
from icarus.registry import JOB_KIND
from icarus.util import Tree

__all__ = ["CaseFolder", "case_settings", "is_text_of_cases"]

_DETAILS = ("requires", "cooldown", "resources", "steps")
"""What of a case file says how a run is done."""


@dataclass
class CaseFolder:
    """What a folder of cases says."""

    cases: list[Case] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, root: str | os.PathLike[str]) -> CaseFolder:
        """Read the cases in a folder, and its general settings."""
        found = cls(*_found_in(root))
        file = Path(root, SETTINGS_FILE)
        try:
            content = parsed(file, read_text(file))
        except FileNotFoundError:
            return found
        except (SettingsError, OSError) as error:
            found.problems += getattr(error, "problems", [f"{file}: {error}"])
            return found
        found.problems += [
            f"{file}: unknown key {name!r}; {suggestion(name, ['settings'])}"
            for name in content
            if name != "settings"
        ]
        for name, value in dict(content.get("settings", {})).items():
            found.settings[name] = value
            found.problems += [
                f"{file}: settings.{name}: {t}" for t in setting_problems(name, value)
            ]
        return found

    def text(self) -> str:
        """Return all that it says, as it is recorded and read again by ``from_text``."""
        cases = [{"file": c.file, "content": c.content, "shared": c.shared} for c in self.cases]
        return json.dumps({_MARK: cases, "settings": self.settings}, indent=1)

    @classmethod
    def from_text(cls, text: str) -> CaseFolder:
        """Return what was recorded."""
        told = json.loads(text)
        found = cls([], told["settings"], [])
        for one in told[_MARK]:
            case, problems = read_case(one["file"], one["content"], one["shared"])
            found.problems += problems
            found.cases += [] if case is None else [case]
        return found


_MARK = "icarus-cases"


def is_text_of_cases(text: str) -> bool:
    """Return whether a text is what was recorded of a folder of cases."""
    return text.startswith("{") and f'"{_MARK}"' in text[: len(_MARK) + 9]


def _found_in(root: str | os.PathLike[str]) -> tuple[list[Case], dict[str, Any], list[str]]:
    cases, problems = find_cases(root)
    return cases, {}, problems


def case_settings(
    folder: CaseFolder, names: Mapping[str, Any], paths: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings of a folder of cases, with overrides.

    Parameters
    ----------
    folder : CaseFolder
    names, paths : mapping
        Overrides of settings, and of what cases vary, as ``case.NAME``.

    Raises
    ------
    SettingsError
        With all problems of all cases.
    """
    problems = list(folder.problems)
    for name, value in names.items():
        problems += [f"-c {name}: {text}" for text in setting_problems(name, value)]
    queue: list[Point] = []
    fixed = "N_REPLICATIONS" in {**folder.settings, **names}
    with overriding(paths):
        for case in folder.cases:
            try:
                points = _points(case)
            except DesignError as error:
                problems += [f"{case.file}: {text}" for text in error.problems]
                continue
            problems += [f"{case.file}: {text}" for text in _problems(points)]
            for point in points:
                point.runs = None if fixed else case.model.runs
            queue += points
    if problems:
        raise SettingsError(problems)
    # Measured ones are not to disturb each other.
    settings = {"PARALLEL_EXECUTION": False, **folder.settings, **names}
    if not fixed and "REPLICATIONS" not in settings:
        settings["N_REPLICATIONS"] = max(case.model.runs for case in folder.cases)
    return {**settings, "EXPERIMENT_QUEUE": queue}


def _points(case: Case) -> list[Point]:
    """Return the experiments that a case is, one for each combination of its parameters."""
    details = {name: case.content[name] for name in _DETAILS if name in case.content}
    details |= {"folder": case.folder, "shared": case.shared}
    base = {CASE: {"name": case.model.id}, "details": details, "desc": case.model.name}
    axes = {f"{CASE}.{name}": axis for name, axis in case.axes.items()}
    derive = {f"{CASE}.{name}": text for name, text in case.model.derive.items()}
    if not axes:
        return [Point(base)]
    return list(combining.product(base, axes, where=case.model.where, derive=derive))


def _problems(points: Iterable[Point]) -> list[str]:
    """Return what is wrong with the steps of a case, each with its place in the file."""
    check = JOB_KIND.checks.get(CASE)
    for point in points:
        if check is not None and point.excluded is None:
            # All points have the same steps.
            found: list[Any] = list(check(Tree(point)))
            return [f"{pointer(place.removeprefix('details.'))}: {text}" for place, text in found]
    return []
